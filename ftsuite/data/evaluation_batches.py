"""Batches to judge a model on, and which example each row of them is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ftsuite.data.token_counts import TokenCounts, TokenTally


class RowOrder:
    """Which example each row is, filled in while chunks are put in order.

    Args:
        count: examples.
        chunk_size: examples a chunk.
    """

    def __init__(self, count: int, chunk_size: int) -> None:
        self.examples = np.full(count, -1, dtype=np.int64)
        self._chunk_size = chunk_size

    def note(self, chunk: int, rows: np.ndarray) -> None:
        """Note the order ``(n,)`` of the rows of one chunk."""
        start = chunk * self._chunk_size
        self.examples[start : start + len(rows)] = start + rows

    @property
    def is_known(self) -> bool:
        """Whether all chunks were noted."""
        return not bool((self.examples < 0).any())


class EvaluationBatches:
    """Batches of features in whatever order is best for speed.

    Args:
        dataset: batches of features alone, the last one partial.
        count: examples.
        find_order: writes the order where it is known only after tokenising; None: that of the examples.
        tally: counts of the tokens of the batches, or None.
    """

    def __init__(
        self,
        dataset: Any,
        count: int,
        find_order: Callable[[], np.ndarray] | None = None,
        tally: TokenTally | None = None,
    ) -> None:
        self.dataset = dataset
        self._count = count
        self._find_order = find_order
        self._tally = tally

    @property
    def order(self) -> np.ndarray:
        """``(n,)`` int64: row i of all batches, put one after the other, belongs to ``examples[order[i]]``.

        For texts it comes out of a pass over `dataset` at no cost; asked for before one, the texts are tokenised
        for it.
        """
        return np.arange(self._count) if self._find_order is None else self._find_order()

    def token_counts(self) -> TokenCounts | None:
        """Counts of the batches made so far, or None where nothing is tokenised."""
        return None if self._tally is None else self._tally.of_first()
