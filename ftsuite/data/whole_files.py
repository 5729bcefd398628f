"""Reading a small file in as few calls of the system as there can be.

Each of them lets go of Python's lock, and where several threads read pictures each waits to get it back.
"""

from __future__ import annotations

import os

_PART_BYTES = 2**20


def read_whole(path: str, size_bytes: int) -> bytes:
    """All bytes of a file whose size is thought to be known: by three calls of the system, where `open` makes nine.

    Args:
        path: of the file.
        size_bytes: what it says of itself. It may be wrong: files grow, and some are made as they are read.

    Raises:
        OSError: it cannot be opened or read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(descriptor, size_bytes + 1)
        if len(data) == size_bytes > 0:
            return data
        parts = [data]
        while parts[-1]:
            parts.append(os.read(descriptor, _PART_BYTES))
    finally:
        os.close(descriptor)
    return b"".join(parts)
