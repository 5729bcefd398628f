"""From an example's path or id to the picture that a model sees, inside tf.data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.data import augment as augmentations
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX, draw_input
from ftsuite.data.image_decode import decode_dataset_element
from ftsuite.data.image_options import Augmentation


class ImageReader:
    """Reads, augments and resizes pictures; one instance serves a run.

    Args:
        image_size: height and width in pixels of what it gives outside training.
        train_image_size: the same in training.
        resizing: Keras layer that fits a picture ``(height, width, 3)`` to that size, the one that serving uses.
        augment: what happens to training pictures, in order.
    """

    def __init__(self, image_size: int, train_image_size: int, resizing: Any, augment: Sequence[Augmentation]) -> None:
        self.image_size = image_size
        self.train_image_size = train_image_size
        self._resizing = resizing
        self._augment = tuple(augment)

    def __call__(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """One picture ``(size, size, 3)`` float32 with values 0-255, in the size of training or of use.

        Args:
            element: scalars ``input`` (string: a path, or a field-guide id behind its prefix), ``decoder`` (uint8) and
                maybe ``contents`` (string): the bytes of the file.
            training: whether to augment.
            key: ``(2,)`` int32.
        """
        image = read_image(element["input"], element["decoder"], element.get("contents"))
        if not training:
            return self._whole(image)
        size = self.train_image_size
        crop = augmentations.crop_of(self._augment)
        if crop is not None:
            image = augmentations.random_crop(image, size, crop, key)
        elif size == self.image_size:
            image = self._whole(image)
        else:
            image = tf.image.resize(self._whole(image), (size, size), "bilinear", antialias=True)
        image.set_shape((size, size, 3))
        return augmentations.augment_image(image, self._augment, key)

    def _whole(self, image: Any) -> Any:
        """The whole picture as it is seen in use."""
        image = self._resizing(tf.cast(image, tf.float32))
        image.set_shape((self.image_size, self.image_size, 3))
        return image

    def mix(self, images: Any, targets: Any, key: Any) -> tuple[Any, Any]:
        """MixUp and CutMix of a batch, where the options ask for them."""
        return augmentations.mix_batch(images, targets, self._augment, key)


def read_image(source: Any, decoder: Any, contents: Any = None) -> Any:
    """Decode a file, or its contents where they are given, or draw a bird: uint8 ``(height, width, 3)``."""
    if contents is not None:
        image = decode_dataset_element(source, decoder == 1, contents)
        image.set_shape((None, None, 3))
        return image
    drawn = tf.strings.substr(source, 0, len(FIELD_GUIDE_PREFIX)) == FIELD_GUIDE_PREFIX
    image = tf.cond(
        drawn,
        lambda: tf.numpy_function(_draw, [source], tf.uint8),
        lambda: decode_dataset_element(source, decoder == 1),
    )
    image.set_shape((None, None, 3))
    return image


def _draw(source: bytes) -> np.ndarray:
    return draw_input(source.decode())
