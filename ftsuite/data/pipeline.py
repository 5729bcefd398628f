"""tf.data pipelines whose order and augmentation are pure functions of (seed, epoch, example).

Nothing here keeps a random state, so any epoch can be made again, alone and in any process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples

Preprocess = Callable[[Any, bool, Any], Any]
Mix = Callable[[Any, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Pipeline:
    """How examples become batches.

    Attributes:
        preprocess: one element to features (`ftsuite.api.Task.preprocess`).
        mix: a batch to a batch (`ftsuite.api.Task.augment_batch`).
        num_classes: length of the one-hot targets.
        batch_size: examples a batch.
        seed: of order and augmentation.
        class_weights: ``(num_classes,)`` float32, or None for equal weights.
    """

    preprocess: Preprocess
    mix: Mix
    num_classes: int
    batch_size: int
    seed: int
    class_weights: np.ndarray | None = None

    def steps_per_epoch(self, examples: Examples) -> int:
        """Training steps of one epoch; a last partial batch is left out, and another one each epoch."""
        return max(len(examples) // self.batch_size, 1)

    def training_epoch(self, examples: Examples, epoch: int) -> tf.data.Dataset:
        """Batches (features, one-hot targets, weights) of one epoch in that epoch's order.

        Args:
            examples: the training split.
            epoch: counted from 0 through all stages.
        """
        order = epoch_order(len(examples), self.seed, epoch)
        epoch_key = epoch_seed(self.seed, epoch)
        batch_size = min(self.batch_size, len(examples))

        def prepare(element: dict[str, Any]) -> tuple[Any, Any]:
            key = tf.stack([tf.constant(epoch_key, tf.int32), tf.cast(element["index"], tf.int32)])
            return self.preprocess(element, True, key), tf.one_hot(element["label"], self.num_classes)

        def finish(number: Any, batch: tuple[Any, Any]) -> tuple[Any, Any, Any]:
            key = tf.stack([tf.constant(epoch_key ^ 0x5BD1E995, tf.int32), tf.cast(number, tf.int32)])
            features, targets = self.mix(batch[0], batch[1], key)
            return features, targets, self._weights(targets)

        dataset = _elements(examples, order).map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        dataset = dataset.batch(batch_size, drop_remainder=True)
        dataset = dataset.enumerate().map(finish, num_parallel_calls=1)
        return dataset.prefetch(2).with_options(_options())

    def evaluation(self, examples: Examples) -> tf.data.Dataset:
        """Batches of features alone, in the order of the examples, the last one partial."""
        key = tf.zeros((2,), tf.int32)
        dataset = _elements(examples, np.arange(len(examples)))
        dataset = dataset.map(lambda element: self.preprocess(element, False, key), num_parallel_calls=tf.data.AUTOTUNE)
        return dataset.batch(self.batch_size).prefetch(2).with_options(_options())

    def _weights(self, targets: Any) -> Any:
        if self.class_weights is None:
            return tf.ones((tf.shape(targets)[0],), tf.float32)
        return tf.linalg.matvec(targets, tf.constant(self.class_weights, tf.float32))


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of ``range(count)``, int64, that depends on nothing but the arguments."""
    return np.random.default_rng([seed, epoch, 0xF7]).permutation(count)


def epoch_seed(seed: int, epoch: int) -> int:
    """A 31-bit number for the augmentation of one epoch."""
    return int(np.random.SeedSequence([seed, epoch, 0xA6]).generate_state(1)[0] >> 1)


def balanced_class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights ``(num_classes,)`` float32 inverse to each class's count, with mean 1 over the examples."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)
    weights = np.where(counts > 0, len(labels) / (np.maximum(counts, 1) * np.count_nonzero(counts)), 0.0)
    return weights.astype(np.float32)


def _elements(examples: Examples, order: np.ndarray) -> tf.data.Dataset:
    decoders = examples.decoders if examples.decoders is not None else np.zeros(len(examples), np.uint8)
    return tf.data.Dataset.from_tensor_slices(
        {
            "input": np.asarray(examples.inputs, dtype=object)[order],
            "decoder": decoders[order],
            "label": examples.labels[order],
            "index": order,
        }
    )


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    return options
