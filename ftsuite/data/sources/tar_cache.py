"""A compressed tar archive as one uncompressed tar file in the cache, which is then read in place.

No member is ever written under its own name, so nothing in an archive can reach outside the cache.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from ftsuite.data.sources.sized_copies import copy_key, find_copy, keep_copy
from ftsuite.data.sources.tar_members import begins_as_tar
from ftsuite.data.sources.zip_members import LARGEST_BEFORE_RATIO_BYTES, LARGEST_RATIO, broken, check_ratio
from ftsuite.errors import DataError, ResourceError

if TYPE_CHECKING:
    from ftsuite.api import Progress

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_ENDING = ".tar"
_CHUNK_BYTES = 1 << 20
_SPARE_BYTES = 64 << 20


def uncompressed_tar(path: Path, compression: str, progress: Progress | None = None) -> tuple[Path, str]:
    """The archive without its compression, in the cache: made first where it is not there.

    It is read through once before anything is written, so that its size is known, and checked, beforehand. The cache
    knows it again by its path, size and time of change.

    Args:
        path: the archive.
        compression: gzip, bzip2 or xz.
        progress: see `ftsuite.data.sources.load_examples`.

    Returns:
        The file, and a sentence that says where it is and how large.

    Raises:
        DataError: broken, or a decompression bomb.
        ResourceError: the disk has no room for it, or the cache cannot be written to.
        OSError: the archive cannot be read.
    """
    import filelock

    from ftsuite.assets import home

    folder, key = home() / "archives", copy_key(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(folder / f"{key}.lock"))
        lock.acquire()
    except OSError as error:
        raise _unwritable(path, folder, error) from error
    try:
        copy = find_copy(folder, key, _ENDING) or _write(path, compression, folder, key, progress)
    finally:
        lock.release()
    return copy, (
        f"Read {path.name} from an uncompressed copy of {copy.stat().st_size / 2**20:,.1f} MiB in the cache "
        f"({str(copy)!r}), which may be deleted at any time."
    )


def _write(path: Path, compression: str, folder: Path, key: str, progress: Progress | None) -> Path:
    size_bytes = 0
    told = progress or (lambda *_: None)
    archive_bytes = path.stat().st_size
    most = max(LARGEST_BEFORE_RATIO_BYTES, LARGEST_RATIO * archive_bytes)
    for chunk, done in _chunks(path, compression):
        if not size_bytes and not begins_as_tar(chunk):
            raise DataError(
                f"Expected a tar archive compressed by {compression}. Received: {str(path)!r}, which holds "
                "something else.",
                "Uncompress it and name what it is, as in csv:PATH.",
            )
        size_bytes += len(chunk)
        if size_bytes > most:
            check_ratio(path, size_bytes, archive_bytes)
        told(f"Measuring {path.name}", done, archive_bytes)
    _check_space(path, folder, size_bytes)
    partial = folder / f".{key}.partial"
    label = f"Unpacking {path.name}, {size_bytes / 2**20:,.0f} MiB, into the cache"
    try:
        with open(partial, "wb") as file:
            for chunk, done in _chunks(path, compression):
                file.write(chunk)
                told(label, done, archive_bytes)
        return keep_copy(partial, folder, key, _ENDING)
    except OSError as error:
        raise _unwritable(path, folder, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _chunks(path: Path, compression: str) -> Iterator[tuple[bytes, int]]:
    """Pieces of the uncompressed archive, and how far the compressed one is read."""
    with open(path, "rb") as raw:
        try:
            with _opened(raw, compression) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk, raw.tell()
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise broken(path, error) from error
        except OSError as error:
            if error.errno is None:  # bz2 says so of damaged data
                raise broken(path, error) from error
            raise


def _opened(raw: IO[bytes], compression: str) -> IO[bytes]:
    if compression == "gzip":
        return cast(IO[bytes], gzip.open(raw))
    return cast(IO[bytes], bz2.open(raw) if compression == "bzip2" else lzma.open(raw))


def _check_space(path: Path, folder: Path, size_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if size_bytes + _SPARE_BYTES > free:
        raise ResourceError(
            f"Expected room for {path.name} without its compression in {str(folder)!r}: "
            f"{size_bytes / 2**20:,.0f} MiB. Received: {free / 2**20:,.0f} MiB free.",
            "Make room there, set FTSUITE_HOME to a folder with room, or pack the pictures as zip or plain tar, which "
            "are read in place.",
        )


def _unwritable(path: Path, folder: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"Expected to write {path.name} without its compression to {str(folder)!r}. Received: "
        f"{error.strerror or error}.",
        "Make room there, or set FTSUITE_HOME to a folder with room that you may write to.",
    )
