"""tf.data pipelines whose order and augmentation are pure functions of (seed, epoch, example).

Nothing here keeps a random state, so any epoch can be made again, alone and in any process.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.asked_targets import targets_of
from ftsuite.data.balanced_sampling import EpochOrder, Sampling, sampled_epoch_order
from ftsuite.data.evaluation_batches import EvaluationBatches, RowOrder
from ftsuite.data.example_elements import REPEAT_STEP, elements, keys_of, whole_batches
from ftsuite.data.length_batches import CHUNK_BATCHES, evaluation_rows, training_rows
from ftsuite.data.text_batches import Encode, token_batches
from ftsuite.data.token_counts import TokenCounts, TokenTally

Preprocess = Callable[[Any, bool, Any], Any]
PreprocessBatch = Callable[[dict[str, Any], Any], Any]
Mix = Callable[[Any, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Pipeline:
    """How examples become batches.

    Attributes:
        preprocess: one element to features (`ftsuite.api.Task.preprocess`); with `encode` one batch. What it gives
            for texts may hold ``padding_mask`` (bool, True where a token stands) and ``truncated`` (``(batch,)`` bool),
            from which tokens are counted; ``truncated`` is taken off before the model sees the features.
        mix: a batch to a batch (`ftsuite.api.Task.augment_batch`).
        num_classes: length of one-hot targets; of examples with targets of their own the number of those.
        batch_size: examples a batch.
        seed: of order and augmentation.
        class_weights: ``(num_classes,)`` float32, or None for equal weights.
        encode: texts to tokens (`ftsuite.api.Task.encode`); None where examples are prepared one by one. With it
            batches are made of texts of like length.
        sampling: how often the examples of each class are shown.
        preprocess_batch: a whole training batch to features (`ftsuite.api.Task.preprocess_batch`); None where
            `preprocess` makes them one by one.
    """

    preprocess: Preprocess
    mix: Mix
    num_classes: int
    batch_size: int
    seed: int
    class_weights: np.ndarray | None = None
    encode: Encode | None = None
    sampling: Sampling = "natural"
    preprocess_batch: PreprocessBatch | None = None
    _latest: list[TokenTally] = field(default_factory=list, init=False, repr=False, compare=False)

    def steps_per_epoch(self, examples: Examples) -> int:
        """Training steps of one epoch; a last partial batch is left out, and another one each epoch."""
        return max(len(examples) // self.batch_size, 1)

    def training_epoch(self, examples: Examples, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """Batches (features, targets, weights) of one epoch in that epoch's order.

        Args:
            examples: the training split.
            epoch: counted from 0 through all stages.
            first_step: the step of the epoch to begin with; what follows is what a whole epoch gives from there on.
        """
        tally = TokenTally()
        self._latest[:] = [tally]
        epoch_key = epoch_seed(self.seed, epoch)

        def finish(number: Any, batch: tuple[Any, Any]) -> tuple[Any, Any, Any]:
            step = tf.cast(number, tf.int32) + first_step
            key = tf.stack([tf.constant(epoch_key ^ 0x5BD1E995, tf.int32), step])
            features, targets = self.mix(_counted(number, batch[0], tally), batch[1], key)
            return features, targets, self.weights(targets)

        if self.encode is None and self.preprocess_batch is not None:
            batches = self._whole_batches(examples, epoch, epoch_key, first_step)
            dataset = self._at_once(batches.enumerate(), self.preprocess_batch, finish)
            return dataset.prefetch(2).with_options(_options(tuned=False))
        make = self._single_examples if self.encode is None else self._texts
        dataset = make(examples, epoch, epoch_key, first_step).enumerate().map(finish, num_parallel_calls=1)
        return dataset.prefetch(2).with_options(_options())

    def order(self, examples: Examples, epoch: int) -> EpochOrder:
        """The examples of an epoch before they are cut into batches, ``(n,)`` each."""
        if self.sampling == "natural" and examples.sample_weights is None:
            return EpochOrder(epoch_order(len(examples), self.seed, epoch), np.zeros(len(examples), np.int64))
        return sampled_epoch_order(examples.labels, self.sampling, self.seed, epoch, examples.sample_weights)

    def batch_positions(self, examples: Examples, epoch: int, step: int) -> np.ndarray:
        """The examples ``(batch,)`` int64 of one training batch, to name them."""
        size = min(self.batch_size, len(examples))
        if self.encode is None:
            return self.order(examples, epoch).positions[step * size : (step + 1) * size]
        batch = next(iter(self._token_batches(examples, epoch, step)))
        return np.asarray(batch["index"])

    def token_counts(self, steps: int) -> TokenCounts | None:
        """What the first `steps` batches of the latest training epoch held, or None where nothing is tokenised.

        Batches are counted when they are made: those that were never asked for are not in it.
        """
        return self._latest[0].of_first(steps) if self._latest and self.encode is not None else None

    def evaluation(self, examples: Examples) -> EvaluationBatches:
        """Batches of features alone, the last one partial, and whose they are.

        Without `encode` they come in the order of the examples; with it the longest come first within each chunk.
        """
        tally = TokenTally() if self.encode is not None else None
        batches = self.fixed_batches(examples)
        dataset = batches.dataset
        if tally is not None:
            counted = partial(_counted, tally=tally)
            dataset = dataset.enumerate().map(counted, num_parallel_calls=1).prefetch(2).with_options(_options())
        return replace(batches, dataset=dataset, tally=tally)

    def fixed_batches(self, examples: Examples, view: int | None = None) -> EvaluationBatches:
        """Batches of features as the task gives them, in an order that is always the same, the last one partial.

        Args:
            examples: any.
            view: None for how examples are judged; a number for one of their augmented views, each another draw.
        """
        if self.encode is not None:
            return self._fixed_texts(examples, self.encode, view)
        key = tf.constant(0 if view is None else view_seed(self.seed, view), tf.int32)

        def prepare(element: dict[str, Any]) -> Any:
            index = tf.zeros_like(key) if view is None else tf.cast(element["index"], tf.int32)
            return self.preprocess(element, view is not None, tf.stack([key, index]))

        if view is not None and self.preprocess_batch is not None:
            order = np.arange(len(examples))
            columns = {"key": keys_of(view_seed(self.seed, view), np.zeros_like(order), order)}
            batches = elements(examples, order, columns).batch(self.batch_size).enumerate()
            dataset = self._at_once(batches, self.preprocess_batch, _features_alone)
            return EvaluationBatches(dataset.prefetch(2).with_options(_options()), len(examples))
        dataset = elements(examples, np.arange(len(examples))).map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        dataset = dataset.batch(self.batch_size).prefetch(2).with_options(_options())
        return EvaluationBatches(dataset, len(examples))

    def _single_examples(self, examples: Examples, epoch: int, epoch_key: int, first_step: int) -> tf.data.Dataset:
        """Batches (features, targets) of examples that are prepared one by one."""

        def prepare(element: dict[str, Any]) -> tuple[Any, Any]:
            key = tf.stack([_key_of(epoch_key, element["repeat"]), tf.cast(element["index"], tf.int32)])
            return self.preprocess(element, True, key), targets_of(element, self.num_classes)

        batch_size = min(self.batch_size, len(examples))
        order, repeats = (column[first_step * batch_size :] for column in self.order(examples, epoch))
        dataset = elements(examples, order, {"repeat": repeats}).map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        return dataset.batch(batch_size, drop_remainder=True)

    def _whole_batches(self, examples: Examples, epoch: int, epoch_key: int, first_step: int) -> tf.data.Dataset:
        """The elements of one epoch and their keys, a batch at a time."""
        size = min(self.batch_size, len(examples))
        order, repeats = (column[first_step * size :] for column in self.order(examples, epoch))
        return whole_batches(examples, order, size, {"repeat": repeats, "key": keys_of(epoch_key, repeats, order)})

    def _at_once(
        self, batches: tf.data.Dataset, preprocess_batch: PreprocessBatch, finish: Callable[[Any, Any], Any]
    ) -> tf.data.Dataset:
        """Training examples whose features are made a batch at a time.

        Args:
            batches: (number, elements of a batch), with keys.
            preprocess_batch: as in the `Pipeline`.
            finish: number and (features, targets) to what is given.
        """

        def prepare(number: Any, batch: dict[str, Any]) -> Any:
            features = preprocess_batch({name: batch[name] for name in batch if name != "key"}, batch["key"])
            return finish(number, (features, targets_of(batch, self.num_classes)))

        # One batch for each core, from the first on: AUTOTUNE takes longer than a short epoch to find that out.
        return batches.map(prepare, num_parallel_calls=_cores())

    def _texts(self, examples: Examples, epoch: int, epoch_key: int, first_step: int) -> tf.data.Dataset:
        """Batches (features, targets) of texts of like length."""

        def prepare(batch: dict[str, Any]) -> tuple[Any, Any]:
            index = tf.cast(batch["index"], tf.int32)
            keys = tf.stack([_key_of(epoch_key, batch["repeat"]), index], axis=1)
            return self.preprocess(batch, True, keys), targets_of(batch, self.num_classes)

        return self._token_batches(examples, epoch, first_step).map(prepare, num_parallel_calls=1)

    def _token_batches(self, examples: Examples, epoch: int, first_step: int) -> tf.data.Dataset:
        """Training batches of tokens from a step of an epoch on."""
        batch_size = min(self.batch_size, len(examples))
        # The epoch's order says who is left out, and not the length.
        kept = len(examples) // batch_size * batch_size
        order, repeats = (column[:kept] for column in self.order(examples, epoch))
        first_chunk, skipped = divmod(first_step, CHUNK_BATCHES)

        def arrange(lengths: np.ndarray, chunk: int) -> np.ndarray:
            return training_rows(lengths, batch_size, self.seed, epoch, first_chunk + chunk)

        assert self.encode is not None
        rest = slice(first_chunk * CHUNK_BATCHES * batch_size, None)
        batches = token_batches(examples, order[rest], batch_size, self.encode, arrange, repeats[rest])
        return batches.skip(skipped)

    def _fixed_texts(self, examples: Examples, encode: Encode, view: int | None) -> EvaluationBatches:
        found = RowOrder(len(examples), CHUNK_BATCHES * self.batch_size)
        place = weakref.ref(found)  # see `token_batches` on what a function may hold
        seed = 0 if view is None else view_seed(self.seed, view)

        def arrange(lengths: np.ndarray, chunk: int) -> np.ndarray:
            rows = evaluation_rows(lengths)
            if (order := place()) is not None:
                order.note(chunk, rows, lengths)
            return rows

        def prepare(batch: dict[str, Any]) -> Any:
            index = tf.cast(batch["index"], tf.int32)
            index = tf.zeros_like(index) if view is None else index
            keys = tf.stack([tf.fill(tf.shape(index), tf.constant(seed, tf.int32)), index], axis=1)
            return self.preprocess(batch, view is not None, keys)

        tokens = token_batches(examples, np.arange(len(examples)), self.batch_size, encode, arrange)

        def find() -> RowOrder:
            if not found.is_known:
                for _ in tokens:
                    pass
            return found

        dataset = tokens.map(prepare, num_parallel_calls=1).prefetch(2).with_options(_options())
        return EvaluationBatches(dataset, len(examples), find, noted=found)

    def augments(self, examples: Examples) -> bool:
        """Whether training changes these examples at random, each view another way."""
        first, second = (next(iter(self.fixed_batches(examples, view).dataset.as_numpy_iterator())) for view in (0, 1))
        pairs = zip(tf.nest.flatten(first), tf.nest.flatten(second), strict=True)
        return not all(np.array_equal(one, other) for one, other in pairs)

    def weights(self, targets: Any) -> Any:
        """``(batch,)`` float32 of targets ``(batch, outputs)``, which are one-hot where classes are weighed."""
        if self.class_weights is None:
            return tf.ones((tf.shape(targets)[0],), tf.float32)
        return tf.linalg.matvec(targets, tf.constant(self.class_weights, tf.float32))


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of ``range(count)``, int64, that depends on nothing but the arguments."""
    return np.random.default_rng([seed, epoch, 0xF7]).permutation(count)


