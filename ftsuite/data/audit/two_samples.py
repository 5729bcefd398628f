"""Whether two samples come from one distribution, by a classifier that tries to tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.stats

from ftsuite.data.audit.permutation import permutation_p_value, permuted_sides
from ftsuite.data.audit.ridge import FoldedRidge
from ftsuite.data.audit.units import folds_of

_FOLDS = 5
_PERMUTATIONS = 199
_MOST_EXAMPLES = 20_000


@dataclass(frozen=True)
class TwoSampleTest:
    """What a classifier makes of two samples.

    Attributes:
        auc: chance that it scores an example of the second sample above one of the first; 0.5 where they are alike.
        balanced_accuracy: of its best guess at the threshold that takes as many for the second as there are.
        p_value: of a difference within classes.
        permutations: that it was found with.
        count: examples compared.
        scores: ``(n,)`` float64 out of sample, larger for what is like the second sample; NaN where not compared.
    """

    auc: float
    balanced_accuracy: float
    p_value: float
    permutations: int
    count: int
    scores: np.ndarray


def two_sample_test(
    features: np.ndarray, second: np.ndarray, labels: np.ndarray, units: np.ndarray, seed: int
) -> TwoSampleTest | None:
    """Classifier two-sample test (Lopez-Paz and Oquab, 2017, https://arxiv.org/abs/1610.06545) within classes.

    A linear classifier is cross-validated, units kept in one fold; its area under the curve is the statistic. Its null
    distribution is found by training it anew on permuted sides, which costs a column of targets each. Units change
    sides whole and within their class alone: neither groups nor classes that are more common on one side look like
    drift. A unit that lies on both sides counts to that of its first example.

    Args:
        features: ``(n, d)`` finite floats.
        second: ``(n,)`` bool, the sample.
        labels: ``(n,)`` int64 classes.
        units: ``(n,)`` int64.
        seed: of folds, permutations and, beyond 20,000 examples, of the sample that is compared.

    Returns:
        None where either sample has fewer than 5 units, or where no class has units of both.
    """
    rows = _sampled(units, seed)
    _, first, unit = np.unique(units[rows], return_index=True, return_inverse=True)
    side, classes = second[rows][first], labels[rows][first]
    mixed = np.unique(classes[side])
    if min(side.sum(), (~side).sum()) < _FOLDS or not np.isin(classes[~side], mixed).any():
        return None
    # Folds know the classes and not the sides, or permuting those would not be fair.
    folds = folds_of(unit, labels[rows], _FOLDS, seed)
    rng = np.random.default_rng([seed, 0xD21F])
    sides = np.concatenate([side[:, None], permuted_sides(side, classes, _PERMUTATIONS, rng)], axis=1)[unit]
    ridge = FoldedRidge(features if len(rows) == len(features) else features[rows], folds, seed=seed)
    scores = ridge.scores(sides.astype(np.float32)).astype(np.float64)
    areas = np.asarray([_area(scores[:, number], sides[:, number]) for number in range(sides.shape[1])])
    found = np.full(len(features), np.nan)
    found[rows] = scores[:, 0]
    balanced = _balanced_accuracy(scores[:, 0], sides[:, 0])
    p_value = permutation_p_value(float(areas[0]), areas[1:])
    return TwoSampleTest(float(areas[0]), balanced, p_value, _PERMUTATIONS, len(rows), found)


def _sampled(units: np.ndarray, seed: int) -> np.ndarray:
    """Rows of all units, or of so many at random that they hold no more examples than can be compared."""
    if len(units) <= _MOST_EXAMPLES:
        return np.arange(len(units))
    names, unit, counts = np.unique(units, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 0x5A3]).permutation(len(names))
    kept = order[np.cumsum(counts[order]) <= _MOST_EXAMPLES]
    return np.flatnonzero(np.isin(unit, kept))


def _area(scores: np.ndarray, second: np.ndarray) -> float:
    ranks = scipy.stats.rankdata(scores)
    count = int(second.sum())
    others = len(second) - count
    return float((ranks[second].sum() - count * (count + 1) / 2) / max(count * others, 1))


def _balanced_accuracy(scores: np.ndarray, second: np.ndarray) -> float:
    guessed = np.zeros(len(scores), dtype=bool)
    guessed[np.argsort(-scores, kind="stable")[: int(second.sum())]] = True
    return float((guessed[second].mean() + (~guessed[~second]).mean()) / 2)
