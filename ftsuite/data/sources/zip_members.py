"""The entries of a zip archive and where their bytes lie."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

from ftsuite.data.contents import Stretch
from ftsuite.data.sources.archive_tree import Member
from ftsuite.errors import DataError

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_DOS = 0
_METHODS = {zipfile.ZIP_STORED: False, zipfile.ZIP_DEFLATED: True}
# Photographs hardly shrink. An archive whose contents are so many times its size, and large, is no set of pictures.
LARGEST_RATIO = 200
LARGEST_BEFORE_RATIO_BYTES = 1 << 30


def read_zip(path: Path) -> tuple[list[Member], list[str]]:
    """All entries of a zip archive, and notes on their names.

    Raises:
        DataError: broken, encrypted, packed by a method other than store and deflate, or a decompression bomb.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, EOFError) as error:
        raise broken(path, error) from error
    files = [entry for entry in entries if not _is_folder(entry)]
    _check_methods(path, files)
    check_ratio(path, sum(entry.file_size for entry in files), path.stat().st_size)
    guessed: list[str] = []
    names = {id(entry): _name(entry, guessed) for entry in entries}
    members = [Member(names[id(entry)], None, _refusal(entry)) for entry in entries if _is_folder(entry)]
    members += _stretches(path, files, names)
    notes = []
    if guessed:
        notes.append(
            f"The archive {path.name} does not say in which encoding its names are: {len(guessed):,} were read as code "
            f"page 437, such as {guessed[0]!r}."
        )
    return members, notes


def check_ratio(path: Path, size_bytes: int, archive_bytes: int) -> None:
    """Refuse a decompression bomb.

    Raises:
        DataError: its contents are large and far larger than itself.
    """
    if size_bytes > max(LARGEST_BEFORE_RATIO_BYTES, LARGEST_RATIO * archive_bytes):
        raise DataError(
            f"Expected an archive whose contents are at most {LARGEST_RATIO} times its size. Received: {str(path)!r}, "
            f"{archive_bytes / 2**20:,.1f} MiB, which holds {size_bytes / 2**20:,.0f} MiB or more.",
            "Pictures hardly shrink: this is likely a decompression bomb. Unpack it yourself if you trust it.",
        )


def broken(path: Path, error: Exception | str) -> DataError:
    """The error for an archive that cannot be read to its end."""
    what = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(
        f"Expected a whole zip or tar archive. Received: {str(path)!r}: {what.rstrip('.')}.",
        "It was probably cut while it was copied or downloaded: fetch it again.",
    )


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith(("/", "\\")) and entry.file_size == 0


def _check_methods(path: Path, files: list[zipfile.ZipInfo]) -> None:
    encrypted = sum(bool(entry.flag_bits & _ENCRYPTED) for entry in files)
    if encrypted:
        raise DataError(
            f"Expected an archive without a password. Received: {str(path)!r}, where {encrypted:,} of {len(files):,} "
            "files are encrypted.",
            "Unpack it with its password and give the folder: folder:PATH.",
        )
    other = [entry for entry in files if entry.compress_type not in _METHODS]
    if other:
        raise DataError(
            f"Expected files that are stored or deflated. Received: {str(path)!r}, where {other[0].filename!r} is "
            f"packed by the zip method {other[0].compress_type}.",
            "Unpack it and give the folder, or pack it anew, as by `zip -r`.",
        )


def _refusal(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.create_system == _DOS or kind in (0, stat.S_IFREG, stat.S_IFDIR):
        return ""
    return "is a link" if kind == stat.S_IFLNK else "is no plain file"


def _name(entry: zipfile.ZipInfo, guessed: list[str]) -> str:
    """The entry's name; its bytes are UTF-8 more often than archives say."""
    name = entry.filename
    if not entry.flag_bits & _UTF_8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            guessed.append(name)
    # Old programs of Windows write its own separator, against the format.
    return name.replace("\\", "/") if entry.create_system == _DOS and "/" not in name else name


def _stretches(path: Path, files: list[zipfile.ZipInfo], names: dict[int, str]) -> list[Member]:
    members = []
    end = 0
    size_bytes = path.stat().st_size
    with open(path, "rb", buffering=0) as file:
        for entry in sorted(files, key=lambda one: one.header_offset):
            head = os.pread(file.fileno(), _LOCAL_HEADER.size, entry.header_offset)
            if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
                raise broken(path, f"{entry.filename!r} is not where its table says")
            _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
            offset = entry.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
            if entry.header_offset < end:
                raise broken(path, f"{entry.filename!r} shares its bytes with another file")
            end = offset + entry.compress_size
            if end > size_bytes:
                raise broken(path, f"{entry.filename!r} ends behind the end of the archive")
            stretch = Stretch(
                file=str(path),
                name=names[id(entry)],
                offset=offset,
                stored_bytes=entry.compress_size,
                size_bytes=entry.file_size,
                deflated=_METHODS[entry.compress_type],
                crc=entry.CRC,
            )
            members.append(Member(names[id(entry)], stretch, _refusal(entry)))
    return members
