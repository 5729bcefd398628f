"""Examples that belong together, and folds that never cut through them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.near_identical import joined_groups


def units_of(examples: Examples) -> np.ndarray:
    """Number examples so that those of one content or of one group share a number, directly or through others.

    Returns:
        ``(n,)`` int64, counted from 0 in the order of first appearance.
    """
    numberings = [_numbered(examples.content_hashes)]
    if examples.groups is not None:
        numberings.append(_numbered(examples.groups))
    return joined_groups(*numberings)


def folds_of(units: np.ndarray, strata: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal units out to folds, those of each stratum as evenly as can be.

    Args:
        units: ``(n,)`` int64 from 0; all examples of a unit come into one fold.
        strata: ``(n,)`` int64, a class for instance; a unit counts to that of its first example.
        folds: how many.
        seed: another seed deals otherwise.

    Returns:
        ``(n,)`` int64 from 0 to below `folds`.
    """
    _, first = np.unique(units, return_index=True)
    stratum = np.asarray(strata)[first]
    order = np.lexsort((np.random.default_rng([seed, 0xF01D]).random(len(first)), stratum))
    fold_of_unit = np.empty(len(first), dtype=np.int64)
    fold_of_unit[order] = np.arange(len(first)) % folds
    return fold_of_unit[units]


def units_per_class(units: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """How many different units each class has examples in, ``(num_classes,)`` int64."""
    pairs = np.unique(np.stack([labels, units]), axis=1)
    return np.bincount(pairs[0], minlength=num_classes)


def checked_features(features: np.ndarray, count: int) -> np.ndarray:
    """Features as they came.

    Raises:
        ValueError: if they are not ``(count, d)`` finite floats with d of at least 1.
    """
    if features.ndim != 2 or len(features) != count or features.shape[1] < 1 or features.dtype.kind != "f":
        raise ValueError(f"Expected features ({count}, d) of floats. Received: {features.dtype} {features.shape}.")
    for start in range(0, count, 8192):
        if not np.isfinite(features[start : start + 8192]).all():
            raise ValueError("Expected finite features. Received: some that are not.")
    return features


def _numbered(names: Iterable[str]) -> np.ndarray:
    numbers: dict[str, int] = {}
    return np.fromiter((numbers.setdefault(name, len(numbers)) for name in names), dtype=np.int64)
