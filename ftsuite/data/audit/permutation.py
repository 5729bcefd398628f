"""Sides of units dealt out anew, for permutation tests."""

from __future__ import annotations

import numpy as np


def permuted_sides(side_of_unit: np.ndarray, strata: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Sides dealt out anew among the units of each stratum, each as often as before.

    Args:
        side_of_unit: ``(u,)`` bool.
        strata: ``(u,)`` int64; one number for all to deal out freely.
        count: how many times.
        rng: that draws.

    Returns:
        ``(u, count)`` bool.
    """
    order = np.argsort(strata, kind="stable")
    found = np.empty((len(side_of_unit), count), dtype=bool)
    for number in range(count):
        # Sorted by stratum and then at random: the same strata stand in the same places in both orders.
        shuffled = np.lexsort((rng.random(len(strata)), strata))
        found[shuffled, number] = side_of_unit[order]
    return found


def permutation_p_value(observed: float, drawn: np.ndarray) -> float:
    """The share of permutations, the data's own among them, whose statistic is at least as large.

    Phipson and Smyth, 2010 (https://doi.org/10.2202/1544-6115.1585): never 0, and at its level where nothing differs.
    """
    return (1 + int((drawn >= observed - 1e-12).sum())) / (1 + len(drawn))
