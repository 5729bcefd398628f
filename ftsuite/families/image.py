"""Families of tasks over pictures."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from ftsuite.api import AcceleratedInput, Examples, Progress, TaskModel
from ftsuite.data.accelerator_augment import AMOUNTS, DrawnAugmentation, split_list
from ftsuite.data.image import ImageReader
from ftsuite.data.image_options import CutMix, MixUp
from ftsuite.data.kept_pictures import KeptPictures
from ftsuite.data.sources import load_examples
from ftsuite.data.training_pictures import fused_count
from ftsuite.families.answering import Answering, OneClass
from ftsuite.models.accelerator_augment import AugmentPictures, has_accelerator, in_front
from ftsuite.models.heads import image_model


class ImageTask(Answering):
    """Pictures to any answer, by a pooled backbone and a linear head.

    A subclass writes `answer`, from which loss and decoding follow, and where it answers otherwise than with one class
    of several, `load`, to give its examples targets, and `metrics`.
    """

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source."""
        return load_examples(data, self.seed, progress)

    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> TaskModel:
        """The backbone with a linear head; remembers how the backbone wants its pictures."""
        preprocessing = self._preprocessing = backbone.preprocessing
        train_image_size = self.options.train_image_size or preprocessing.image_size
        self._reader = self._reader_of(preprocessing, train_image_size)
        return image_model(backbone, self.answer_by(names), dropout, self.options.fit, train_image_size)

    def resized(self, image_size: int) -> ImageTask:
        """The same task whose pictures have another size, in training and outside."""
        twin = copy.copy(self)
        twin._reader = self._reader_of(replace(self._preprocessing, image_size=image_size), image_size)
        return twin

    def _reader_of(self, preprocessing: Any, train_image_size: int) -> ImageReader:
        resizing = preprocessing.resizing(self.options.fit)
        kept = self.kept_pictures
        return ImageReader(preprocessing.image_size, train_image_size, resizing, self.options.augment, kept)

    @cached_property
    def kept_pictures(self) -> KeptPictures:
        """Decoded pictures, kept for the whole run as `data.cache` says."""
        return KeptPictures()

    def preprocess(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """A picture ``(image_size, image_size, 3)``, augmented in training."""
        return self._reader(element, training, key)

    @property
    def preprocess_batch(self) -> Callable[[Mapping[str, Any], Any], Any] | None:
        """Training batches are made at once where the augmentation has a crop."""
        return self._reader.batch if self._reader.training is not None else None

    def augment_batch(self, features: Any, targets: Any, key: Any) -> tuple[Any, Any]:
        """MixUp and CutMix, where the options ask for them."""
        return self._reader.mix(features, targets, key)

    @property
    def mixes_batches(self) -> bool:
        """Whether the options ask for MixUp or CutMix."""
        return any(isinstance(item, MixUp | CutMix) for item in self.options.augment)

    def on_accelerator(self) -> AcceleratedInput | None:
        """What follows the last change that only a CPU can make, where the options ask for it."""
        wanted, augment = self.options.augment_on, self.options.augment
        # What is done together with the crop costs a CPU next to nothing.
        together = fused_count(augment)
        host, rest = split_list(augment, together)
        if not rest or wanted == "cpu" or (wanted == "auto" and not has_accelerator()):
            return None
        size = self._reader.train_image_size
        preprocessing = replace(self._preprocessing, image_size=self._reader.image_size)
        reader = ImageReader(
            preprocessing.image_size, size, preprocessing.resizing(self.options.fit), host, self.kept_pictures
        )
        drawn = DrawnAugmentation(augment, size, reader, together, reader.batch if reader.training else None)
        items = [(item, AMOUNTS[type(item)]) for item in rest if type(item) in AMOUNTS]
        layer = AugmentPictures(items)
        return AcceleratedInput(
            drawn.preprocess,
            drawn.mix,
            lambda model: in_front(layer, model, drawn.count, self.mixes_batches),
            drawn.preprocess_batch if reader.training else None,
        )

    @property
    def changes_inputs(self) -> bool | None:
        """Whether the options ask for random changes of single pictures."""
        return any(not isinstance(item, MixUp | CutMix) for item in self.options.augment)


class ImageClassification(OneClass, ImageTask):
    """Pictures to one class each."""
