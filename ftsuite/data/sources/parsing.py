"""From the text of ``data.source`` to a kind and a place; a bare path is taken for what lies there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from ftsuite.config import parse_source
from ftsuite.data.records.layout import is_records_folder
from ftsuite.errors import ConfigError, DataError

_PATH_KINDS = ("folder", "archive", "csv", "jsonl", "parquet", "huggingface", "records")
_KIND_WORDS = (*_PATH_KINDS, "tfds", "asset", "field-guide")
_TABLE_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
_OTHER_ARCHIVE_ENDINGS = (".7z", ".rar", ".tar.zst", ".tzst", ".tar.z")


@dataclass(frozen=True, slots=True)
class Source:
    """A ``data.source`` whose kind is settled.

    Attributes:
        kind: folder, archive, csv, jsonl, parquet, huggingface, records, tfds, asset or field-guide; never a bare path.
        rest: the path (``~`` expanded) or the name; empty for field-guide.
    """

    kind: str
    rest: str

    @property
    def path(self) -> Path:
        """`rest` as a path."""
        return Path(self.rest)


def resolve_source(text: str) -> Source:
    """Settle what a ``data.source`` is; a bare path is looked at on the disk.

    Raises:
        ConfigError: an unknown kind, nothing behind the colon, or an archive of a kind that is not read.
        DataError: a bare path that does not exist.
    """
    reference = parse_source(text.strip())
    if reference.kind == "path":
        return _bare_path(reference.value)
    rest = reference.value.strip()
    return Source(reference.kind, str(expand_home(rest)) if reference.kind in _PATH_KINDS else rest)


def _bare_path(text: str) -> Source:
    path = expand_home(text)
    if path.is_dir():
        return _bare_folder(path)
    if path.name.lower().endswith(_OTHER_ARCHIVE_ENDINGS):
        raise ConfigError(
            f"Expected a folder, a table, or an archive of the kind zip or tar. Received: {text!r}",
            "Unpack it and give the folder that holds the class folders: folder:PATH.",
        )
    if not path.exists():
        raise _missing(text, path)
    if path.name.lower().endswith(ARCHIVE_ENDINGS):
        return Source("archive", str(path))
    kind = _TABLE_ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(
            f"Expected a folder, a file that ends in .csv, .jsonl or .parquet, or a zip or tar archive. "
            f"Received: {text!r}",
            "Name what it is, as in csv:PATH or archive:PATH.",
        )
    return Source(kind, str(path))


def _bare_folder(path: Path) -> Source:
    """A folder is what its files say: records, of tfds, saved by Hugging Face's datasets, else class folders."""
    if is_records_folder(path):
        return Source("records", str(path))
    if (path / "dataset_info.json").is_file() and (path / "features.json").is_file():
        return Source("tfds", str(path.absolute()))
    is_saved = (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()
    if is_saved or any(path.glob("*.parquet")) or any(path.glob("data/*.parquet")):
        return Source("huggingface", str(path))
    return Source("folder", str(path))


def _missing(text: str, path: Path) -> ConfigError | DataError:
    near = difflib.get_close_matches(text.lower(), _KIND_WORDS, n=1, cutoff=0.7)
    if near:
        form = near[0] if near[0] == "field-guide" else f"{near[0]}:…"
        return ConfigError(
            f"Expected a kind of source or a path that exists; the nearest kind is {form!r}. Received: {text!r}",
            f"There is no file or folder of that name in {Path.cwd()}.",
        )
    return DataError(
        f"Expected data.source to be a file or folder that exists. Received: {text!r}", nearby_advice(path)
    )


def nearby_advice(path: Path) -> str:
    """What to try for a path that does not exist: the nearest name beside it, or which folder is missing."""
    absolute = path.absolute()
    if not absolute.parent.is_dir():
        missing = next((folder for folder in reversed(absolute.parents) if not folder.exists()), absolute.parent)
        return f"The folder {str(missing)!r} does not exist."
    try:
        names = [entry.name for entry in absolute.parent.iterdir()]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1)
    if near:
        return f"The nearest name there is {str(path.parent / near[0])!r}."
    return f"There is no such name in {str(absolute.parent)!r}; a relative path starts from the current folder."


def expand_home(text: str) -> Path:
    """A path with ``~`` and ``~user`` expanded.

    Raises:
        ConfigError: the home folder is not known.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"Expected ~ to stand for a home folder that is known. Received: {text!r}") from error
