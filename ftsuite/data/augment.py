"""Random changes of pictures inside tf.data, as pure functions of a seed.

All use TensorFlow's stateless random numbers, so that what a picture becomes in an epoch depends on
(run seed, epoch, example) alone and not on the order in which threads come to it.
Pictures are float32 ``(height, width, 3)`` with values 0-255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ftsuite.data import rand_augment
from ftsuite.data.augmentations.hue import turn_hue
from ftsuite.data.augmentations.table import OPERATIONS
from ftsuite.data.image_options import Augmentation, Colour, CropResize, CutMix, Flip, MixUp, RandAugment


def crop_of(augment: Sequence[Augmentation]) -> CropResize | None:
    """The crop of a list of augmentations, which is made while the picture is resized, or None."""
    return next((item for item in augment if isinstance(item, CropResize)), None)


def augment_image(image: Any, augment: Sequence[Augmentation], key: Any, first: int = 0) -> Any:
    """Apply everything that changes one picture and keeps its size.

    Args:
        image: ``(size, size, 3)`` float32, 0-255.
        augment: in order; the crop and what mixes pictures are left to others.
        key: ``(2,)`` int32.
        first: position of the first of them that is not done yet.
    """
    for position, item in enumerate(augment):
        if position < first:
            continue
        step_key = key + tf.constant([7919 * (position + 1), 104729 * (position + 1)], tf.int32)
        if isinstance(item, Flip):
            mirrored = tf.random.stateless_uniform((), step_key) < item.probability
            image = tf.cond(mirrored, lambda image=image: tf.reverse(image, [1]), lambda image=image: image)
        elif isinstance(item, Colour):
            image = _colour(image, item, step_key)
        elif isinstance(item, RandAugment):
            image = rand_augment.rand_augment(image, item.layers, item.magnitude, step_key)
        elif type(item) in OPERATIONS:
            image = OPERATIONS[type(item)](image, item, step_key)
    return image


def _colour(image: Any, item: Colour, key: Any) -> Any:
    amounts = tf.random.stateless_uniform((3,), key, -1.0, 1.0)
    grey = tf.reduce_sum(image * tf.constant([0.299, 0.587, 0.114]), axis=-1, keepdims=True)
    image = grey + (image - grey) * (1.0 + item.saturation * amounts[0])
    mean = tf.reduce_mean(grey)
    image = mean + (image - mean) * (1.0 + item.contrast * amounts[1])
    if item.hue:
        image = turn_hue(image, item.hue, key)
    return tf.clip_by_value(image + 255.0 * item.brightness * amounts[2], 0.0, 255.0)


def mix_batch(images: Any, targets: Any, augment: Sequence[Augmentation], key: Any) -> tuple[Any, Any]:
    """Apply MixUp and CutMix to a batch.

    Where both are listed, each batch takes one of them, each with half of its probability.

    Args:
        images: ``(batch, size, size, 3)`` float32.
        targets: ``(batch, num_classes)`` float32 that sum to 1.
        augment: the whole list; only what mixes is used.
        key: ``(2,)`` int32.
    """
    mixers = [item for item in augment if isinstance(item, MixUp | CutMix)]
    if not mixers:
        return images, targets
    draw = tf.random.stateless_uniform((), key)
    low = 0.0
    for position, item in enumerate(mixers):
        high = low + item.probability / len(mixers)
        step_key = key + (position + 1)
        chosen = tf.logical_and(draw >= low, draw < high)
        images, targets = tf.cond(
            chosen,
            lambda images=images, targets=targets, item=item, step_key=step_key: _mix(images, targets, item, step_key),
            lambda images=images, targets=targets: (images, targets),
        )
        low = high
    return images, targets


def _mix(images: Any, targets: Any, item: MixUp | CutMix, key: Any) -> tuple[Any, Any]:
    share = _beta(item.alpha, key)
    partner, partner_targets = tf.reverse(images, [0]), tf.reverse(targets, [0])
    if isinstance(item, MixUp):
        mixed = share * images + (1.0 - share) * partner
    else:
        mask = _box_mask(tf.shape(images)[1], tf.shape(images)[2], share, key + 1)
        share = 1.0 - tf.reduce_mean(mask)
        mixed = images * (1.0 - mask) + partner * mask
    return mixed, share * targets + (1.0 - share) * partner_targets


def _beta(alpha: float, key: Any) -> Any:
    """One draw of Beta(alpha, alpha) as a ratio of two Gamma draws."""
    gammas = tf.random.stateless_gamma((2,), key, alpha=alpha)
    return tf.math.divide_no_nan(gammas[0], gammas[0] + gammas[1])


def _box_mask(height: Any, width: Any, share: Any, key: Any) -> Any:
    """``(height, width, 1)``, 1 inside a random box that covers about ``1 - share`` of the picture."""
    extent = tf.sqrt(1.0 - share)
    rows, columns = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    centre = tf.random.stateless_uniform((2,), key)
    inside_rows = tf.abs(tf.range(rows) + 0.5 - centre[0] * rows) <= extent * rows / 2.0
    inside_columns = tf.abs(tf.range(columns) + 0.5 - centre[1] * columns) <= extent * columns / 2.0
    mask = tf.logical_and(inside_rows[:, None], inside_columns[None, :])
    return tf.cast(mask, tf.float32)[:, :, None]
