"""Where random crops lie, and how far a picture may be shrunk before it is cropped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ftsuite.data.counter_random import uniforms
from ftsuite.data.image_options import CropResize

CROP_STREAM = 1
_ATTEMPTS = 20
# By so much the smallest crop, which hardly any picture gets, may have to be enlarged after shrinking; the one in the
# middle never.
_SLACK = 0.9
# What libjpeg-turbo decodes fast, besides 1: an eighth, a quarter, a half.
_SHRINKS = (8, 4, 2)


def side_needed(size: int, crop: CropResize) -> int:
    """Pixels that the shorter side of a picture should keep so that no crop of it is enlarged much.

    Args:
        size: height and width in pixels of what is made of a crop.
        crop: how crops are drawn.
    """
    lowest, highest = crop.scale
    return math.ceil(size * max(_SLACK / math.sqrt(lowest), 1.0 / math.sqrt((lowest + highest) / 2.0)))


def shrink_factor(height: int, width: int, needed: int) -> int:
    """By how much a picture is shrunk when it is decoded: 1, 2, 4 or 8. It depends on no random number.

    Args:
        height: of the picture in its file.
        width: likewise.
        needed: as `side_needed` gives it.
    """
    return next((factor for factor in _SHRINKS if min(height, width) >= factor * needed), 1)


def sample_boxes(sizes: np.ndarray, crop: CropResize, keys: np.ndarray, draws: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Random boxes, one for each picture (Szegedy et al., 2015, https://arxiv.org/abs/1409.4842).

    Width over height is drawn evenly from ``crop.ratio``, then the height evenly from all that leave the area within
    ``crop.scale``, as TensorFlow's sample_distorted_bounding_box does. What no drawn ratio fits is taken whole.

    Args:
        sizes: ``(n, 2)`` heights and widths in pixels, integers.
        crop: bounds of area and ratio.
        keys: ``(n, 2)`` 32-bit integers, of which a box is a pure function.
        draws: ``(n, 4)`` each, the first blocks of `uniforms` of their `CROP_STREAM` that are at hand.

    Returns:
        ``(n, 4)`` int64: top, left, height, width.
    """
    boxes = np.concatenate([np.zeros_like(sizes), sizes], axis=1).astype(np.int64)
    pending = np.arange(len(sizes))
    for attempt in range(_ATTEMPTS):
        at_hand = attempt < len(draws)
        drawn = draws[attempt][pending] if at_hand else uniforms(keys[pending], CROP_STREAM, attempt)
        found, fits = _draw(sizes[pending].astype(np.float64), crop, drawn)
        boxes[pending[fits]] = found[fits]
        pending = pending[~fits]
        if not len(pending):
            break
    return boxes


def _draw(sizes: np.ndarray, crop: CropResize, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes ``(n, 4)`` by one attempt, and which of them ``(n,)`` are as they should be."""
    tall, wide = sizes[:, 0], sizes[:, 1]
    ratio = crop.ratio[0] + (crop.ratio[1] - crop.ratio[0]) * draws[:, 0]
    lowest_area, highest_area = crop.scale[0] * tall * wide, crop.scale[1] * tall * wide
    lowest = np.rint(np.sqrt(lowest_area / ratio))
    highest = np.rint(np.sqrt(highest_area / ratio))
    too_wide = np.rint(highest * ratio) > wide
    highest = np.where(too_wide, np.floor((wide + 0.5 - 1e-7) / ratio), highest)
    highest = np.minimum(highest, tall)
    lowest = np.minimum(lowest, highest)
    height = lowest + np.floor(draws[:, 1] * (highest - lowest + 1))
    # Rounding may put the area just outside its bounds.
    height += np.rint(height * ratio) * height < lowest_area
    height -= np.rint(height * ratio) * height > highest_area
    width = np.rint(height * ratio)
    area = width * height
    fits = (lowest_area <= area) & (area <= highest_area) & (width <= wide) & (height <= tall) & (area > 0)
    top = np.floor(draws[:, 2] * (tall - height + 1))
    left = np.floor(draws[:, 3] * (wide - width + 1))
    return np.stack([top, left, height, width], axis=1).astype(np.int64), fits
