"""Whether classes are as common on one side as on the other."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from ftsuite.data.audit.permutation import permutation_p_value, permuted_sides

_PERMUTATIONS = 999
_DRAWN_CELLS = 4_000_000


def class_share_test(
    labels: np.ndarray, side: np.ndarray, units: np.ndarray, num_classes: int, seed: int
) -> tuple[float, float, np.ndarray] | None:
    """Chi-square of classes by sides, its p-value by permutation: small counts and groups do not mislead it.

    Args:
        labels: ``(n,)`` int64.
        side: ``(n,)`` bool.
        units: ``(n,)`` int64; examples of a unit change sides together, by the side of its first.
        num_classes: of the data set.
        seed: of the permutations.

    Returns:
        Total variation distance of the two class distributions, in [0, 1]: the share of one side that would have to
        bear other labels. The p-value. The shares ``(2, num_classes)``, of False and of True. None where there is one
        class or one side only.
    """
    unit_ids, first, unit = np.unique(units, return_index=True, return_inverse=True)
    table = np.stack([np.bincount(labels[side == which], minlength=num_classes) for which in (False, True)])
    if (table.sum(axis=1) == 0).any() or (table.sum(axis=0) > 0).sum() < 2:
        return None
    shares = table / table.sum(axis=1, keepdims=True)
    ones = np.ones(len(labels), dtype=np.float64)
    by_class = scipy.sparse.csr_matrix((ones, (labels, unit)), shape=(num_classes, len(unit_ids)))
    rng, drawn = np.random.default_rng([seed, 0xC1A]), []
    together = np.zeros(len(unit_ids), dtype=np.int64)
    step = max(_DRAWN_CELLS // len(unit_ids), 1)
    for start in range(0, _PERMUTATIONS, step):
        sides = permuted_sides(side[first], together, min(step, _PERMUTATIONS - start), rng)
        drawn.append(_chi_squares(by_class @ sides.astype(np.float64), table.sum(axis=0)))
    observed = float(_chi_squares(table[1][:, None].astype(np.float64), table.sum(axis=0))[0])
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return distance, permutation_p_value(observed, np.concatenate(drawn)), shares


def _chi_squares(on_side: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Of counts of classes on one side ``(classes, permutations)``, with `totals` of both: ``(permutations,)``."""
    present = totals > 0
    on_side, totals = on_side[present], totals[present][:, None]
    count = totals.sum()
    share = on_side.sum(axis=0) / count
    # Of two rows whose expected counts are p and 1 - p of each column's total.
    variance = np.maximum(share * (1 - share), 1e-12)
    return np.asarray((np.square(on_side - share * totals) / (totals * variance)).sum(axis=0))
