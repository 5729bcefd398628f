"""One small grey picture of each file, read in a single pass: all that the search for near duplicates looks at."""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ftsuite.api import Progress
from ftsuite.data.image_files import FORMATS, MAX_PIXELS, BadFile, read_bytes, scan_bytes
from ftsuite.data.image_pixels import to_array
from ftsuite.errors import ResourceError

THUMBNAIL_PIXELS = 64
_BATCH_PICTURES = 1024
# A JPEG is decoded at the smallest of its scales that still has twice the pixels: enough to average, and fast.
_DRAFT_PIXELS = 2 * THUMBNAIL_PIXELS


def grey_thumbnails(paths: Sequence[str], progress: Progress | None = None) -> tuple[np.ndarray, dict[int, str]]:
    """Read every picture and scale it to a square of 64 pixels, whatever its shape.

    The thumbnails lie in a file without a name in the system's temporary folder, 4 KiB a picture, so that memory does
    not grow with the data; the file is gone with the array.

    Args:
        paths: n picture files.
        progress: called in this thread as (label, pictures done, n).

    Returns:
        ``(n, 64, 64)`` uint8, upright, transparency on white; and of files that cannot be decoded their place and why,
        their thumbnails all zero.

    Raises:
        ResourceError: the temporary folder has no room.
    """
    thumbnails = _on_disk(len(paths))
    unreadable: dict[int, str] = {}
    # Odd EXIF and large pictures are the scan's to judge; filters are the process's own, so not set in the threads.
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        warnings.simplefilter("ignore")
        for start in range(0, len(paths), _BATCH_PICTURES):
            for offset, made in enumerate(pool.map(_thumbnail, paths[start : start + _BATCH_PICTURES])):
                if isinstance(made, str):
                    unreadable[start + offset] = made
                else:
                    thumbnails[start + offset] = made
                if progress is not None:
                    progress("Looking for near duplicates", start + offset + 1, len(paths))
    return thumbnails, unreadable


def grey_thumbnail(picture: np.ndarray) -> np.ndarray:
    """Scale upright grey pixels ``(height, width)`` uint8 to ``(64, 64)`` uint8, each the mean of what it covers."""
    size = (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _on_disk(count: int) -> np.ndarray:
    shape = (count, THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    if not count:
        return np.zeros(shape, dtype=np.uint8)
    size = count * THUMBNAIL_PIXELS * THUMBNAIL_PIXELS
    try:
        with tempfile.TemporaryFile(prefix="ftsuite-thumbnails-") as file:
            # A full disk would otherwise end the process in the middle of writing to the mapped memory.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
    except OSError as error:
        raise ResourceError(
            f"Expected room for {size / 2**20:,.0f} MiB of thumbnails in the temporary folder. "
            f"Received: {error.strerror or error}.",
            "Make room there, or name another folder with the environment variable TMPDIR.",
        ) from error


def _thumbnail(path: str) -> np.ndarray | str:
    """The thumbnail, or in words why there is none."""
    data = read_bytes(path)
    if isinstance(data, BadFile):
        return data.reason
    try:
        return grey_thumbnail(_decoded(data))
    except Exception as error:  # whatever a decoder stumbles over, the scan has the words for it
        found = scan_bytes(data, path)
        return found.reason if isinstance(found, BadFile) else f"cannot be decoded ({error})"


def _decoded(data: bytes) -> Any:
    Image.init()
    with Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError("above the limit of 100 megapixels")
        if image.format == "JPEG":
            image.draft("L", (_DRAFT_PIXELS, _DRAFT_PIXELS))
        return to_array(image, 1)[:, :, 0]
