"""Small pictures of a run's examples, for its report."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL.Image

from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX, draw_input
from ftsuite.data.image_files import decode_image
from ftsuite.errors import DataError
from ftsuite.runs import folder as folders

_PIXELS = 160
_JPEG_QUALITY = 82

Thumbnails = Callable[[Sequence[str]], Sequence[bytes | None]]


def thumbnails_for(folder: Path) -> Thumbnails | None:
    """A function from inputs to JPEG bytes, None for a picture that is gone; None where the inputs are texts."""
    return thumbnails_of(folders.read_json(folder / folders.ENVIRONMENT)["data"]["kind"])


def thumbnails_of(kind: str) -> Thumbnails | None:
    """`thumbnails_for` of inputs of a kind."""
    return None if kind == "text" else lambda inputs: [_thumbnail(source) for source in inputs]


def _thumbnail(source: str) -> bytes | None:
    try:
        pixels = draw_input(source) if source.startswith(FIELD_GUIDE_PREFIX) else decode_image(source)
    except (DataError, OSError):
        return None
    picture = PIL.Image.fromarray(np.asarray(pixels))
    picture.thumbnail((_PIXELS, _PIXELS))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
