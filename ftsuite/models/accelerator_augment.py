"""Augmentation inside the training step: a layer in front of the training model, on whatever the backend computes.

It draws nothing: the numbers of each change come with the batch (`ftsuite.data.accelerator_augment`), so that a step is
a pure function of its batch. Pictures are float32 ``(batch, height, width, 3)`` with values 0-255.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from ftsuite.models.accelerator_warp import warp

_LUMINANCE = (0.299, 0.587, 0.114)
_MID_GREY = 128.0
# Pictures, amounts (batch, k) and options to pictures.
Change = Callable[[Any, Any, Any], Any]


def has_accelerator() -> bool:
    """Whether the backend computes on something else than a CPU."""
    return any(not device.lower().startswith("cpu") for device in keras.distribution.list_devices())


class AugmentPictures(keras.layers.Layer):
    """Changes pictures as the numbers that come with them say.

    Maps ``image`` ``(batch, size, size, 3)``, ``amounts`` ``(batch, k)`` and, where pictures are mixed, ``mixing``
    ``(batch, 2, size)`` to pictures of the same shape.

    Args:
        items: options of the changes, in order, with how many numbers each has.
    """

    def __init__(self, items: Sequence[tuple[Any, int]]) -> None:
        # 8 bits of mantissa are too few for 256 levels.
        super().__init__(name="augmentation", dtype="float32", trainable=False)
        self._items = tuple(items)

    def call(self, inputs: Mapping[str, Any]) -> Any:
        """Changed pictures."""
        images, amounts = keras.ops.cast(inputs["image"], "float32"), inputs["amounts"]
        place = 0
        for item, count in self._items:
            chosen = _per_picture(amounts[:, place]) > 0.5
            changed = CHANGES[item.name](images, amounts[:, place + 1 : place + 1 + count], item)
            images = keras.ops.where(chosen, changed, images)
            place += 1 + count
        if "mixing" in inputs:
            rows, columns = inputs["mixing"][:, 0], inputs["mixing"][:, 1]
            share = rows[:, :, None, None] * columns[:, None, :, None]
            images = images * (1.0 - share) + keras.ops.flip(images, axis=0) * share
        return images

    def compute_output_shape(self, input_shape: Mapping[str, tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """That of the pictures."""
        return input_shape["image"]


def in_front(layer: Any, model: Any, amounts: int, mixes: bool) -> Any:
    """The training model behind the layer: a model over the same variables, of what the batches hold.

    Args:
        layer: an `AugmentPictures`.
        model: from pictures ``(batch, size, size, 3)`` to logits; its size may be open.
        amounts: how many numbers come with a picture.
        mixes: whether pictures are mixed.
    """
    height, width, channels = model.input.shape[1:]
    inputs = {
        "image": keras.Input((height, width, channels), dtype="float32", name="image"),
        "amounts": keras.Input((amounts,), dtype="float32", name="amounts"),
    }
    if mixes:
        inputs["mixing"] = keras.Input((2, height), dtype="float32", name="mixing")
    return keras.Model(inputs, model(layer(inputs)), name="augmented_training")


def _per_picture(values: Any) -> Any:
    return values[:, None, None, None]


def _grey(images: Any) -> Any:
    weights = keras.ops.convert_to_tensor(_LUMINANCE, dtype="float32")
    return keras.ops.sum(images * weights, axis=-1, keepdims=True)


def _clip(images: Any) -> Any:
    return keras.ops.clip(images, 0.0, 255.0)


def _turn(images: Any, amounts: Any, item: Any) -> Any:
    turns = _per_picture(amounts[:, 0])
    swapped = keras.ops.transpose(images, (0, 2, 1, 3))
    made = keras.ops.where(turns > 0.5, keras.ops.flip(swapped, axis=1), images)
    made = keras.ops.where(turns > 1.5, keras.ops.flip(images, axis=(1, 2)), made)
    return keras.ops.where(turns > 2.5, keras.ops.flip(swapped, axis=2), made)


def _colour(images: Any, amounts: Any, item: Any) -> Any:
    grey = _grey(images)
    images = grey + (images - grey) * _per_picture(amounts[:, 0])
    mean = keras.ops.mean(grey, axis=(1, 2, 3), keepdims=True)
    images = mean + (images - mean) * _per_picture(amounts[:, 1])
    if item.hue:
        matrix = keras.ops.reshape(amounts[:, 3:], (-1, 1, 1, 3, 3))
        # By hand and not by a product of matrices, which accelerators round to 10 bits.
        images = sum(images[..., channel : channel + 1] * matrix[..., channel, :] for channel in range(3))
    return _clip(images + _per_picture(amounts[:, 2]))


def _gamma(images: Any, amounts: Any, item: Any) -> Any:
    return 255.0 * keras.ops.power(keras.ops.clip(images / 255.0, 0.0, 1.0), _per_picture(amounts[:, 0]))


def _weighted(images: Any, weights: Sequence[Any], axis: int) -> Any:
    """Sums over neighbours along an axis, with mirrored borders; weights from the first neighbour to the last."""
    radius = len(weights) // 2
    padding = [(0, 0)] * 4
    padding[axis] = (radius, radius)
    padded = keras.ops.pad(images, padding, mode="reflect")
    size = images.shape[axis] if images.shape[axis] is not None else keras.ops.shape(images)[axis]

    def shifted(start: int) -> Any:
        return padded[:, start : start + size] if axis == 1 else padded[:, :, start : start + size]

    return sum(weight * shifted(start) for start, weight in enumerate(weights))


def _sharpness(images: Any, amounts: Any, item: Any) -> Any:
    # All nine neighbours alike, and the middle five times: the box of nine and four times the middle.
    box = _weighted(_weighted(images, (1.0, 1.0, 1.0), 1), (1.0, 1.0, 1.0), 2)
    smooth = (box + 4.0 * images) / 13.0
    return _clip(smooth + (1.0 + _per_picture(amounts[:, 0])) * (images - smooth))


def _blur(images: Any, amounts: Any, item: Any) -> Any:
    radius = max(1, -int(-3.0 * item.sigma[1] // 1))
    sigma = _per_picture(amounts[:, 0])
    weights = [keras.ops.exp(-0.5 * keras.ops.square(offset / sigma)) for offset in range(-radius, radius + 1)]
    total = sum(weights)
    weights = [weight / total for weight in weights]
    return _clip(_weighted(_weighted(images, weights, 1), weights, 2))


def _erase(images: Any, amounts: Any, item: Any) -> Any:
    def inside(axis: int, start: Any, extent: Any) -> Any:
        size = keras.ops.shape(images)[axis]
        place = (keras.ops.arange(size, dtype="float32") + 0.5) / keras.ops.cast(size, "float32")
        return keras.ops.logical_and(place[None] >= start[:, None], place[None] <= (start + extent)[:, None])

    rows = inside(1, amounts[:, 2], amounts[:, 0])[:, :, None, None]
    columns = inside(2, amounts[:, 3], amounts[:, 1])[:, None, :, None]
    filled = 255.0 * _noise(images, amounts[:, 4]) if item.fill == "noise" else keras.ops.full_like(images, _MID_GREY)
    return keras.ops.where(keras.ops.logical_and(rows, columns), filled, images)


def _noise(images: Any, seeds: Any) -> Any:
    """Values from 0 to 1 that look random, of each pixel's place and its picture's number: no state, any backend."""
    shape = keras.ops.shape(images)
    rows, columns = (keras.ops.arange(shape[axis], dtype="float32") for axis in (1, 2))
    channels = keras.ops.convert_to_tensor([0.0, 37.719, 91.117], dtype="float32")
    place = rows[:, None, None] * 12.9898 + columns[None, :, None] * 78.233 + channels
    waves = keras.ops.sin(place[None] + _per_picture(seeds) * 631.31) * 4375.8547
    return waves - keras.ops.floor(waves)


CHANGES: Mapping[str, Change] = {
    "flip": lambda images, amounts, item: keras.ops.flip(images, axis=2),
    "vertical-flip": lambda images, amounts, item: keras.ops.flip(images, axis=1),
    "rotate-90": _turn,
    "rotate": lambda images, amounts, item: warp(images, amounts, item.fill),
    "affine": lambda images, amounts, item: warp(images, amounts, item.fill),
    "perspective": lambda images, amounts, item: warp(images, amounts, "reflect"),
    "colour": _colour,
    "greyscale": lambda images, amounts, item: _grey(images) * keras.ops.ones_like(images),
    "gamma": _gamma,
    "sharpness": _sharpness,
    "blur": _blur,
    "erasing": _erase,
}
