"""Augmentation that is drawn here and made on the accelerator: the numbers of each change travel with the pictures.

What is drawn is what `ftsuite.data.augment` draws from the same keys, so that a picture becomes the same, up to
rounding, wherever it is made, and is as much a pure function of (seed, epoch, example).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ftsuite.data.augment import mix_batch
from ftsuite.data.augmentations.geometric import affine_coefficients, perspective_coefficients
from ftsuite.data.augmentations.geometric_options import Affine, Perspective, QuarterTurns, Rotate, VerticalFlip
from ftsuite.data.augmentations.hue import hue_turn
from ftsuite.data.augmentations.operation import is_chosen
from ftsuite.data.augmentations.pixel_options import Blur, Erasing, Gamma, Greyscale, Sharpness
from ftsuite.data.augmentations.table import OPERATIONS
from ftsuite.data.image_options import Augmentation, Colour, CutMix, Flip, MixUp

# Of each kind that an accelerator can make, how many numbers are drawn, besides whether the picture is changed at all.
AMOUNTS: Mapping[type[Any], int] = {
    Flip: 0,
    VerticalFlip: 0,
    QuarterTurns: 1,
    Rotate: 8,
    Affine: 8,
    Perspective: 8,
    Colour: 12,
    Greyscale: 0,
    Gamma: 1,
    Sharpness: 1,
    Blur: 1,
    Erasing: 5,
}


def split_list(
    augment: Sequence[Augmentation], least: int = 0
) -> tuple[tuple[Augmentation, ...], tuple[Augmentation, ...]]:
    """What a CPU does first, and the rest that an accelerator can do; in the list's order, mixing among the rest.

    Args:
        augment: the whole list.
        least: how many of them the CPU does anyway, because it does them together with the crop.
    """
    first = len(augment)
    while first > least and (type(augment[first - 1]) in AMOUNTS or isinstance(augment[first - 1], MixUp | CutMix)):
        first -= 1
    return tuple(augment[:first]), tuple(augment[first:])


class DrawnAugmentation:
    """Draws the numbers of the augmentations of a list that an accelerator makes.

    Args:
        augment: the whole list.
        size: height and width of training pictures in pixels.
        read: makes a training picture by what `split_list` leaves to the CPU (`ftsuite.data.image.ImageReader`).
        least: see `split_list`.
        read_batch: elements and keys of a batch to its pictures at once; None where there is no such way.
    """

    def __init__(
        self,
        augment: Sequence[Augmentation],
        size: int,
        read: Callable[[Any, bool, Any], Any],
        least: int = 0,
        read_batch: Callable[[Mapping[str, Any], Any], Any] | None = None,
    ) -> None:
        host, self.items = split_list(augment, least)
        self._first, self._size, self._read, self._augment = len(host), size, read, tuple(augment)
        self._read_batch = read_batch

    def preprocess(self, element: Mapping[str, Any], training: bool, key: Any) -> dict[str, Any]:
        """A training picture ``image`` ``(size, size, 3)`` as it was read, and ``amounts`` ``(k,)`` float32."""
        return {"image": self._read(element, training, key), "amounts": self._amounts(key)}

    def preprocess_batch(self, elements: Mapping[str, Any], keys: Any) -> dict[str, Any]:
        """`preprocess` of a batch at once; `keys` are ``(batch, 2)`` int32."""
        assert self._read_batch is not None, "asked for where there is a way to read a batch"
        amounts = tf.map_fn(self._amounts, keys, fn_output_signature=tf.float32)
        amounts.set_shape((None, self.count))
        return {"image": self._read_batch(elements, keys), "amounts": amounts}

    @property
    def count(self) -> int:
        """How many numbers come with a picture."""
        return sum(1 + AMOUNTS[type(item)] for item in self.items if type(item) in AMOUNTS)

    def mix(self, features: Mapping[str, Any], targets: Any, key: Any) -> tuple[dict[str, Any], Any]:
        """Mixed targets, and how pictures are to be mixed.

        Args:
            features: of a batch.
            targets: ``(batch, num_classes)`` float32.
            key: ``(2,)`` int32.

        Returns:
            Features with ``mixing`` ``(batch, 2, size)`` float32, where the list mixes: the partner's share of a pixel
            in row r and column c is ``mixing[0, r] * mixing[1, c]``; and the targets.
        """
        if not any(isinstance(item, MixUp | CutMix) for item in self.items):
            return dict(features), targets
        # A black picture and a white one show by what the black one becomes how any pair is mixed.
        pair = tf.stack([tf.zeros((self._size, self._size, 1)), tf.ones((self._size, self._size, 1))])
        mixed, _ = mix_batch(pair, tf.eye(2), self._augment, key)
        share = mixed[0, :, :, 0]
        rows, columns = tf.reduce_max(share, axis=1), tf.reduce_max(share, axis=0)
        columns = tf.math.divide_no_nan(columns, tf.reduce_max(share))
        mean = tf.reduce_mean(share)
        mixing = tf.tile(tf.stack([rows, columns])[None], (tf.shape(targets)[0], 1, 1))
        mixing.set_shape((targets.shape[0], 2, self._size))
        return {**features, "mixing": mixing}, (1.0 - mean) * targets + mean * tf.reverse(targets, [0])

    def _amounts(self, key: Any) -> Any:
        parts = [tf.zeros((0,), tf.float32)]
        for position, item in enumerate(self._augment):
            if position >= self._first and type(item) in AMOUNTS:
                # As in `ftsuite.data.augment.augment_image`.
                step_key = key + tf.constant([7919 * (position + 1), 104729 * (position + 1)], tf.int32)
                chosen, amounts = _drawn(item, step_key, self._size)
                parts += [tf.cast(chosen, tf.float32)[None], tf.ensure_shape(amounts, (AMOUNTS[type(item)],))]
        return tf.concat(parts, axis=0)


def _drawn(item: Any, key: Any, size: int) -> tuple[Any, Any]:
    """Whether a picture is changed, and the numbers of the change."""
    if isinstance(item, Flip):
        return tf.random.stateless_uniform((), key) < item.probability, tf.zeros((0,))
    if isinstance(item, Colour):
        return tf.constant(True), tf.concat([_colour_amounts(item, key), tf.reshape(hue_turn(item.hue, key), (9,))], 0)
    amounts = OPERATIONS[type(item)].draw(item, key)
    if isinstance(item, Rotate | Affine):
        amounts = affine_coefficients(amounts, size, size)
    elif isinstance(item, Perspective):
        amounts = perspective_coefficients(amounts, size, size)
    elif isinstance(item, Erasing):
        amounts = tf.concat([amounts, tf.random.stateless_uniform((1,), key + 1)], axis=0)
    return is_chosen(item, key), amounts


def _colour_amounts(item: Colour, key: Any) -> Any:
    """Factors of saturation and of contrast, and what is added."""
    most = tf.constant([item.saturation, item.contrast, 255.0 * item.brightness])
    return tf.constant([1.0, 1.0, 0.0]) + most * tf.random.stateless_uniform((3,), key, -1.0, 1.0)
