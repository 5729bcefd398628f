"""Hashes of decoded pixels, so that the same picture in another container is known again."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ftsuite.api import Progress
from ftsuite.data.image_files import decode_image
from ftsuite.errors import DataError

_BATCH_PICTURES = 1024


def pixel_hashes(paths: Sequence[str], content_hashes: Sequence[str], progress: Progress | None = None) -> list[str]:
    """Of each picture the sha256 of its size and its upright RGB pixels.

    Args:
        paths: n picture files.
        content_hashes: n hashes of the files' bytes; a file with bytes that were met before is not decoded again, and
            that of a file that can no longer be decoded stands in for its pixels' (a scan names such files).
        progress: called in this thread as (label, pictures done, in all).
    """
    first: dict[str, int] = {}
    for position, content in enumerate(content_hashes):
        first.setdefault(content, position)
    positions = list(first.values())
    known: dict[str, str] = {}
    # Odd EXIF and large pictures are the scan's to judge; filters are the process's own, so not set in the threads.
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        warnings.simplefilter("ignore")
        for start in range(0, len(positions), _BATCH_PICTURES):
            batch = positions[start : start + _BATCH_PICTURES]
            hashes = pool.map(_pixel_hash, [paths[position] for position in batch])
            for position, pixel_hash in zip(batch, hashes, strict=True):
                content = content_hashes[position]
                known[content] = pixel_hash or content
                if progress is not None:
                    progress("Comparing pixels", len(known), len(positions))
    return [known[content] for content in content_hashes]


def _pixel_hash(path: str) -> str:
    try:
        pixels = decode_image(path, 3)
    except DataError:
        return ""
    # The size stands in front of the pixels: 2 by 8 and 4 by 4 have the same bytes where a picture is of one colour.
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
