"""From the bytes of a picture to the pixels that its random crops are cut from, at a reduced scale where it is large.

Training only: chroma is upsampled the fast way, and a JPEG is scaled while it is decoded (by its own cosine transform,
so without aliasing). What is judged or served is decoded by `ftsuite.data.image_decode`. What comes out depends on the
file and on `needed` alone, so keeping it or decoding it anew makes no difference to any pixel.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from ftsuite.data.crop_boxes import shrink_factor
from ftsuite.data.image_files import BadFile, bad_file_error, decode_bytes, read_bytes

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"


class Scratch(threading.local):
    """Memory for one decoded picture of each thread: new memory for each costs a third of the decoding."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def of(self, size_bytes: int) -> np.ndarray:
        """``(size_bytes,)`` uint8 of any content, for this thread until it asks again."""
        if len(self._bytes) < size_bytes:
            self._bytes = np.empty(size_bytes, np.uint8)
        return self._bytes[:size_bytes]


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A JPEG whose header was read.

    Attributes:
        data: all of its bytes.
        name: of the file, for errors.
        whole: height and width of the picture in its file.
        factor: by how much it is shrunk: 1, 2, 4 or 8.
    """

    data: bytes
    name: str
    whole: tuple[int, int]
    factor: int

    def decode(self, scratch: Scratch | None = None) -> np.ndarray:
        """``(height, width, 3)`` uint8, in this thread's `scratch` where that is given.

        Raises:
            DataError: the data are damaged; names the file.
        """
        height, width = (-(-side // self.factor) for side in self.whole)
        try:
            pixels: np.ndarray = simplejpeg.decode_jpeg(
                self.data,
                colorspace="RGB",
                fastupsample=True,
                min_factor=self.factor,
                min_height=height,
                min_width=width,
                buffer=None if scratch is None else scratch.of(3 * height * width),
            )
        except ValueError:
            # libjpeg-turbo warned of something; Pillow decodes it all the same, or says what is wrong.
            return _shrunk_by(decode_bytes(self.data, self.name), self.factor)
        # A last row or column that covers fewer pixels than the others would stretch the picture a little.
        return pixels if pixels.shape[:2] == self.shape else pixels[: self.shape[0], : self.shape[1]]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what is decoded."""
        return self.whole[0] // self.factor, self.whole[1] // self.factor


Picture = EncodedPicture | np.ndarray


def open_picture(path: str, needs_pillow: bool, needed: int, contents: bytes | None = None) -> Picture:
    """Read one picture file, and decode it unless it is a plain JPEG, which can wait.

    Args:
        path: of the file, which a scan has accepted.
        needs_pillow: what the scan said of it (`ftsuite.api.Examples.decoders`).
        needed: pixels that the shorter side keeps, if it has so many, as `ftsuite.data.crop_boxes.side_needed` says.
        contents: the bytes of the file, where they are at hand; `path` then only names it.

    Returns:
        The encoded picture, or ``(height, width, 3)`` uint8.

    Raises:
        DataError: the file is gone, cut or replaced; names it.
    """
    data = read_bytes(path) if contents is None else contents
    if isinstance(data, BadFile):
        raise bad_file_error(data)
    if not needs_pillow and data.startswith(_JPEG_START) and data.endswith(_JPEG_END):
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(data)
        except ValueError:
            pass
        else:
            return EncodedPicture(data, path, (height, width), shrink_factor(height, width, needed))
    return shrunk(decode_bytes(data, path), needed)


def shrunk(pixels: np.ndarray, needed: int) -> np.ndarray:
    """A decoded picture ``(height, width, 3)`` uint8, as small as crops allow; pixels are means of what they cover."""
    return _shrunk_by(pixels, shrink_factor(pixels.shape[0], pixels.shape[1], needed))


def _shrunk_by(pixels: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return pixels
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    return cv2.resize(pixels[: factor * height, : factor * width], (width, height), interpolation=cv2.INTER_AREA)
