"""Operations that change values where they are: colour, light, sharpness, noise, compression, and a hidden box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ftsuite.api import Options
from ftsuite.data import rand_augment
from ftsuite.data.augmentations.operation import Operation, between, signed
from ftsuite.data.augmentations.pixel_options import Blur, Erasing, Gamma, Greyscale, Jpeg, Noise, Sharpness

_MID_GREY = 128.0
_LUMINANCE = (0.299, 0.587, 0.114)


def _draw_nothing(item: Any, key: Any) -> Any:
    return tf.zeros((0,), tf.float32)


def _greyscale(image: Any, item: Greyscale, amounts: Any, key: Any) -> Any:
    return tf.reduce_sum(image * tf.constant(_LUMINANCE), axis=-1, keepdims=True) * tf.ones_like(image)


def _draw_gamma(item: Gamma, key: Any) -> Any:
    # As likely to lighten by a factor as to darken by it.
    return tf.exp(between(key, math.log(item.gamma[0]), math.log(item.gamma[1])))


def _gamma(image: Any, item: Gamma, amounts: Any, key: Any) -> Any:
    return 255.0 * tf.pow(tf.clip_by_value(image / 255.0, 0.0, 1.0), amounts[0])


def _draw_sharpness(item: Sharpness, key: Any) -> Any:
    return signed(key, 1) * item.amount


def _sharpness(image: Any, item: Sharpness, amounts: Any, key: Any) -> Any:
    return rand_augment.sharpness(image, amounts[0] / 0.9)


def _draw_blur(item: Blur, key: Any) -> Any:
    return between(key, *item.sigma)


def _blur(image: Any, item: Blur, amounts: Any, key: Any) -> Any:
    """Columns, then rows; the kernel is as long as the widest Gaussian of the options needs."""
    radius = max(1, math.ceil(3.0 * item.sigma[1]))
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * tf.square(offsets / amounts[0]))
    weights = weights / tf.reduce_sum(weights)
    padded = tf.pad(image, ((radius, radius), (radius, radius), (0, 0)), "REFLECT")[None]
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        kernel = tf.tile(tf.reshape(weights, shape), (1, 1, 3, 1))
        padded = tf.nn.depthwise_conv2d(padded, kernel, (1, 1, 1, 1), "VALID")
    return tf.clip_by_value(padded[0], 0.0, 255.0)


def _draw_noise(item: Noise, key: Any) -> Any:
    return between(key, *item.deviation)


def _noise(image: Any, item: Noise, amounts: Any, key: Any) -> Any:
    noise = tf.random.stateless_normal(tf.shape(image), key)
    return tf.clip_by_value(image + amounts[0] * noise, 0.0, 255.0)


def _draw_quality(item: Jpeg, key: Any) -> Any:
    low, high = item.quality
    return tf.minimum(tf.floor(between(key, low, high + 1.0)), float(high))


def _jpeg(image: Any, item: Jpeg, amounts: Any, key: Any) -> Any:
    pixels = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)
    packed = tf.raw_ops.EncodeJpegVariableQuality(images=pixels, quality=tf.cast(amounts[0], tf.int32))
    return tf.cast(tf.io.decode_jpeg(packed, channels=3, dct_method="INTEGER_ACCURATE"), tf.float32)


def _draw_box(item: Erasing, key: Any) -> Any:
    """Height and width as shares of the side, and where it begins as a share of the room that is left."""
    draws = tf.random.stateless_uniform((4,), key)
    area = item.area[0] + (item.area[1] - item.area[0]) * draws[0]
    low, high = (math.log(bound) for bound in item.ratio)
    ratio = tf.exp(low + (high - low) * draws[1])
    # A box that is longer than the picture is cut, where the paper draws again: each picture costs the same.
    height, width = tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)
    return tf.stack([height, width, draws[2] * (1.0 - height), draws[3] * (1.0 - width)])


def _erase(image: Any, item: Erasing, amounts: Any, key: Any) -> Any:
    shape = tf.shape(image)
    rows, columns = tf.cast(shape[0], tf.float32), tf.cast(shape[1], tf.float32)
    down, right = (tf.range(rows) + 0.5) / rows, (tf.range(columns) + 0.5) / columns
    inside_rows = tf.logical_and(down >= amounts[2], down <= amounts[2] + amounts[0])
    inside_columns = tf.logical_and(right >= amounts[3], right <= amounts[3] + amounts[1])
    inside = tf.logical_and(inside_rows[:, None], inside_columns[None, :])[:, :, None]
    filled = tf.random.stateless_uniform(shape, key, 0.0, 255.0) if item.fill == "noise" else tf.fill(shape, _MID_GREY)
    return tf.where(inside, filled, image)


PIXELS: Mapping[type[Options], Operation] = {
    Greyscale: Operation(_draw_nothing, _greyscale),
    Gamma: Operation(_draw_gamma, _gamma),
    Sharpness: Operation(_draw_sharpness, _sharpness),
    Blur: Operation(_draw_blur, _blur),
    Noise: Operation(_draw_noise, _noise),
    Jpeg: Operation(_draw_quality, _jpeg),
    Erasing: Operation(_draw_box, _erase),
}
