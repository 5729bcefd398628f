"""Pictures of a prepared tfds data set as files in the cache, with an index that spares a second scan."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ftsuite.data.image_files import BadFile, ImageInfo, scan_bytes
from ftsuite.errors import DataError, ResourceError

_FORMAT = 1
_INDEX = "index.json"
_ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One picture: its id, its file relative to the folder, and what the scan said."""

    id: str
    file: str
    label: int
    split: str
    size_bytes: int
    info: ImageInfo | BadFile


@dataclass(frozen=True, slots=True)
class Stored:
    """A data set's pictures in the cache; `class_names` by label."""

    folder: Path
    class_names: list[str]
    rows: list[StoredRow]
    notes: list[str]


class Writer:
    """Writes pictures below a folder and keeps their rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[StoredRow] = []

    def add(self, data: bytes, split: str, label: int, identifier: str) -> None:
        """Write one picture; a damaged one is written too, so that its path can be looked at."""
        info = scan_bytes(data, identifier)
        ending = ".bin" if isinstance(info, BadFile) else _ENDINGS.get(info.format, ".bin")
        file = f"{split}/{label:05d}/{identifier.rpartition('/')[2]}{ending}"
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.rows.append(StoredRow(identifier, file, label, split, len(data), info))


def stored_pictures(builder: Any, write: Callable[[Writer], list[str]]) -> Stored:
    """The cached pictures of a builder, written first where they are not there or not whole.

    Args:
        builder: a prepared tfds builder.
        write: adds every picture to the writer and returns the class names by label.

    Raises:
        ResourceError: the cache cannot be written, for instance because the disk is full.
    """
    import filelock

    from ftsuite.assets import home

    folder = home() / "tfds" / f"{builder.info.full_name}-{_fingerprint(builder)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(str(folder) + ".lock"):
            stored = _read(folder)
            if stored is not None:
                return stored
            _check_space(builder, folder)
            damaged = folder.exists()
            _write(folder, write)
            written = _read(folder)
    except OSError as error:
        raise ResourceError(
            f"Expected to write pictures of {builder.info.full_name} to {str(folder)!r}. "
            f"Received: {error.strerror or error}.",
            "Make room there, or set FTSUITE_HOME to a folder with room that you may write to.",
        ) from error
    if written is None:
        raise DataError(
            f"Expected the pictures just written to {str(folder)!r} to be there. Received: a changed folder."
        )
    if damaged:
        written.notes.append(f"The cached pictures in {str(folder)!r} were incomplete and have been written anew.")
    return written


def _fingerprint(builder: Any) -> str:
    """Tells apart two preparations of one name and version, as in another data_dir, and one that was made anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(builder.data_dir).iterdir()):
        if path.is_file():
            # What is described is the same for other pictures in as many bytes.
            told = path.read_bytes() if path.name == "dataset_info.json" else str(path.stat().st_mtime_ns).encode()
            digest.update(b"|".join((path.name.encode("utf-8", "surrogateescape"), told)))
    return digest.hexdigest()[:8]


def _check_space(builder: Any, folder: Path) -> None:
    needed = int(builder.info.dataset_size or 0)
    free = shutil.disk_usage(folder.parent).free
    if needed > free:
        raise ResourceError(
            f"Expected room for the pictures of {builder.info.full_name} in {str(folder.parent)!r}: "
            f"{needed / 2**20:,.0f} MiB. Received: {free / 2**20:,.0f} MiB free.",
            "Make room there, or set FTSUITE_HOME to a folder with room.",
        )


def _write(folder: Path, write: Callable[[Writer], list[str]]) -> None:
    """Write below a temporary name and rename: a killed run leaves nothing that looks whole."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    writer = Writer(partial)
    class_names = write(writer)
    rows = [_encode(row) for row in writer.rows]
    index = {"format": _FORMAT, "class_names": class_names, "rows": rows}
    (partial / _INDEX).write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(partial, folder)


def _read(folder: Path) -> Stored | None:
    """The pictures, or None where the index is not there or does not fit the files."""
    try:
        content = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            return None
        rows = [_decode(entry) for entry in content["rows"]]
        whole = all(os.stat(folder / row.file).st_size == row.size_bytes for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Stored(folder, list(content["class_names"]), rows, []) if whole else None


def _encode(row: StoredRow) -> dict[str, Any]:
    return {**asdict(row), "info": asdict(row.info)}


def _decode(entry: dict[str, Any]) -> StoredRow:
    info = entry["info"]
    return StoredRow(**{**entry, "info": BadFile(**info) if "reason" in info else ImageInfo(**info)})
