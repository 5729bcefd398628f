"""Batches to judge a model on, and which example each row of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.data.token_counts import TokenCounts, TokenTally


class RowOrder:
    """Which example each row is, and how long it is, filled in while chunks are put in order.

    Args:
        count: examples.
        chunk_size: examples a chunk.
    """

    def __init__(self, count: int, chunk_size: int) -> None:
        self.examples = np.full(count, -1, dtype=np.int64)
        self.lengths = np.zeros(count, dtype=np.int64)
        self._chunk_size = chunk_size

    def note(self, chunk: int, rows: np.ndarray, lengths: np.ndarray) -> None:
        """Note the order ``(n,)`` of the rows of one chunk, and the lengths ``(n,)`` of its examples before that."""
        start = chunk * self._chunk_size
        self.lengths[start : start + len(lengths)] = lengths
        self.examples[start : start + len(rows)] = start + rows

    @property
    def is_known(self) -> bool:
        """Whether all chunks were noted."""
        return not bool((self.examples < 0).any())


@dataclass(frozen=True)
class EvaluationBatches:
    """Batches of features in whatever order is best for speed.

    Attributes:
        dataset: batches of features alone, the last one partial.
        count: examples.
        find: gives the order where it is known only after tokenising; None: that of the examples.
        tally: counts of the tokens of the batches, or None.
        noted: what `find` gives, filled in so far as batches were made.
    """

    dataset: Any
    count: int
    find: Callable[[], RowOrder] | None = None
    tally: TokenTally | None = None
    noted: RowOrder | None = None

    @property
    def order(self) -> np.ndarray:
        """``(n,)`` int64: row i of all batches, put one after the other, belongs to ``examples[order[i]]``.

        For texts it comes out of a pass over `dataset` at no cost; asked for before one, the texts are tokenised
        for it.
        """
        return np.arange(self.count) if self.find is None else self.find().examples

    @property
    def lengths(self) -> np.ndarray | None:
        """``(n,)`` int64 tokens of each example before truncation, found as `order` is; None where there are none."""
        return None if self.find is None else self.find().lengths

    def token_counts(self) -> TokenCounts | None:
        """Counts of the batches made so far, or None where nothing is tokenised."""
        return None if self.tally is None else self.tally.of_first()
