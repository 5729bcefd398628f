"""Operations that move pixels: mirrors, turns, affine and perspective warps.

A warp says for each output position from which input position it takes its value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ftsuite.api import Options
from ftsuite.data.augmentations.geometric_options import Affine, Perspective, QuarterTurns, Rotate, VerticalFlip
from ftsuite.data.augmentations.operation import Operation, between, signed

_MID_GREY = 128.0


def _no_amounts(item: Any, key: Any) -> Any:
    return tf.zeros((0,), tf.float32)


def _mirror(image: Any, item: VerticalFlip, amounts: Any, key: Any) -> Any:
    return tf.reverse(image, [0])


def _draw_turns(item: QuarterTurns, key: Any) -> Any:
    return tf.floor(between(key, 0.0, 4.0))


def _turn(image: Any, item: QuarterTurns, amounts: Any, key: Any) -> Any:
    swapped = tf.transpose(image, (1, 0, 2))
    turns = (
        lambda: image,
        lambda: tf.reverse(swapped, [0]),
        lambda: tf.reverse(image, [0, 1]),
        lambda: tf.reverse(swapped, [1]),
    )
    return tf.switch_case(tf.cast(amounts[0], tf.int32), list(turns))


def _draw_rotation(item: Rotate, key: Any) -> Any:
    """The eight numbers of the warp: turned by the angle alone."""
    angle = signed(key, 1)[0] * math.radians(item.degrees)
    return tf.stack([angle, 0.0, 0.0, 1.0, 0.0, 0.0])


def _draw_affine(item: Affine, key: Any) -> Any:
    """Angle, shear of x and of y, scale, and the move along x and y as shares of the side."""
    amounts = signed(key, 5)
    shear = math.tan(math.radians(item.shear))
    low, high = (math.log(bound) for bound in item.scale)
    scale = tf.exp(low + (high - low) * (amounts[3] + 1.0) / 2.0)
    # One more draw, because a scale and a move by the same number would go together.
    move = signed(key + 1, 2) * item.translate
    return tf.stack(
        [amounts[0] * math.radians(item.degrees), amounts[1] * shear, amounts[2] * shear, scale, move[0], move[1]]
    )


def affine_coefficients(amounts: Any, height: Any, width: Any) -> Any:
    """``(8,)`` float32 of a projective warp about the centre, of what `Rotate` and `Affine` draw.

    Args:
        amounts: ``(6,)``: angle in radians, shear of x and of y, scale, moves along x and y as shares of the side.
        height: of the picture in pixels.
        width: of the picture in pixels.
    """
    angle, shear_x, shear_y, scale, move_x, move_y = tf.unstack(amounts, 6)
    cosine, sine = tf.cos(angle) / scale, tf.sin(angle) / scale
    a, b = cosine - sine * shear_y, cosine * shear_x - sine
    d, e = sine + cosine * shear_y, sine * shear_x + cosine
    rows, columns = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    x, y = (columns - 1.0) / 2.0, (rows - 1.0) / 2.0
    c = x - a * x - b * y - move_x * columns
    f = y - d * x - e * y - move_y * rows
    return tf.stack([a, b, c, d, e, f, 0.0, 0.0])


def _warp_affine(image: Any, item: Rotate | Affine, amounts: Any, key: Any) -> Any:
    shape = tf.shape(image)
    return warp(image, affine_coefficients(amounts, shape[0], shape[1]), item.fill)


def _draw_corners(item: Perspective, key: Any) -> Any:
    """How far each corner moves inward along x and y, as shares of the side: top left, top right, bottom …"""
    return between(key, 0.0, item.distortion / 2.0, 8)


def perspective_coefficients(amounts: Any, height: Any, width: Any) -> Any:
    """``(8,)`` float32 of the projective warp that takes the picture's corners from points inside it."""
    rows, columns = tf.cast(height, tf.float32) - 1.0, tf.cast(width, tf.float32) - 1.0
    corners = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    equations, values = [], []
    for number, (right, down) in enumerate(corners):
        x, y = columns * right, rows * down
        u = columns * (right + (1.0 - 2.0 * right) * amounts[2 * number])
        v = rows * (down + (1.0 - 2.0 * down) * amounts[2 * number + 1])
        equations.append(tf.stack([x, y, 1.0, 0.0, 0.0, 0.0, -x * u, -y * u]))
        equations.append(tf.stack([0.0, 0.0, 0.0, x, y, 1.0, -x * v, -y * v]))
        values += [u, v]
    return tf.linalg.solve(tf.stack(equations), tf.stack(values)[:, None])[:, 0]


def _warp_perspective(image: Any, item: Perspective, amounts: Any, key: Any) -> Any:
    shape = tf.shape(image)
    return warp(image, perspective_coefficients(amounts, shape[0], shape[1]), "reflect")


def warp(image: Any, coefficients: Any, fill: str) -> Any:
    """Output (x, y) takes its value from input ``((a x + b y + c) / k, (d x + e y + f) / k)``, ``k = g x + h y + 1``.

    Args:
        image: ``(height, width, 3)`` float32.
        coefficients: ``(8,)`` float32, a to h.
        fill: ``reflect`` or ``grey``.
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=coefficients[None],
        output_shape=tf.shape(image)[:2],
        fill_value=_MID_GREY,
        interpolation="BILINEAR",
        fill_mode="REFLECT" if fill == "reflect" else "CONSTANT",
    )[0]


GEOMETRIC: Mapping[type[Options], Operation] = {
    VerticalFlip: Operation(_no_amounts, _mirror),
    QuarterTurns: Operation(_draw_turns, _turn),
    Rotate: Operation(_draw_rotation, _warp_affine),
    Affine: Operation(_draw_affine, _warp_affine),
    Perspective: Operation(_draw_corners, _warp_perspective),
}
