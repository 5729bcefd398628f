"""Which files of a Hugging Face folder hold which split."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.data.sources.folder import SPLIT_NAMES
from ftsuite.data.sources.found import listed
from ftsuite.data.sources.parsing import nearby_advice
from ftsuite.errors import DataError

SPLITS = {**SPLIT_NAMES, "dev": "validation"}
ENDINGS = (".parquet", ".arrow")
_DEEPEST = 3
_SHARD = re.compile(r"(?P<stem>.*?)-(?P<number>\d+)-of-(?P<total>\d+)(-[0-9a-f]+)?")


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one split, in order; `split` is empty where the folder has none."""

    split: str
    files: tuple[Path, ...]


def find_parts(path: Path) -> tuple[list[Part], list[str]]:
    """The splits of a folder that `datasets` saved, of one with Parquet or Arrow files, or of one such file.

    Returns:
        Parts in the order training, validation, test; and notes on splits that were left out.

    Raises:
        DataError: it is not there, no such folder, not whole, or holds several configurations.
    """
    if path.is_file():
        if path.suffix.lower() not in ENDINGS:
            raise DataError(
                f"Expected a folder, or a file that ends in {' or '.join(ENDINGS)}. Received: {str(path)!r}",
                "Name other tables by their kind, as in csv:PATH.",
            )
        return [Part("", (path,))], []
    if not path.is_dir():
        raise DataError(
            f"Expected a folder that exists. Received: {str(path)!r}",
            f"{nearby_advice(path)} Nothing is downloaded: save a data set of the hub by datasets' save_to_disk first.",
        )
    if (path / "dataset_dict.json").is_file():
        names = _json(path / "dataset_dict.json").get("splits")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise _torn(path / "dataset_dict.json", "no list of splits")
        return _mapped(path, {name: _saved_files(path / Path(name).name) for name in names})
    if (path / "state.json").is_file():
        return [Part("", _saved_files(path))], []
    return _loose_parts(path)


def _saved_files(folder: Path) -> tuple[Path, ...]:
    """The data files of a folder that ``Dataset.save_to_disk`` wrote."""
    state = _json(folder / "state.json")
    entries = state.get("_data_files")
    names = [entry.get("filename") if isinstance(entry, dict) else None for entry in entries or ()]
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise _torn(folder / "state.json", "data files that are no plain names")
    if not names:
        raise _torn(folder / "state.json", "no data files")
    if state.get("_indices_data_files"):
        raise DataError(
            f"Expected rows as they stand in the files. Received: {str(folder)!r}, whose rows indices choose.",
            "Load it with datasets, and save it after `flatten_indices()`.",
        )
    files = tuple(folder / str(name) for name in names)
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise DataError(
            f"Expected all data files that state.json names. Received: {str(folder)!r} without {listed(missing)}.",
            "Copy or save the folder again.",
        )
    return files


def _loose_parts(path: Path) -> tuple[list[Part], list[str]]:
    by_place: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for file in _data_files(path, _DEEPEST):
        *folders, _ = file.relative_to(path).parts
        split, from_folder = _split_of(file, folders)
        place = folders[:-1] if from_folder else folders
        by_place["/".join(part for part in place if part != "data")][split].append(file)
    if not by_place:
        raise DataError(
            "Expected a folder that Hugging Face's datasets wrote by save_to_disk, or one with Parquet files. "
            f"Received: {str(path)!r}, which holds neither.",
            "For class folders write folder:PATH. A data set that is a loading script is loaded by datasets first, and "
            "saved by save_to_disk.",
        )
    if len(by_place) > 1:
        places = sorted(place for place in by_place if place) or [""]
        raise DataError(
            f"Expected one data set. Received: {str(path)!r}, which holds {len(by_place)}: {listed(sorted(by_place))}.",
            f"Name one of them, as in huggingface:{path / places[0]}.",
        )
    ((_, found),) = by_place.items()
    for files in found.values():
        _check_shards(files)
    if len(found) == 1 and next(iter(found)) not in SPLITS:
        return [Part("", tuple(sorted(next(iter(found.values())))))], []
    return _mapped(path, {split: tuple(sorted(files)) for split, files in found.items()})


def _data_files(folder: Path, levels: int) -> Iterator[Path]:
    """Parquet files, or Arrow files where there are none, not in hidden folders."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"Expected a folder that can be read. Received: {str(folder)!r} ({error.strerror}).") from error
    files = [entry for entry in entries if entry.is_file()]
    yield from [f for f in files if f.suffix == ".parquet"] or [f for f in files if f.suffix == ".arrow"]
    if levels > 1:
        for entry in entries:
            if entry.is_dir():
                yield from _data_files(entry, levels - 1)


def _split_of(file: Path, folders: list[str]) -> tuple[str, bool]:
    """The split that a file's name, or else its folder's, says; and whether it was the folder's."""
    shard = _SHARD.fullmatch(file.stem)
    stem = shard["stem"] if shard else file.stem
    # As in train-00000-of-00001.parquet, and imdb-train.arrow in the cache of datasets.
    last = re.split(r"[-_.]", stem)[-1].lower()
    if last in SPLITS:
        return last, False
    if folders and folders[-1].lower() in SPLITS:
        return folders[-1].lower(), True
    return stem, False


def _check_shards(files: list[Path]) -> None:
    shards = [match for file in files if (match := _SHARD.fullmatch(file.stem))]
    if not shards:
        return
    total = max(int(match["total"]) for match in shards)
    missing = sorted(set(range(total)) - {int(match["number"]) for match in shards})
    if missing:
        raise DataError(
            f"Expected all {total:,} files of {shards[0]['stem']!r}. Received: {str(files[0].parent)!r} without "
            f"{listed([f'{number:05d}' for number in missing], 5)}.",
            "Download the others as well.",
        )


def _mapped(path: Path, found: dict[str, tuple[Path, ...]]) -> tuple[list[Part], list[str]]:
    """Splits by our names; those that are none of them are left out with a note."""
    known: dict[str, tuple[Path, ...]] = {}
    for name, files in found.items():
        split = SPLITS.get(name.lower())
        if split in known:
            raise DataError(f"Expected each split once. Received: {str(path)!r} with {listed(list(found))}.")
        if split is not None:
            known[split] = files
    if "train" not in known:
        raise DataError(
            f"Expected a train split. Received: {str(path)!r}, which holds {listed(list(found))}.",
            f"Name the folder or file of one split, as in huggingface:{path / next(iter(found))}.",
        )
    others = [name for name in found if name.lower() not in SPLITS]
    notes = [f"Left out the splits {listed(others)}, which are not train, validation or test."] if others else []
    return [Part(split, known[split]) for split in ("train", "validation", "test") if split in known], notes


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"Expected a file that can be read. Received: {str(path)!r} ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise _torn(path, str(error)) from error
    if not isinstance(content, dict):
        raise _torn(path, "no JSON object")
    return content


def _torn(path: Path, what: str) -> DataError:
    return DataError(
        f"Expected {path.name} as Hugging Face's datasets writes it. Received: {str(path)!r}, with {what}.",
        "Save or copy the folder again.",
    )
