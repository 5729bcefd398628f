"""From an example's path or id to the picture that a model sees, inside tf.data."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.data import augment as augmentations
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX, draw_input
from ftsuite.data.image_decode import decode_dataset_element
from ftsuite.data.image_options import Augmentation, CropResize, CutMix, MixUp
from ftsuite.data.kept_pictures import KeptPictures
from ftsuite.data.training_pictures import TrainingPictures, fused_count


class ImageReader:
    """Reads, augments and resizes pictures; one instance serves a run.

    Args:
        image_size: height and width in pixels of what it gives outside training.
        train_image_size: the same in training.
        resizing: Keras layer that fits a picture ``(height, width, 3)`` to that size, the one that serving uses.
        augment: what happens to training pictures, in order.
        kept: where decoded and drawn pictures are kept; nowhere by default.
    """

    def __init__(
        self,
        image_size: int,
        train_image_size: int,
        resizing: Any,
        augment: Sequence[Augmentation],
        kept: KeptPictures | None = None,
    ) -> None:
        self.image_size = image_size
        self.train_image_size = train_image_size
        self._resizing = resizing
        self._augment = tuple(augment)
        self._kept = KeptPictures() if kept is None else kept
        self._fused = fused_count(self._augment)
        self._left = [
            item for item in self._augment[self._fused :] if not isinstance(item, CropResize | MixUp | CutMix)
        ]
        cropped = augmentations.crop_of(self._augment) is not None
        self.training = TrainingPictures(train_image_size, self._augment, self._kept) if cropped else None

    def __call__(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """One picture ``(size, size, 3)`` float32 with values 0-255, in the size of training or of use.

        Args:
            element: scalars ``input`` (string: a path, or a field-guide id behind its prefix), ``decoder`` (uint8) and
                maybe ``contents`` (string): the bytes of the file.
            training: whether to augment.
            key: ``(2,)`` int32.
        """
        if not training:
            return self._whole(self._read(element))
        if self.training is not None:
            one = {name: element[name][None] for name in _READ if name in element}
            return tf.cast(self.batch(one, key[None])[0], tf.float32)
        size = self.train_image_size
        image = self._whole(self._read(element))
        if size != self.image_size:
            image = tf.image.resize(image, (size, size), "bilinear", antialias=True)
        image.set_shape((size, size, 3))
        return augmentations.augment_image(image, self._augment, key)

    def batch(self, elements: Mapping[str, Any], keys: Any) -> Any:
        """Training pictures ``(n, size, size, 3)`` with values 0-255, where the augmentation begins with a crop.

        They are uint8 unless they were augmented by TensorFlow, which gives float32: models turn them into floats where
        they run, and a quarter of the bytes goes there.

        Args:
            elements: as of a single picture, ``(n,)`` each, and maybe ``contents`` (string): the bytes of the files.
            keys: ``(n, 2)`` int32.
        """
        assert self.training is not None, "asked for where there is a crop"
        names = [name for name in _READ if name in elements]
        make = partial(_make_batch, weakref.ref(self.training))
        images = tf.numpy_function(make, [keys, *(elements[name] for name in names)], tf.uint8)
        size = self.train_image_size
        images.set_shape((None, size, size, 3))
        if not self._left:
            return images

        def finish(pair: tuple[Any, Any]) -> Any:
            image = augmentations.augment_image(tf.cast(pair[0], tf.float32), self._augment, pair[1], self._fused)
            image.set_shape((size, size, 3))
            return image

        return tf.map_fn(finish, (images, keys), fn_output_signature=tf.float32)

    def _read(self, element: Mapping[str, Any]) -> Any:
        return read_image(element["input"], element["decoder"], element.get("contents"), self._kept)

    def _whole(self, image: Any) -> Any:
        """The whole picture as it is seen in use."""
        image = self._resizing(tf.cast(image, tf.float32))
        image.set_shape((self.image_size, self.image_size, 3))
        return image

    def mix(self, images: Any, targets: Any, key: Any) -> tuple[Any, Any]:
        """MixUp and CutMix of a batch, where the options ask for them."""
        if any(isinstance(item, MixUp | CutMix) for item in self._augment):
            images = tf.cast(images, tf.float32)
        return augmentations.mix_batch(images, targets, self._augment, key)


# What `TrainingPictures` is given of an element, in its order.
_READ = ("input", "decoder", "contents")


def read_image(source: Any, decoder: Any, contents: Any = None, kept: KeptPictures | None = None) -> Any:
    """Decode a file, or its contents where they are given, or draw a bird: uint8 ``(height, width, 3)``."""
    if contents is not None:
        image = decode_dataset_element(source, decoder == 1, contents)
        image.set_shape((None, None, 3))
        return image
    drawn = tf.strings.substr(source, 0, len(FIELD_GUIDE_PREFIX)) == FIELD_GUIDE_PREFIX
    draw = partial(_draw, None if kept is None else weakref.ref(kept))
    image = tf.cond(
        drawn,
        lambda: tf.numpy_function(draw, [source], tf.uint8),
        lambda: decode_dataset_element(source, decoder == 1),
    )
    image.set_shape((None, None, 3))
    return image


# TensorFlow keeps every Python function that a graph calls for as long as the process lives: they must not keep all
# the pictures of a run with them.
def _draw(place: weakref.ref[KeptPictures] | None, source: bytes) -> np.ndarray:
    kept = None if place is None else place()
    return draw_input(source.decode()) if kept is None else kept.drawn(source.decode())


def _make_batch(
    place: weakref.ref[TrainingPictures],
    keys: np.ndarray,
    sources: np.ndarray,
    decoders: np.ndarray,
    contents: np.ndarray | None = None,
) -> np.ndarray:
    training = place()
    if training is None:
        raise RuntimeError("The reader of these pictures is gone.")
    return training(sources.tolist(), decoders, keys, None if contents is None else contents.tolist())
