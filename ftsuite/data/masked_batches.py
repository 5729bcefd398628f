"""Batches for masked-language modelling: rows of like length, words hidden anew each epoch.

Order and masks are pure functions of (seed, epoch, row), so that any epoch can be made again, alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from ftsuite.data.length_batches import CHUNK_BATCHES, training_rows
from ftsuite.data.masking import IntArray, MaskedSequence, Masking
from ftsuite.data.pipeline import epoch_order
from ftsuite.data.token_counts import TokenCounts, TokenTally
from ftsuite.data.token_rows import TokenRows

# Keeps the masks of training, of judging while training and of evaluation apart.
_TRAINING, _JUDGING, _EVALUATION = 0x3A, 0x7C, 0xE1


class Packer(Protocol):
    """Puts special tokens around rows and pads them, as the text encoder does for every other use."""

    def pack(self, rows: Sequence[IntArray]) -> Mapping[str, IntArray]:
        """``token_ids`` int32 and ``padding_mask`` bool, each ``(batch, width)``."""
        ...


class MaskedBatch(NamedTuple):
    """A batch of rows with words hidden.

    Attributes:
        features: ``token_ids`` int32 and ``padding_mask`` bool ``(batch, width)``, ``mask_positions`` int32
            ``(batch, positions)``, where positions depends on the width alone.
        targets: ``(batch, positions)`` int32 tokens to predict.
        weights: ``(batch, positions)`` float32, 1, or 0 for positions that only fill up.
    """

    features: dict[str, IntArray]
    targets: IntArray
    weights: IntArray


@dataclass(frozen=True)
class MaskedBatches:
    """How rows of tokens become batches.

    Attributes:
        rows: without special tokens, none longer than the packer takes.
        masking: how words are hidden.
        packer: puts special tokens around them.
        first_position: number of special tokens in front of a row.
        batch_size: rows a batch; fewer where there are fewer rows.
        seed: of order and masks.
        most_rows: the most rows of an epoch, other ones each epoch; None for all.
    """

    rows: TokenRows
    masking: Masking
    packer: Packer
    first_position: int
    batch_size: int
    seed: int
    most_rows: int | None = None
    _tallies: list[TokenTally] = field(default_factory=list, repr=False)

    @property
    def rows_per_step(self) -> int:
        """Rows of a training batch."""
        return min(self.batch_size, len(self.rows), self.most_rows or len(self.rows))

    @property
    def steps_per_epoch(self) -> int:
        """Training batches of one epoch; a last partial one is left out, and another one each epoch."""
        return min(len(self.rows), self.most_rows or len(self.rows)) // self.rows_per_step

    def order(self, epoch: int) -> IntArray:
        """``(steps, batch)`` int64: the rows of each batch of an epoch."""
        size = self.rows_per_step
        order = epoch_order(len(self.rows), self.seed, epoch)[: size * self.steps_per_epoch]
        lengths = self.rows.lengths
        chunks = []
        for number, start in enumerate(range(0, len(order), size * CHUNK_BATCHES)):
            chunk = order[start : start + size * CHUNK_BATCHES]
            chunks.append(chunk[training_rows(lengths[chunk], size, self.seed, epoch, number)])
        return np.concatenate(chunks).reshape(-1, size)

    def training_epoch(self, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """Batches (features, targets, weights) of one epoch from a step on, as `MaskedBatch` says."""
        order = self.order(epoch)[first_step:]
        tally = TokenTally()
        self._tallies[:] = [tally]

        def make(number: IntArray, rows: IntArray) -> tuple[IntArray, ...]:
            masked = [self.masking.mask(self.rows[row], (self.seed, epoch, row, _TRAINING)) for row in rows.tolist()]
            batch = self._assemble(masked)
            cells = batch.features["padding_mask"]
            tally.record(int(number), np.array([cells.sum(), cells.size, len(rows), 0]))
            return (*(batch.features[name] for name in _FEATURES), batch.targets, batch.weights)

        def prepare(number: Any, rows: Any) -> tuple[Any, Any, Any]:
            made = tf.numpy_function(make, [number, rows], _DTYPES)
            for tensor in made:
                tensor.set_shape((order.shape[1], None))
            return dict(zip(_FEATURES, made[:3], strict=True)), made[3], made[4]

        dataset = tf.data.Dataset.from_tensor_slices((np.arange(len(order)), order))
        # One call at a time, in order, as the tally needs it; masks are made far faster than they are learnt from.
        return dataset.map(prepare, num_parallel_calls=1).prefetch(2)

    def token_counts(self, steps: int) -> TokenCounts | None:
        """Tokens and cells of the first steps of the latest training epoch; long texts are cut, not truncated."""
        return self._tallies[0].of_first(steps) if self._tallies else None

    def masked_once(self, number: int) -> Iterator[MaskedBatch]:
        """The first `number` rows with one fixed mask each, to judge by while training."""
        rows = range(min(number, len(self.rows)))
        masked = [self.masking.mask(self.rows[row], (self.seed, row, _JUDGING)) for row in rows]
        yield from (batch for batch, _ in self._scored(masked, np.arange(len(masked))))

    def each_word_once(self) -> Iterator[tuple[MaskedBatch, IntArray]]:
        """Batches in which every word of every row is hidden exactly once, and the text ``(batch,)`` of each row."""
        masked: list[MaskedSequence] = []
        texts: list[int] = []
        for row in range(len(self.rows)):
            passes = self.masking.hide_each_once(self.rows[row], (self.seed, row, _EVALUATION))
            masked += passes
            texts += [int(self.rows.texts[row])] * len(passes)
        yield from self._scored(masked, np.asarray(texts, dtype=np.int64))

    def _scored(self, masked: Sequence[MaskedSequence], texts: IntArray) -> Iterator[tuple[MaskedBatch, IntArray]]:
        """Batches by length; the last one is filled up with weightless rows, so that all have one size."""
        order = np.argsort([len(sequence.tokens) for sequence in masked], kind="stable")
        size = max(min(self.batch_size, len(order)), 1)
        for start in range(0, len(order), size):
            some = order[start : start + size]
            filled = np.concatenate([some, np.full(size - len(some), some[-1])])
            batch = self._assemble([masked[index] for index in filled])
            batch.weights[len(some) :] = 0.0
            yield batch, texts[filled]

    def _assemble(self, masked: Sequence[MaskedSequence]) -> MaskedBatch:
        packed = self.packer.pack([sequence.tokens for sequence in masked])
        # By the width alone: a shape that followed the masks would be traced in another order by a resumed run, and
        # kernels of another trace differ in the last bits.
        shape = (len(masked), self.masking.most_positions(packed["token_ids"].shape[1]))
        positions, targets = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        weights = np.zeros(shape, np.float32)
        for row, sequence in enumerate(masked):
            count = len(sequence.positions)
            positions[row, :count] = sequence.positions + self.first_position
            targets[row, :count] = sequence.targets
            weights[row, :count] = 1.0
        features = {
            "token_ids": np.asarray(packed["token_ids"], dtype=np.int32),
            "padding_mask": np.asarray(packed["padding_mask"], dtype=np.bool_),
            "mask_positions": positions,
        }
        return MaskedBatch(features, targets, weights)


_FEATURES = ("token_ids", "padding_mask", "mask_positions")
_DTYPES = [tf.int32, tf.bool, tf.int32, tf.int32, tf.float32]
