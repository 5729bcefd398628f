"""RandAugment (Cubuk et al., 2020, https://arxiv.org/abs/1909.13719) by stateless TensorFlow operations.

keras.layers.RandAugment keeps a random state, which parallel tf.data workers would use in any order, and makes
about 18 pictures a second on two cores; this one is a pure function of its seed. Histogram equalisation is left out.
Pictures are float32 ``(height, width, 3)`` with values 0-255; magnitudes run from 0 to 10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

_MID_GREY = 128.0


def rand_augment(image: Any, layers: int, magnitude: float, key: Any) -> Any:
    """Apply `layers` operations drawn with replacement, each with a random sign where it has one."""
    strength = magnitude / 10.0
    size = image.shape
    for layer in range(layers):
        layer_key = key + tf.constant([15485863 * (layer + 1), layer], tf.int32)
        draws = tf.random.stateless_uniform((2,), layer_key)
        signed = tf.where(draws[1] < 0.5, -strength, strength)
        choice = tf.cast(draws[0] * float(len(OPERATIONS)), tf.int32)
        image = tf.switch_case(choice, _branches(image, signed, strength))
        image.set_shape(size)
    return image


def _branches(image: Any, signed: Any, strength: float) -> list[Callable[[], Any]]:
    def branch(operation: Callable[[Any, Any], Any], takes_sign: bool) -> Callable[[], Any]:
        return lambda: operation(image, signed if takes_sign else tf.constant(strength))

    return [branch(operation, takes_sign) for operation, takes_sign in OPERATIONS]


def _blend(image: Any, other: Any, factor: Any) -> Any:
    return tf.clip_by_value(other + factor * (image - other), 0.0, 255.0)


def _grey(image: Any) -> Any:
    return tf.reduce_sum(image * tf.constant([0.299, 0.587, 0.114]), axis=-1, keepdims=True)


def identity(image: Any, _: Any) -> Any:
    """The picture itself."""
    return image


def autocontrast(image: Any, _: Any) -> Any:
    """Stretch each channel to the whole range."""
    low = tf.reduce_min(image, axis=(0, 1), keepdims=True)
    high = tf.reduce_max(image, axis=(0, 1), keepdims=True)
    return tf.where(high > low, (image - low) * 255.0 / tf.maximum(high - low, 1.0), image)


def brightness(image: Any, signed: Any) -> Any:
    """Brighter or darker; `signed` between -1 and 1."""
    return tf.clip_by_value(image * (1.0 + 0.9 * signed), 0.0, 255.0)


def contrast(image: Any, signed: Any) -> Any:
    """More or less contrast."""
    return _blend(image, tf.reduce_mean(_grey(image)) * tf.ones_like(image), 1.0 + 0.9 * signed)


def colour(image: Any, signed: Any) -> Any:
    """More or less saturation."""
    return _blend(image, _grey(image) * tf.ones_like(image), 1.0 + 0.9 * signed)


def sharpness(image: Any, signed: Any) -> Any:
    """Sharper or softer: away from the smoothed picture, or toward it, by 0.9 of `signed`."""
    kernel = tf.constant([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]])[:, :, None, None] / 13.0
    padded = tf.pad(image, ((1, 1), (1, 1), (0, 0)), "REFLECT")
    smooth = tf.nn.depthwise_conv2d(padded[None], tf.tile(kernel, (1, 1, 3, 1)), (1, 1, 1, 1), "VALID")[0]
    return _blend(image, smooth, 1.0 + 0.9 * signed)


def posterize(image: Any, strength: Any) -> Any:
    """Fewer levels a channel: 4 bits at strength 1."""
    levels = tf.pow(2.0, tf.round(8.0 - 4.0 * strength))
    step = 256.0 / levels
    return tf.floor(image / step) * step


def solarize(image: Any, strength: Any) -> Any:
    """Turn values above a threshold into their opposite."""
    # Resizing may overshoot 255 by a rounding error, which would turn into one below 0.
    return tf.where(image >= 256.0 * (1.0 - strength), tf.maximum(255.0 - image, 0.0), image)


def _transform(image: Any, coefficients: list[Any]) -> Any:
    """Projective warp; output (x, y) takes its value from input ``(a x + b y + c, d x + e y + f)``."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=tf.stack([*map(tf.convert_to_tensor, coefficients), 0.0, 0.0])[None],
        output_shape=tf.shape(image)[:2],
        fill_value=_MID_GREY,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )[0]


def _half_extents(image: Any) -> tuple[Any, Any]:
    shape = tf.cast(tf.shape(image), tf.float32)
    return (shape[1] - 1.0) / 2.0, (shape[0] - 1.0) / 2.0


def rotate(image: Any, signed: Any) -> Any:
    """Turn by 30 degrees of `signed`."""
    angle = signed * 0.5236
    cosine, sine = tf.cos(angle), tf.sin(angle)
    x, y = _half_extents(image)
    return _transform(image, [cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y])


def shear_x(image: Any, signed: Any) -> Any:
    """Shear rows by 0.3 of `signed`."""
    _, y = _half_extents(image)
    return _transform(image, [1.0, 0.3 * signed, -0.3 * signed * y, 0.0, 1.0, 0.0])


def shear_y(image: Any, signed: Any) -> Any:
    """Shear columns by 0.3 of `signed`."""
    x, _ = _half_extents(image)
    return _transform(image, [1.0, 0.0, 0.0, 0.3 * signed, 1.0, -0.3 * signed * x])


def translate_x(image: Any, signed: Any) -> Any:
    """Move sideways by 0.45 of the width."""
    x, _ = _half_extents(image)
    return _transform(image, [1.0, 0.0, 0.9 * signed * x, 0.0, 1.0, 0.0])


def translate_y(image: Any, signed: Any) -> Any:
    """Move up or down by 0.45 of the height."""
    _, y = _half_extents(image)
    return _transform(image, [1.0, 0.0, 0.0, 0.0, 1.0, 0.9 * signed * y])


# Each with whether its strength has a random sign.
OPERATIONS: tuple[tuple[Callable[[Any, Any], Any], bool], ...] = (
    (identity, False),
    (autocontrast, False),
    (brightness, True),
    (contrast, True),
    (colour, True),
    (sharpness, True),
    (posterize, False),
    (solarize, False),
    (rotate, True),
    (shear_x, True),
    (shear_y, True),
    (translate_x, True),
    (translate_y, True),
)