def epoch_seed(seed: int, epoch: int) -> int:
    """A 31-bit number for the augmentation of one epoch."""
    return int(np.random.SeedSequence([seed, epoch, 0xA6]).generate_state(1)[0] >> 1)


def _key_of(epoch_key: int, repeat: Any) -> Any:
    """The first number of a key: the epoch's, and another one where an example comes again in the epoch."""
    return tf.constant(epoch_key, tf.int32) + tf.cast(repeat, tf.int32) * REPEAT_STEP


def view_seed(seed: int, view: int) -> int:
    """A 31-bit number for one augmented view of every example."""
    return int(np.random.SeedSequence([seed, view, 0x56]).generate_state(1)[0] >> 1)


def balanced_class_weights(
    labels: np.ndarray, num_classes: int, sample_weights: np.ndarray | None = None
) -> np.ndarray:
    """Weights ``(num_classes,)`` float32 inverse to each class's count, with mean 1 over what training shows."""
    counts = np.bincount(labels, weights=sample_weights, minlength=num_classes).astype(np.float64)
    present = counts > 0
    weights = np.where(present, len(labels) / (np.where(present, counts, 1.0) * np.count_nonzero(present)), 0.0)
    return weights.astype(np.float32)


def _counted(number: Any, features: Any, tally: TokenTally) -> Any:
    """Count the tokens of a batch into `tally`; gives the features without what was only for counting."""
    if not isinstance(features, dict) or "padding_mask" not in features:
        return features
    features = dict(features)
    mask = features["padding_mask"]
    truncated = features.pop("truncated", tf.zeros((1,), tf.bool))
    counts = tf.stack(
        [
            tf.math.count_nonzero(mask),
            tf.size(mask, tf.int64),
            tf.shape(mask, tf.int64)[0],
            tf.math.count_nonzero(truncated),
        ]
    )

    record = partial(_record, weakref.ref(tally))  # see `token_batches` on what a function may hold
    with tf.control_dependencies([tf.numpy_function(record, [number, counts], tf.int64)]):
        features["padding_mask"] = tf.identity(mask)
    return features


def _record(place: weakref.ref[TokenTally], number: np.ndarray, counts: np.ndarray) -> np.ndarray:
    tally = place()
    if tally is not None:
        tally.record(int(number), counts)
    return number


def _features_alone(number: Any, batch: tuple[Any, Any]) -> Any:
    return batch[0]


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _options(tuned: bool = True) -> tf.data.Options:
    """In order; `tuned` where anything is left to AUTOTUNE, which takes time of its own."""
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = tuned
    return options
