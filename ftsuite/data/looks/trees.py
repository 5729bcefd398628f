"""A look at class folders, on the disk or in an archive."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.data.contents import input_bytes
from ftsuite.data.image_files import read_bytes
from ftsuite.data.looks.look import Hint, Look
from ftsuite.data.looks.rows import look_at_rows
from ftsuite.data.sources.archive import open_archive
from ftsuite.data.sources.folder import SPLIT_NAMES, find_in_tree, require_folder
from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.walking import DiskTree
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Progress

_EMPTY = Look("", "image", (), {}, {})
# As in frame_0012 of a video: a name, and a number behind it.
_NUMBERED = re.compile(r"(?P<stem>.+?)[-_. ]?(?:frame|img|f|t)?[-_. ]?\d+", re.IGNORECASE)
_BY_FOLDER = "^(?:{splits})?[^/]+/([^/]+)/"
_BY_NUMBER = r"^(.+?)[-_. ]?(?:frame|img|f|t)?[-_. ]?\d+[.]\w+$"
# Files of equal size in two splits whose contents are compared.
_COMPARED = 2000
_TABLES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def look_at_folder(path: Path) -> Look:
    """Class folders on the disk. Files of equal size in several splits are compared, no others are read whole.

    Raises:
        DataError: the folder is missing or empty, its layout cannot be told, or hardly a file is a picture.
    """
    require_folder(path)
    try:
        found = find_in_tree(DiskTree(), path, "error")
    except DataError as error:
        raise _table_beside(path, error) from error
    return _look(found, replace(_EMPTY, kind="folder"))


def look_at_archive(path: Path, progress: Progress | None) -> Look:
    """Class folders in a zip or tar archive.

    Raises:
        DataError: as `look_at_folder`, or it is no archive.
        ResourceError: no room for the copy of a compressed tar archive.
    """
    tree, root, notes = open_archive(path, progress)
    found = find_in_tree(tree, root, "error")
    return _look(found, replace(_EMPTY, kind="archive", notes=tuple(notes)))


def _look(found: Found, look: Look) -> Look:
    look = look_at_rows(found, replace(look, hints=_hints(found.rows)))
    return replace(look, shared=_shared(found.rows)) if found.has_splits else look


def _hints(rows: Sequence[Row]) -> tuple[Hint, ...]:
    """Folders inside the class folders, or names with a number behind them, that may be of one origin."""
    nested = [row for row in rows if len(_below_split(row.id)) > 2]
    if len(nested) > len(rows) / 2:
        groups = {_below_split(row.id)[1] for row in nested}
        if 2 < len(groups) < 0.8 * len(nested):
            splits = "|".join(f"{name}/" for name in sorted(SPLIT_NAMES))
            pattern = _BY_FOLDER.format(splits=splits) if rows[0].split else _BY_FOLDER.replace("(?:{splits})?", "")
            why = f"{len(groups):,} folders inside the class folders: if each is of one origin, keep it together"
            return (Hint("group_pattern", pattern, why),)
    stems = Counter(
        match["stem"] for row in rows if (match := _NUMBERED.fullmatch(row.id.rpartition(".")[0] or row.id))
    )
    several = {stem: count for stem, count in stems.items() if count > 1}
    classes = len({row.label for row in rows})
    if sum(several.values()) > len(rows) / 2 and len(several) > 3 * classes:
        stem, count = max(several.items(), key=lambda item: (item[1], item[0]))
        why = f"{len(several):,} names come with several numbers, such as {stem!r} with {count}: frames of one video?"
        return (Hint("group_pattern", _BY_NUMBER, why),)
    return ()


def _below_split(identifier: str) -> list[str]:
    parts = identifier.split("/")
    return parts[1:] if parts[0].lower() in SPLIT_NAMES and len(parts) > 2 else parts


def _shared(rows: Sequence[Row]) -> int:
    """Contents that stand in several official splits; only files of equal size are read."""
    by_size: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        try:
            by_size[input_bytes(row.input)].append(row)
        except OSError as error:
            raise DataError(
                f"Expected files that can be read. Received: {row.input!r} ({error.strerror or error})."
            ) from error
    alike = [row for own in by_size.values() if len({row.split for row in own}) > 1 for row in own]
    splits: dict[bytes, set[str]] = defaultdict(set)
    for row in alike[:_COMPARED]:
        data = read_bytes(row.input)
        if isinstance(data, bytes):
            splits[hashlib.sha256(data).digest()].add(row.split)
    return sum(len(own) > 1 for own in splits.values())


def _table_beside(path: Path, error: DataError) -> DataError:
    """The error for a layout that cannot be told, with the table that lies there."""
    try:
        tables = sorted(file.name for file in path.iterdir() if file.suffix.lower() in _TABLES)
    except OSError:
        return error
    if not tables:
        return error
    kind = _TABLES[Path(tables[0]).suffix.lower()]
    return DataError(
        error.message, f"{tables[0]!r} lies there: if it names the pictures, give {kind}:{path / tables[0]}."
    )
