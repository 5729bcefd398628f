"""What a picture looks like in 63 numbers, whole, mirrored and of windows on it: which may be crops of each other.

The numbers are the low frequencies of a cosine transform, those that the perceptual hash pHash cuts to bits (Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, https://www.phash.org). Kept as numbers
they have a cosine with each other, which BLAS gives for all pairs of a block at once, and a window or its mirror
image is one more linear map of the thumbnail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FREQUENCIES = 8
DESCRIPTOR_SIZE = _FREQUENCIES**2 - 1
# Sides of windows beside the whole picture, each in so many places across and down. A box of 80 to 90 % of the area has
# sides of about 0.94 and lies close to a corner or the middle; one of 65 to 75 % has 0.84 and needs the edges as well.
# On photos of birds these fifteen windows see 99 % of both.
_WINDOW_GRIDS = ((0.94, 2), (0.84, 3))
# Grey levels: below it a thumbnail is one flat colour and what is left of it is noise.
_FLAT_LEVELS = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """A square part of a picture, in shares of its height and width."""

    top: float
    left: float
    side: float


def windows() -> tuple[Window, ...]:
    """The whole picture first, then of each side length the places of a grid, and the middle."""
    made = [Window(0.0, 0.0, 1.0)]
    for side, count in _WINDOW_GRIDS:
        places = [(1.0 - side) * number / (count - 1) for number in range(count)]
        made.extend(Window(top, left, side) for top in places for left in places)
        if count % 2 == 0:
            made.append(Window((1.0 - side) / 2, (1.0 - side) / 2, side))
    return tuple(made)


def descriptors(thumbnails: np.ndarray, window: Window) -> np.ndarray:
    """Describe a window of each thumbnail.

    Args:
        thumbnails: ``(n, size, size)`` uint8.
        window: the part to describe.

    Returns:
        ``(n, 63)`` float32 of length 1, or all zero where the picture is of one flat colour. Brightness and contrast
        are not in them. Higher frequencies count more, by their distance from zero, which about undoes that natural
        pictures have less of them (Field 1987, https://doi.org/10.1364/JOSAA.4.002379).
    """
    size = thumbnails.shape[-1]
    rows = _cosines(window.top, window.side, size)
    columns = _cosines(window.left, window.side, size)
    spectrum = np.matmul(np.matmul(rows, thumbnails.astype(np.float32)), columns.T)
    weights = np.hypot(*np.indices((_FREQUENCIES, _FREQUENCIES)))
    flat = (spectrum * weights.astype(np.float32)).reshape(len(thumbnails), -1)[:, 1:]
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    contrasts = np.linalg.norm(spectrum.reshape(len(thumbnails), -1)[:, 1:], axis=1, keepdims=True)
    return np.where(contrasts >= _FLAT_LEVELS, flat / np.maximum(lengths, 1e-9), 0).astype(np.float32)


def mirrored(described: np.ndarray) -> np.ndarray:
    """What `descriptors` gives of the mirror images: odd waves from left to right change their sign."""
    signs = np.where(np.indices((_FREQUENCIES, _FREQUENCIES))[1] % 2 == 1, -1.0, 1.0)
    return described * signs.reshape(-1)[1:].astype(np.float32)


def _cosines(start: float, side: float, size: int) -> np.ndarray:
    """Cosine waves over a window, integrated over each of `size` pixels: ``(8, size)`` float32, zero outside."""
    edges = np.clip((np.arange(size + 1) / size - start) / side, 0.0, 1.0)
    waves = [edges]
    for frequency in range(1, _FREQUENCIES):
        waves.append(np.sqrt(2) * np.sin(np.pi * frequency * edges) / (np.pi * frequency))
    return np.diff(np.asarray(waves), axis=1).astype(np.float32)
