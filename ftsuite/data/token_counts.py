"""How many tokens a model was shown, how much of its input was padding, and how many texts were cut."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What some batches of texts held.

    Attributes:
        tokens: that are no padding, after truncation, special ones included.
        cells: of the padded arrays, of all windows where texts are read in windows.
        texts: examples.
        truncated: texts of which the model did not see all.
    """

    tokens: int
    cells: int
    texts: int
    truncated: int

    @property
    def padding_share(self) -> float:
        """Share of the cells that are padding; 0 where there are none."""
        return 1.0 - self.tokens / self.cells if self.cells else 0.0

    @property
    def truncated_share(self) -> float:
        """Share of the texts that were cut; 0 where there are none."""
        return self.truncated / self.texts if self.texts else 0.0


class TokenTally:
    """Counts of the batches of one pass, by their number: a batch that is made twice counts once."""

    def __init__(self) -> None:
        self._counts = array("q")

    def record(self, number: int, counts: np.ndarray) -> None:
        """Note the batch `number`, from 0 and none left out: ``(4,)`` integers in the order of `TokenCounts`."""
        self._counts[4 * number : 4 * number + 4] = array("q", counts.tolist())

    def of_first(self, batches: int | None = None) -> TokenCounts | None:
        """The sum over the first batches (None: all that were made), or None where nothing was counted."""
        # A copy: the pipeline reads ahead in a thread of its own.
        counts = np.asarray(self._counts[: None if batches is None else 4 * batches], dtype=np.int64).reshape(-1, 4)
        return TokenCounts(*(int(total) for total in counts.sum(axis=0))) if len(counts) else None
