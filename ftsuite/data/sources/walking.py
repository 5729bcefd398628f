"""Listing folders: sorted, without junk, safe from links that lead in circles."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ftsuite.data.sources.junk import is_junk
from ftsuite.errors import DataError


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder's own folders and files, each sorted by name; files are all that is no folder."""

    folders: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


@dataclass(slots=True)
class Walked:
    """All files below a folder, sorted by path, and links that were passed over.

    Attributes:
        files: all that is no folder.
        nested: how many of them lie in folders inside the folder.
        circles: links that lead to a folder already read.
    """

    files: list[Path] = field(default_factory=list)
    nested: int = 0
    circles: list[Path] = field(default_factory=list)


class Tree(Protocol):
    """Folders and files, of a disk or of an archive; names that are junk are counted and passed over."""

    def list(self, path: Path, junk: Counter[str]) -> Listing:
        """One folder's own folders and files."""
        ...

    def walk(self, path: Path, junk: Counter[str]) -> Walked:
        """All files below a folder."""
        ...

    def input_of(self, file: Path) -> str:
        """What stands in `ftsuite.api.Examples.inputs` for a file."""
        ...


class DiskTree:
    """Folders and files of the disk."""

    def list(self, path: Path, junk: Counter[str]) -> Listing:
        """See `list_folder`."""
        return list_folder(path, junk)

    def walk(self, path: Path, junk: Counter[str]) -> Walked:
        """See `walk_files`."""
        return walk_files(path, junk)

    def input_of(self, file: Path) -> str:
        """The file's path."""
        return str(file)


def list_folder(path: Path, junk: Counter[str]) -> Listing:
    """List one folder; names of junk are counted into `junk`.

    Raises:
        DataError: the folder cannot be read.
    """
    listing = Listing()
    try:
        with os.scandir(path) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if is_junk(entry.name):
                    junk[entry.name] += 1
                elif entry.is_dir():
                    listing.folders.append(Path(entry.path))
                else:
                    listing.files.append(Path(entry.path))
    except OSError as error:
        raise DataError(
            f"Expected a folder that can be read. Received: {str(path)!r} ({error.strerror or error}).",
            "Give yourself the right to read and enter it (chmod u+rx), or move it out of the data.",
        ) from error
    return listing


def walk_files(path: Path, junk: Counter[str]) -> Walked:
    """All files below a folder. Every real folder is read once, however many links lead to it.

    Raises:
        DataError: a folder below cannot be read.
    """
    walked = Walked()
    seen: set[tuple[int, int]] = set()
    pending = [path]
    while pending:
        folder = pending.pop()
        status = _status(folder)
        if (status.st_dev, status.st_ino) in seen:
            walked.circles.append(folder)
            continue
        seen.add((status.st_dev, status.st_ino))
        listing = list_folder(folder, junk)
        walked.files.extend(listing.files)
        walked.nested += len(listing.files) if folder != path else 0
        pending.extend(reversed(listing.folders))
    walked.files.sort()
    return walked


def _status(folder: Path) -> os.stat_result:
    try:
        return folder.stat()
    except OSError as error:
        raise DataError(
            f"Expected a folder that can be read. Received: {str(folder)!r} ({error.strerror or error})."
        ) from error
