"""Copies in the cache of what cannot be read in place: named by what they were made of, and by their own size.

A copy whose size is not the one in its name was cut or changed, and is made anew.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def copy_key(source: Path, *more: str) -> str:
    """The name of a file's copies: another one where its path, size or time of change is another.

    Raises:
        OSError: the file is not there.
    """
    status = source.stat()
    text = "|".join((str(source.resolve()), str(status.st_size), str(status.st_mtime_ns), *more))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def find_copy(folder: Path, key: str, ending: str) -> Path | None:
    """The whole copy of that name, where there is one."""
    for path in folder.glob(f"{key}-*{ending}"):
        if path.name == _name(key, path.stat().st_size, ending):
            return path
    return None


def keep_copy(partial: Path, folder: Path, key: str, ending: str) -> Path:
    """Give a copy that is written whole its name, in place of damaged ones."""
    target = folder / _name(key, partial.stat().st_size, ending)
    for damaged in folder.glob(f"{key}-*{ending}"):
        damaged.unlink()
    os.replace(partial, target)
    return target


def _name(key: str, size_bytes: int, ending: str) -> str:
    return f"{key}-{size_bytes}{ending}"
