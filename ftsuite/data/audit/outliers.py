"""Examples that are unlike all others."""

from __future__ import annotations

import numpy as np
import scipy.stats

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.data.audit.units import checked_features, units_of

CHECK = "outliers"
NEIGHBOUR = 5
_FEWEST_EXAMPLES = 50
_BLOCK_ROWS = 1024
_REFERENCES = 10_000
# Spreads above the median. Distances of features of length 1 have a lighter tail than a normal distribution, which
# leaves 1 of 2,000 beyond: of 2,346 bird photos the farthest is at 3.0, black, blue and noise pictures at 3.6 to 4.0.
_REACH = 3.3
# Where distances hardly differ, what is no farther than this over the median is no outlier.
_LEAST_FACTOR = 1.25


def check_outliers(examples: Examples, splits: np.ndarray, features: np.ndarray) -> list[Finding]:
    """Flag examples whose neighbours among the features of all examples are far away.

    The distance to the fifth nearest other example (Sun et al., 2022, https://arxiv.org/abs/2204.06507) between
    features of length 1 tells; copies of an example and the rest of its group are no neighbours. Its threshold comes
    from the distances themselves (`outlier_threshold`). A handful of odd examples that are like each other hide one
    another, and so do all that are odd where more than a tenth are.

    Args:
        examples: n of them, of any split.
        splits: ``(n,)`` str.
        features: ``(n, d)`` finite floats of a frozen backbone.

    Returns:
        One finding, or none where nothing is flagged or there are too few examples to tell.

    Raises:
        ValueError: features that are not as said.
    """
    units = units_of(examples)
    if len(np.unique(units)) < _FEWEST_EXAMPLES:
        checked_features(features, len(examples))
        return []
    distances = neighbour_distances(features, units)
    threshold = outlier_threshold(distances)
    median = float(np.median(distances))
    found = np.flatnonzero(distances > threshold)
    found = found[np.argsort(-distances[found], kind="stable")]
    if not len(found):
        return []
    flagged = tuple(
        Flagged(
            (int(at),),
            f"Its neighbours are {distances[at] / max(median, 1e-12):.1f} times as far away as those of half of the "
            f"examples ({splits[at]}, labelled {examples.class_names[int(examples.labels[at])]!r}).",
            round(float(distances[at]), 6),
        )
        for at in found
    )
    verb = "example is" if len(found) == 1 else "examples are"
    return [
        Finding(
            CHECK,
            "warning",
            f"{len(found):,} of {len(examples):,} {verb} unlike all others.",
            "Look at them: what shows nothing of any class should be left out; what is merely rare should stay.",
            flagged,
            figures={"threshold": round(threshold, 6), "median": round(median, 6), "neighbour": NEIGHBOUR},
        )
    ]


def neighbour_distances(
    features: np.ndarray, units: np.ndarray, *, seed: int = 0, references: int = _REFERENCES
) -> np.ndarray:
    """How far each example is from its fifth nearest neighbour of another unit.

    Args:
        features: ``(n, d)`` finite floats.
        units: ``(n,)`` int64; of each other unit one example counts.
        seed: of the sample.
        references: the most examples that neighbours are looked for among; a sample of them where there are more.

    Returns:
        ``(n,)`` float64, distances in [0, 2] of vectors of length 1.
    """
    features = checked_features(features, len(units))
    _, chosen = np.unique(units, return_index=True)
    if len(chosen) > references:
        chosen = np.sort(np.random.default_rng([seed, 0x0D7]).choice(chosen, references, replace=False))
    reference = _unit_vectors(features[chosen])
    rank = min(NEIGHBOUR, len(chosen) - 1)
    found = np.zeros(len(units))
    if rank < 1:
        return found
    place = np.full(int(units.max()) + 1, -1, dtype=np.int64)
    place[units[chosen]] = np.arange(len(chosen))
    for start in range(0, len(units), _BLOCK_ROWS):
        rows = np.arange(start, min(start + _BLOCK_ROWS, len(units)))
        cosines = _unit_vectors(features[rows]) @ reference.T
        own = place[units[rows]]
        cosines[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
        nearest = np.partition(cosines, -rank, axis=1)[:, -rank]
        found[rows] = np.sqrt(np.maximum(2.0 - 2.0 * nearest.astype(np.float64), 0.0))
    return found


def outlier_threshold(distances: np.ndarray) -> float:
    """The distance from which on an example is unlike all others.

    Logarithms of the distances are compared with their median, in units of the greater of two spreads that a tenth of
    outliers hardly moves: from the median to the 75th and to the 90th percentile.

    Args:
        distances: ``(n,)`` at least 0.
    """
    logs = np.log(np.maximum(distances, 1e-9))
    middle, upper, far = np.quantile(logs, [0.5, 0.75, 0.9])
    spread = max((upper - middle) / scipy.stats.norm.ppf(0.75), (far - middle) / scipy.stats.norm.ppf(0.9))
    return float(np.exp(middle + max(spread * _REACH, np.log(_LEAST_FACTOR))))


def _unit_vectors(features: np.ndarray) -> np.ndarray:
    vectors = np.asarray(features, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
