"""Drawing on an array with sub-pixel, antialiased polygons and strokes.

OpenCV draws; its calls give the global interpreter lock back, so threads draw pictures side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
Rgb = tuple[float, float, float]

_SHIFT = 4  # OpenCV's fixed-point coordinates: 4 bits below the pixel
_ONE = float(1 << _SHIFT)


def fixed(points: Points) -> npt.NDArray[np.int32]:
    """(n, 2) pixel coordinates as the fixed-point integers that OpenCV draws from."""
    return (points * _ONE).astype(np.int32)


def fill(image: Any, points: Points, colour: Any) -> None:
    """Fill one polygon, (n, 2) in pixels, with antialiased edges, in place."""
    cv2.fillPoly(image, [fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def fill_all(image: Any, polygons: Points, colour: Any) -> None:
    """Fill (n, corners, 2) polygons of one colour; each is its own call, as overlaps in a call would cut holes."""
    for polygon in fixed(polygons):
        cv2.fillPoly(image, [polygon], colour, cv2.LINE_AA, _SHIFT)


def stroke(image: Any, lines: Sequence[Points] | Points, colour: Any, width: float, *, closed: bool = False) -> None:
    """Draw lines, each (n, 2) in pixels, `width` pixels wide, in place."""
    if len(lines):
        points = list(fixed(lines)) if isinstance(lines, np.ndarray) else [fixed(line) for line in lines]
        cv2.polylines(image, points, closed, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def disc(image: Any, x: float, y: float, radius: float, colour: Any) -> None:
    """Fill a circle given in pixels, in place."""
    cv2.circle(image, (int(x * _ONE), int(y * _ONE)), max(1, int(radius * _ONE)), colour, -1, cv2.LINE_AA, _SHIFT)


def soften(image: Any, sigma: float) -> None:
    """Blur in place by about a Gaussian of `sigma` pixels: two passes of a box, at the same cost for any width."""
    if sigma < 1.1:
        cv2.GaussianBlur(image, (0, 0), max(sigma, 0.2), image)
        return
    width = 2 * round((np.sqrt(6.0 * sigma * sigma + 1.0) - 1.0) / 2.0) + 1
    cv2.blur(image, (width, width), image)
    cv2.blur(image, (width, width), image)


def plain(height: int, width: int, colour: Rgb) -> Image:
    """An image of one colour, (height, width, 3) uint8."""
    image = np.empty((height, width, 3), np.uint8)
    cv2.rectangle(image, (0, 0), (width, height), colour, -1)
    return image


def smooth(corners: Points, steps: int = 5, *, closed: bool = True) -> Points:
    """A Catmull-Rom curve through `corners`, (n, d), with `steps` points for each of them."""
    basis = _basis(len(corners), steps, closed)
    return np.asarray(basis @ corners, dtype=np.float64)


_BASES: dict[tuple[int, int, bool], Points] = {}


def _basis(count: int, steps: int, closed: bool) -> Points:
    """The constant matrix of the curve: computed once for a number of corners, then a product a curve."""
    key = (count, steps, closed)
    if key not in _BASES:
        segments = count if closed else count - 1
        matrix = np.zeros((segments * steps + (0 if closed else 1), count))
        for row in range(len(matrix)):
            segment, fraction = min(divmod(row, steps), (segments - 1, steps))
            u = fraction / steps if segment * steps + fraction == row else 1.0
            weights = (
                -0.5 * u + u**2 - 0.5 * u**3,
                1 - 2.5 * u**2 + 1.5 * u**3,
                0.5 * u + 2 * u**2 - 1.5 * u**3,
                -0.5 * u**2 + 0.5 * u**3,
            )
            for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
                corner = segment + offset
                matrix[row, corner % count if closed else min(max(corner, 0), count - 1)] += weight
        _BASES[key] = matrix
    return _BASES[key]


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """`share` of the second colour, the rest of the first."""
    rest = 1.0 - share
    return (
        first[0] * rest + second[0] * share,
        first[1] * rest + second[1] * share,
        first[2] * rest + second[2] * share,
    )


def lit(colour: Rgb, factor: float) -> Rgb:
    """A colour made lighter (factor above 1) or darker."""
    return (min(255.0, colour[0] * factor), min(255.0, colour[1] * factor), min(255.0, colour[2] * factor))
