"""From the bytes of a picture to the pixels that its random crops are cut from, at a reduced scale where it is large.

Training only: chroma is upsampled the fast way, and a JPEG is scaled while it is decoded (by its own cosine transform,
so without aliasing). What is judged or served is decoded by `ftsuite.data.image_decode`. What comes out depends on the
file and on `needed` alone, so keeping it or decoding it anew makes no difference to any pixel.
"""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg

from ftsuite.data.crop_boxes import shrink_factor
from ftsuite.data.image_files import BadFile, bad_file_error, decode_bytes, read_bytes

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"


def read_pixels(path: str, needs_pillow: bool, needed: int) -> np.ndarray:
    """Read and decode one picture file.

    Args:
        path: of the file, which a scan has accepted.
        needs_pillow: what the scan said of it (`ftsuite.api.Examples.decoders`).
        needed: pixels that the shorter side keeps, if it has so many, as `ftsuite.data.crop_boxes.side_needed` says.

    Returns:
        ``(height, width, 3)`` uint8.

    Raises:
        DataError: the file is gone, cut or replaced; names it.
    """
    data = read_bytes(path)
    if isinstance(data, BadFile):
        raise bad_file_error(data)
    return decode_pixels(data, path, needs_pillow, needed)


def decode_pixels(data: bytes, name: str, needs_pillow: bool, needed: int) -> np.ndarray:
    """Do as `read_pixels`, with the bytes of the file at hand; `name` stands for its path in errors."""
    if not needs_pillow and data.startswith(_JPEG_START) and data.endswith(_JPEG_END):
        try:
            return _decode_jpeg(data, needed)
        except ValueError:
            pass  # libjpeg-turbo warned of something; Pillow decodes it all the same, or says what is wrong
    return shrunk(decode_bytes(data, name), needed)


def shrunk(pixels: np.ndarray, needed: int) -> np.ndarray:
    """A decoded picture ``(height, width, 3)`` uint8 as small as crops allow, each pixel the mean of those it covers."""
    height, width = pixels.shape[:2]
    factor = shrink_factor(height, width, needed)
    if factor == 1:
        return pixels
    return cv2.resize(pixels, (-(-width // factor), -(-height // factor)), interpolation=cv2.INTER_AREA)


def _decode_jpeg(data: bytes, needed: int) -> np.ndarray:
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    factor = shrink_factor(height, width, needed)
    pixels: np.ndarray = simplejpeg.decode_jpeg(
        data,
        colorspace="RGB",
        fastupsample=True,
        min_factor=factor,
        min_height=-(-height // factor),
        min_width=-(-width // factor),
    )
    return pixels
