"""Turning all hues by one angle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.data.augmentations.operation import signed

_DRAW = 402_653_189
# Luminance and two axes of colour (the NTSC standard): a turn of the two leaves luminance as it is.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def hue_matrix(turn: Any) -> Any:
    """``(3, 3)`` float32 by which colours ``(…, 3)`` are multiplied from the right.

    Args:
        turn: scalar, share of the circle.
    """
    angle = 2.0 * math.pi * turn
    cosine, sine = tf.cos(angle), tf.sin(angle)
    turned = tf.stack([tf.stack([1.0, 0.0, 0.0]), tf.stack([0.0, cosine, -sine]), tf.stack([0.0, sine, cosine])])
    there = tf.constant(_TO_YIQ, tf.float32)
    back = tf.constant(np.linalg.inv(_TO_YIQ), tf.float32)
    return tf.transpose(back @ turned @ there)


def hue_turn(most: float, key: Any) -> Any:
    """The matrix ``(3, 3)`` of a random turn by at most a share of the circle to either side."""
    return hue_matrix(signed(key + _DRAW, 1)[0] * most)


def turn_hue(image: Any, most: float, key: Any) -> Any:
    """Turn the hues of a picture ``(height, width, 3)`` by at most a share of their circle to either side."""
    return tf.tensordot(image, hue_turn(most, key), 1)
