"""Projective warps of a batch of pictures on any backend, each by coefficients of its own.

Keras' own warps are affine on some backends, and one fills borders otherwise than another.
"""

from __future__ import annotations

from typing import Any

import keras

_MID_GREY = 128.0


def warp(images: Any, coefficients: Any, fill: str) -> Any:
    """Output (x, y) takes its value from input ``((a x + b y + c) / k, (d x + e y + f) / k)``, ``k = g x + h y + 1``.

    Args:
        images: ``(batch, height, width, channels)`` float32.
        coefficients: ``(batch, 8)`` float32, a to h.
        fill: ``reflect`` for the mirror image beyond the border, ``grey`` for mid-grey.

    Returns:
        Bilinear samples of the shape of `images`; the same as `ftsuite.data.augmentations.geometric.warp` gives.
    """
    ops = keras.ops
    _, height, width, channels = ops.shape(images)
    a, b, c, d, e, f, g, h = (coefficients[:, index, None, None] for index in range(8))
    x, y = ops.arange(width, dtype="float32")[None, None, :], ops.arange(height, dtype="float32")[None, :, None]
    scale = g * x + h * y + 1.0
    across, down = (a * x + b * y + c) / scale, (d * x + e * y + f) / scale
    if fill == "reflect":
        across, down = _mirrored(across, width), _mirrored(down, height)
    left, top = ops.floor(across), ops.floor(down)
    flat = ops.reshape(images, (-1, height * width, channels))

    def corner(column: Any, row: Any) -> Any:
        inside = (column >= 0) & (column <= width - 1) & (row >= 0) & (row <= height - 1)
        place = ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
        index = ops.reshape(ops.cast(place, "int32"), (-1, height * width, 1))
        found = ops.reshape(ops.take_along_axis(flat, index, axis=1), (-1, height, width, channels))
        return found if fill == "reflect" else ops.where(inside[..., None], found, _MID_GREY)

    right_share, lower_share = (across - left)[..., None], (down - top)[..., None]
    upper = corner(left, top) * (1.0 - right_share) + corner(left + 1.0, top) * right_share
    lower = corner(left, top + 1.0) * (1.0 - right_share) + corner(left + 1.0, top + 1.0) * right_share
    return upper * (1.0 - lower_share) + lower * lower_share


def _mirrored(place: Any, size: Any) -> Any:
    """A coordinate brought into the picture, mirrored at its borders as often as it takes."""
    ops = keras.ops
    length = ops.cast(size, "float32")
    around = ops.mod(place + 0.5, 2.0 * length)
    return ops.clip(ops.minimum(around, 2.0 * length - around) - 0.5, 0.0, length - 1.0)
