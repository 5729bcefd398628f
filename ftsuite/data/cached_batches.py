"""Batches of activations that were computed once, in the very order in which a `Pipeline` gives the examples."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.asked_targets import target_columns, targets_of
from ftsuite.data.evaluation_batches import EvaluationBatches, RowOrder
from ftsuite.data.length_batches import CHUNK_BATCHES, evaluation_rows, training_rows
from ftsuite.data.pipeline import Pipeline
from ftsuite.data.token_counts import TokenCounts, TokenTally


class Rows(Protocol):
    """Kept activations (`ftsuite.training.activations.store.Activations`)."""

    def gather(self, rows: np.ndarray, *, width: int | None = None) -> dict[str, np.ndarray]:
        """Arrays ``(batch, …)`` by name; ragged ones padded to `width`."""
        ...


@dataclass(frozen=True)
class CachedPart:
    """The activations of one split.

    Attributes:
        rows: view v of example i is row ``v * count + i``.
        count: examples.
        views: of each example.
        signature: of each tensor at the boundary: its dtype and its shape without the batch axis, None where it varies.
        row_lengths: ``(count,)`` tokens before truncation, by which batches are made; None where examples have none.
        tokens: by row, tokens that the model sees; views of a text may have more or fewer.
        truncated: by row, bool, whether it misses some.
        padded_width: the width that a batch is padded to whose longest row has so many tokens.
    """

    rows: Rows
    count: int
    views: int
    signature: Mapping[str, tuple[Any, tuple[int | None, ...]]]
    row_lengths: np.ndarray | None = None
    tokens: np.ndarray | None = None
    truncated: np.ndarray | None = None
    padded_width: Callable[[int], int] | None = None

    def counts(self, rows: np.ndarray) -> np.ndarray:
        """``(4,)`` int64 of a batch of rows, in the order of `TokenCounts`."""
        assert self.tokens is not None and self.truncated is not None and self.padded_width is not None
        seen = self.tokens[rows]
        cells = self.padded_width(int(seen.max())) * len(rows)
        return np.array([seen.sum(), cells, len(rows), self.truncated[rows].sum()], dtype=np.int64)


@dataclass(frozen=True)
class CachedPipeline:
    """What `Pipeline` gives, of activations in place of features.

    Attributes:
        pipeline: of the examples themselves.
        training: activations of the training split.
        validation: activations of the examples that epochs are judged by; None where those are judged otherwise.
    """

    pipeline: Pipeline
    training: CachedPart
    validation: CachedPart | None
    _latest: list[TokenTally] = field(default_factory=list, init=False, repr=False, compare=False)

    def training_epoch(self, examples: Examples, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """Batches (activations, targets, weights) of one epoch from a step on.

        Of more views of an example the epoch shows one, drawn by (seed, epoch, example); where the example comes again
        in the epoch, the next one.
        """
        batches, repeats = (column[first_step:] for column in self._order(examples, epoch))
        part, tally = self.training, TokenTally()
        self._latest[:] = [tally]
        rows = batches + (self._views(epoch)[batches] + repeats) % part.views * part.count
        if part.tokens is not None:
            for number, batch in enumerate(rows):
                tally.record(number, part.counts(batch))
        asked = {"label": np.asarray(examples.labels)[batches], **target_columns(examples, batches)}

        def finish(activations: Any, asked: dict[str, Any]) -> tuple[Any, Any, Any]:
            targets = targets_of(asked, self.pipeline.num_classes)
            return activations, targets, self.pipeline.weights(targets)

        gathered = _gathered(tf.data.Dataset.from_tensor_slices(rows), part, batches.shape[1])
        dataset = tf.data.Dataset.zip(gathered, tf.data.Dataset.from_tensor_slices(asked))
        return dataset.map(finish, num_parallel_calls=1).prefetch(2)

    def token_counts(self, steps: int) -> TokenCounts | None:
        """What the first `steps` batches of the latest training epoch held, or None where nothing is tokenised."""
        return self._latest[0].of_first(steps) if self._latest and self.training.tokens is not None else None

    def evaluation(self, examples: Examples) -> EvaluationBatches:
        """Batches of the activations of the validation examples, the last one partial."""
        part, size = self.validation, self.pipeline.batch_size
        assert part is not None, "a pipeline that judges has validation examples"
        order, tally = np.arange(part.count), TokenTally()
        if part.row_lengths is not None:
            chunks = np.split(order, range(CHUNK_BATCHES * size, part.count, CHUNK_BATCHES * size))
            order = np.concatenate([chunk[evaluation_rows(part.row_lengths[chunk])] for chunk in chunks])
        whole = len(order) // size * size
        datasets = [
            _gathered(tf.data.Dataset.from_tensor_slices(rows), part, rows.shape[1])
            for rows in (order[:whole].reshape(-1, size), order[whole:].reshape(1, -1))
            if rows.size
        ]
        if part.tokens is not None:
            for number, start in enumerate(range(0, part.count, size)):
                tally.record(number, part.counts(order[start : start + size]))
        found = RowOrder(part.count, part.count)
        found.examples[:] = order
        dataset = datasets[0] if len(datasets) == 1 else datasets[0].concatenate(datasets[1])
        counted = tally if part.tokens is not None else None
        return EvaluationBatches(dataset.prefetch(2), part.count, lambda: found, counted)

    def _order(self, examples: Examples, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """``(steps, batch)`` int64 examples, as `Pipeline.training_epoch` has them, and how often each came before."""
        part, seed = self.training, self.pipeline.seed
        size = min(self.pipeline.batch_size, part.count)
        order, repeats = (column[: part.count // size * size] for column in self.pipeline.order(examples, epoch))
        places = np.arange(len(order))
        if part.row_lengths is not None:
            step = CHUNK_BATCHES * size
            chunks = [places[start : start + step] for start in range(0, len(order), step)]
            arranged = [
                chunk[training_rows(part.row_lengths[order[chunk]], size, seed, epoch, number)]
                for number, chunk in enumerate(chunks)
            ]
            places = np.concatenate(arranged)
        return order[places].reshape(-1, size), repeats[places].reshape(-1, size)

    def _views(self, epoch: int) -> np.ndarray:
        """``(count,)`` int64: the view of each example that an epoch shows."""
        draws = np.random.default_rng([self.pipeline.seed, epoch, 0x71])
        return draws.integers(self.training.views, size=self.training.count)


def _gathered(batches: tf.data.Dataset, part: CachedPart, size: int) -> tf.data.Dataset:
    """Activations by name of batches of rows."""
    names = tuple(part.signature)
    gather = partial(_gather, weakref.ref(part), names)  # see `token_batches` on what a function may hold

    def read(rows: Any) -> dict[str, Any]:
        arrays = tf.numpy_function(gather, [rows], [part.signature[name][0] for name in names])
        for name, array in zip(names, arrays, strict=True):
            array.set_shape((size, *part.signature[name][1]))
        return dict(zip(names, arrays, strict=True))

    return batches.map(read, num_parallel_calls=1)


def _gather(place: weakref.ref[CachedPart], names: tuple[str, ...], rows: np.ndarray) -> list[np.ndarray]:
    part = place()
    if part is None:
        raise RuntimeError("The activations are not kept any more.")
    width = None
    if part.tokens is not None and part.padded_width is not None:
        width = part.padded_width(int(part.tokens[rows].max()))
    arrays = part.rows.gather(rows, width=width)
    return [arrays[name] for name in names]
