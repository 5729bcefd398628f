"""The entries of a tar archive that is not compressed, and where their bytes lie."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftsuite.data.contents import Stretch
from ftsuite.data.sources.archive_tree import Member
from ftsuite.data.sources.zip_members import broken

_BLOCK_BYTES = 512


def read_tar(path: Path, shown: Path, told: Callable[[int, int], None] | None = None) -> tuple[list[Member], list[str]]:
    """All entries of a tar archive, and notes.

    Args:
        path: the archive, not compressed.
        shown: what it is called in messages: `path`, or the compressed archive that it was made of.
        told: called with bytes done and in all.

    Raises:
        DataError: the archive is broken.
        OSError: it cannot be read.
    """
    size_bytes = path.stat().st_size
    members: list[Member] = []
    end = 0
    try:
        with tarfile.open(path, "r:") as archive:
            for entry in archive:
                members.append(_member(path, shown, entry, size_bytes))
                end = max(end, entry.offset_data + (entry.size if entry.isreg() else 0))
                if told is not None:
                    told(min(end, size_bytes), size_bytes)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise broken(shown, error) from error
    return members, [] if _ends_well(path, end) else [_cut_note(shown, members)]


def _member(path: Path, shown: Path, entry: Any, size_bytes: int) -> Member:
    if entry.isdir():
        return Member(entry.name, None)
    if not entry.isreg() or entry.issparse():
        return Member(entry.name, None, _what(entry))
    if entry.offset_data + entry.size > size_bytes:
        raise broken(shown, f"{entry.name!r} ends behind the end of the archive")
    return Member(entry.name, Stretch(str(path), entry.name, entry.offset_data, entry.size, entry.size))


def _what(entry: Any) -> str:
    if entry.issym() or entry.islnk():
        return f"is a link to {entry.linkname!r}"
    if entry.ischr() or entry.isblk():
        return "is a device"
    if entry.isfifo():
        return "is a pipe"
    return "is a sparse file" if entry.issparse() else "is no plain file"


def _ends_well(path: Path, end: int) -> bool:
    """Whether a block of zeros follows the last entry, as in every whole archive: nothing else tells a cut one."""
    start = -(-end // _BLOCK_BYTES) * _BLOCK_BYTES
    with open(path, "rb", buffering=0) as file:
        return os.pread(file.fileno(), _BLOCK_BYTES, start) == bytes(_BLOCK_BYTES)


def _cut_note(shown: Path, members: list[Member]) -> str:
    last = f"; its last entry is {members[-1].name!r}" if members else ""
    return f"The archive {shown.name} does not end as a tar archive does: it may have been cut{last}."


def begins_as_tar(data: bytes) -> bool:
    """Whether bytes begin with the header of a tar archive."""
    try:
        tarfile.TarInfo.frombuf(data[:_BLOCK_BYTES], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return data[:_BLOCK_BYTES] == bytes(_BLOCK_BYTES)  # an archive without an entry
    return True
