"""The order of an epoch in which some examples come more often than others, as a pure function of (seed, epoch)."""

from __future__ import annotations

import numpy as np

_DRAW = 0x53


def weighted_epoch_order(weights: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """As many draws as there are examples, each example by its share of the weights.

    Draws are systematic (Madow & Madow, 1944, https://doi.org/10.1214/aoms/1177731312): each example comes as often as
    it is expected to, rounded down or up, where independent draws would leave out a third of equal ones.

    Args:
        weights: ``(n,)`` float, at least 0, not all 0.
        seed: of the run.
        epoch: counted from 0 through all stages.

    Returns:
        ``(n,)`` int64 positions in random order.
    """
    random = np.random.default_rng([seed, epoch, _DRAW])
    count = len(weights)
    # Shuffled first, or which of two neighbours is rounded up would depend on the other.
    shuffled = random.permutation(count)
    ends = np.cumsum(np.asarray(weights, dtype=np.float64)[shuffled])
    ends *= count / ends[-1]
    ends[-1] = count
    reached = np.ceil(ends - random.random()).astype(np.int64)
    times = np.diff(np.concatenate([[0], reached]))
    return random.permutation(np.repeat(shuffled, times)).astype(np.int64)
