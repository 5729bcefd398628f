"""What is written of an example: its bytes as they are, its picture in a smaller size, or its drawing as a file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import PIL.Image

from ftsuite.api import Examples
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX, draw_input
from ftsuite.data.image_files import BadFile, decode_bytes, read_bytes
from ftsuite.errors import DataError

JPEG_QUALITY = 95
_MOST_JPEG_PIXELS = 65_500
_TENSORFLOW = 0


class Content(NamedTuple):
    """What is written of one example.

    Attributes:
        data: the bytes.
        content_hash: sha256 hexadecimal that the example is known by from then on.
        decoder: as `ftsuite.api.Examples.decoders`.
    """

    data: bytes
    content_hash: str
    decoder: int


def content_maker(examples: Examples, image_size: int | None) -> Callable[[int], Content]:
    """A function from an example's position to what is written of it; safe to call from several threads.

    Args:
        examples: pictures or texts.
        image_size: pixels of the shorter side of pictures that have more; None for all as they are.

    Returns:
        The function; it raises DataError for what cannot be read or was changed since it was scanned.
    """
    if examples.kind == "text":
        return lambda at: Content(examples.inputs[at].encode("utf-8"), examples.content_hashes[at], _TENSORFLOW)

    def make(at: int) -> Content:
        source, known = examples.inputs[at], examples.content_hashes[at]
        decoder = 0 if examples.decoders is None else int(examples.decoders[at])
        if source.startswith(FIELD_GUIDE_PREFIX):
            pixels = draw_input(source)
            small = None if image_size is None else shrunk(pixels, image_size)
            if small is None:
                return Content(_png(pixels), known, _TENSORFLOW)
            return Content(small, hashlib.sha256(small).hexdigest(), _TENSORFLOW)
        data = _unchanged(source, known, checked=examples.kind == "image-file")
        small = None if image_size is None else shrunk(decode_bytes(data, source), image_size)
        if small is None:
            return Content(data, known, decoder)
        return Content(small, hashlib.sha256(small).hexdigest(), _TENSORFLOW)

    return make


def shrunk(pixels: np.ndarray, shorter_side: int) -> bytes | None:
    """A picture ``(height, width, 3)`` uint8 as a JPEG of a given shorter side, in pixels; None for a smaller one.

    None as well where the longer side would be more than a JPEG can have.
    """
    height, width = pixels.shape[:2]
    factor = shorter_side / min(height, width)
    if factor >= 1:
        return None
    size = (max(round(width * factor), shorter_side), max(round(height * factor), shorter_side))
    if max(size) > _MOST_JPEG_PIXELS:
        return None
    picture = PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _unchanged(source: str, content_hash: str, checked: bool) -> bytes:
    data = read_bytes(source)
    if isinstance(data, BadFile):
        raise DataError(f"Expected a picture that can be read. Received: {data.path}: {data.reason}.")
    if checked and hashlib.sha256(data).hexdigest() != content_hash:
        raise DataError(
            f"Expected pictures that stay as they are. Received: {source}, which was changed while it was prepared.",
            "Start again when nothing writes to the data any more.",
        )
    return data


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
