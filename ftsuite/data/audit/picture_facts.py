"""What picture files are like: size, pixels, format and contrast, from one quick look at each."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ftsuite.data.image_files import FORMATS, BadFile, read_bytes
from ftsuite.data.image_pixels import exif_orientation

if TYPE_CHECKING:
    from ftsuite.api import Progress

# A JPEG is decoded at an eighth of its size: enough to see whether it shows anything.
_DRAFT_DIVISOR = 8
_LOOKED_AT_PIXELS = 64
_BATCH = 1024
# EXIF orientations that exchange width and height.
_TURNED = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """One picture.

    Attributes:
        width: in pixels, as it is shown: EXIF rotation applied.
        height: in pixels, as it is shown.
        mode: Pillow's pixel mode.
        format: Pillow's name of it: JPEG, PNG, …
        orientation: EXIF orientation, 1 (upright) to 8.
        deviation: standard deviation of its brightness, of 255, over a small version of it.
        colourful: whether its channels differ anywhere.
    """

    width: int
    height: int
    mode: str
    format: str
    orientation: int
    deviation: float
    colourful: bool


def picture_facts(paths: Sequence[str], progress: Progress | None = None) -> list[PictureFacts | None]:
    """Look at picture files; one entry a path, in the same order, None for one that is gone or unreadable by now.

    Args:
        paths: n files.
        progress: called in this thread as (label, files done, files in all).
    """
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    found: list[PictureFacts | None] = []
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=min(32, 2 * (os.cpu_count() or 1))) as pool:
        warnings.simplefilter("ignore")
        for start in range(0, len(paths), _BATCH):
            batch = paths[start : start + _BATCH]
            found.extend(pool.map(lambda path: _facts(path, formats), batch))
            if progress is not None:
                progress("Looking at pictures", len(found), len(paths))
    return found


def _facts(path: str, formats: list[str]) -> PictureFacts | None:
    data = read_bytes(path)
    if isinstance(data, BadFile):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            width, height, mode, name = image.width, image.height, image.mode, image.format or ""
            if name == "JPEG":
                orientation = exif_orientation(image)
                image.draft("RGB", (max(width // _DRAFT_DIVISOR, 1), max(height // _DRAFT_DIVISOR, 1)))
                image.load()
            else:
                image.load()
                orientation = exif_orientation(image)
            deviation, colourful = _look(image)
    except Exception:  # it was decoded a moment ago; whatever is wrong with it now is no finding of this check
        return None
    if orientation in _TURNED:
        width, height = height, width
    return PictureFacts(width, height, mode, name, orientation, deviation, colourful)


def _look(image: Image.Image) -> tuple[float, bool]:
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        return (float(values.std() / (high - low) * 255) if high > low else 0.0), False
    # Enlarging would invent pixels; the nearest ones will do to make a large one small.
    image.thumbnail((_LOOKED_AT_PIXELS, _LOOKED_AT_PIXELS), Image.Resampling.BOX)
    pixels = np.asarray(image.convert("RGBA"), dtype=np.float64)
    opaque = pixels[..., 3:] / 255
    shown = pixels[..., :3] * opaque + 255 * (1 - opaque)
    # JPEG leaves a little colour in grey pictures.
    colourful = bool((shown.max(axis=-1) - shown.min(axis=-1)).max() > 8)
    return float(shown.mean(axis=-1).std()), colourful
