"""From any Pillow image to plain 8-bit pixels: rotation, transparency, palettes, CMYK and 16-bit values."""

from __future__ import annotations

import numpy as np
from PIL import Image

_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_MODES = frozenset(("1", "L", "P", "RGB", "RGBA", "RGBX", "LA", "PA", "La", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"))


class UndecodableError(Exception):
    """A picture whose pixels have no agreed meaning here; the message says why, without the path."""


def mode_problem(mode: str) -> str:
    """Why pixels of this Pillow mode cannot be used; empty where they can.

    Pillow opens a 16-bit greyscale PNG as ``I;16`` (``I`` in old versions, which are below our bound). ``I``
    and ``F`` that are left are 32-bit TIFFs, whose range is written nowhere: a guess would train on noise.
    """
    if mode in _MODES or mode in _SIXTEEN_BIT:
        return ""
    return f"holds 32-bit pixels whose range is not known (mode {mode}): convert it to 8 or 16 bits"


def exif_orientation(image: Image.Image) -> int:
    """EXIF orientation 1-8; 1 where there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block says nothing, and the pixels do not depend on it
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def to_array(image: Image.Image, channels: int = 3) -> np.ndarray:
    """Upright pixels of an opened image, its first frame: ``(height, width, channels)`` uint8.

    Raises:
        UndecodableError: 32-bit pixels of unknown range.
        OSError: the data is cut or damaged (as Pillow raises it).
    """
    problem = mode_problem(image.mode)
    if problem:
        raise UndecodableError(problem)
    image.load()
    orientation = exif_orientation(image)
    flat = _flatten(image)
    if orientation in _TRANSPOSE:
        flat = flat.transpose(_TRANSPOSE[orientation])
    wanted = "RGB" if channels == 3 else "L"
    pixels = np.array(flat if flat.mode == wanted else flat.convert(wanted), dtype=np.uint8)
    return pixels.reshape(flat.height, flat.width, channels)


def _flatten(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, transparency laid on white."""
    if image.mode in _SIXTEEN_BIT:
        values = np.array(image).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        # Pillow has no way from La and RGBa to RGBA but through their plain form.
        plain = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
        colours = (image.convert(plain) if plain else image).convert("RGBA")
        white = Image.new("RGBA", colours.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, colours).convert("RGB")
    if image.mode in ("1", "L"):
        return image.convert("L")
    return image if image.mode == "RGB" else image.convert("RGB")
