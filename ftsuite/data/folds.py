"""Splits of a cross-validation: every example is in the test of one fold, and of no other.

Without groups the different contents are dealt, each class evenly (scikit-learn's StratifiedKFold over contents); with
groups the groups are (StratifiedGroupKFold over examples), as evenly as they allow. Both depend on the whole data set:
unlike a single split, folds are dealt anew when examples are added. As there is no stability to lose, validation is cut
by rank from what a fold trains on, of each class the share that is asked for, as near as groups allow.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import replace

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import TEST, TRAIN, VALIDATION, Unit, draw, fill_empty_classes, gather_units
from ftsuite.errors import DataError


def foldable_examples(examples: Examples) -> tuple[Examples, str]:
    """The examples that are dealt: all but an official test split, which stays for the job that comes of this one.

    Returns:
        The examples, without official splits, and a sentence on those that were left out; empty where none was.
    """
    if examples.splits is None:
        return examples, ""
    official = np.asarray(examples.splits)
    left = official == TEST
    kept = replace(examples.take(np.flatnonzero(~left)), splits=None)
    parts = []
    if left.any():
        parts.append(
            f"The test split that the source brings, {int(left.sum()):,} examples, takes no part in the folds; judge "
            "the job on it by a run without folds."
        )
    if np.any(official == VALIDATION):
        parts.append(
            "The validation split that the source brings is dealt to the folds together with the training split."
        )
    return kept, " ".join(parts)


def fold_splits(examples: Examples, *, count: int, held_out: int, validation_fraction: float, seed: int) -> np.ndarray:
    """The splits of one fold.

    Args:
        examples: as `foldable_examples` gives them.
        count: folds.
        held_out: the one that is the test, from 1.
        validation_fraction: above 0 and below 1, of the others; every fold draws its own.
        seed: another seed deals other folds.

    Returns:
        ``(n,)`` str of ``train``, ``validation`` and ``test``.

    Raises:
        DataError: too few different examples or groups.
    """
    units = gather_units(examples, np.arange(len(examples)), seed)
    folds = deal(examples, units, count, seed)
    others = []
    for unit, fold in zip(units, folds.tolist(), strict=True):
        if fold == held_out:
            unit.split = TEST
            continue
        unit.validation_draw, unit.test_draw = draw(seed, f"{VALIDATION} of fold {held_out}", unit.key), 0.0
        others.append(unit)
    _cut_validation(others, validation_fraction)
    fill_empty_classes(others, [TRAIN, VALIDATION])
    result = np.empty(len(examples), dtype="<U10")
    for unit in units:
        result[unit.positions] = unit.split
    return result


def _cut_validation(units: list[Unit], fraction: float) -> None:
    """Of each class send the units with the lowest draws to validation, as many as come nearest to its share.

    A group of several classes counts for the first of them.
    """
    strata: dict[int, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda one: (one.validation_draw, one.key)):
        unit.split = TRAIN
        strata[min(unit.labels)].append(unit)
    for stratum in strata.values():
        reached = np.cumsum([0, *(len(unit.positions) for unit in stratum)])
        for unit in stratum[: int(np.argmin(np.abs(reached - fraction * reached[-1])))]:
            unit.split = VALIDATION


def deal(examples: Examples, units: list[Unit], count: int, seed: int) -> np.ndarray:
    """The fold of each unit, ``(units,)`` from 1, whatever order the examples come in.

    Raises:
        DataError: fewer units than folds, or no class with an example for every fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    what = "groups" if examples.groups is not None else "examples of different content"
    grouped = examples.groups is not None
    # Of one content under several classes the first class is dealt.
    counted = [label for unit in units for label in (unit.labels if grouped else {min(unit.labels)})]
    largest = int(np.bincount(counted).max()) if units else 0
    if largest < count:
        raise DataError(
            f"Expected a class with at least {count} {what}, one for each fold. Received: at most {largest}.",
            "Lower the number of folds, or add examples.",
        )
    # One row a unit, or one an example; both in the order of units, which the order of the source has no part in.
    sizes = [len(unit.positions) if grouped else 1 for unit in units]
    owners = np.repeat(np.arange(len(units)), sizes)
    labels = (
        np.concatenate([np.sort(examples.labels[unit.positions]) for unit in units])
        if grouped
        else np.asarray([min(unit.labels) for unit in units])
    )
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    dealt = np.zeros(len(units), dtype=np.int64)
    with warnings.catch_warnings():
        # Of classes with fewer examples than folds; `ftsuite.data.splits.split_notes` tells of what a split lacks.
        warnings.simplefilter("ignore", UserWarning)
        rounds = kind(count, shuffle=True, random_state=seed).split(owners, labels, owners)
        for fold, (_, tested) in enumerate(rounds, 1):
            dealt[owners[tested]] = fold
    if len(np.unique(dealt)) < count:
        raise DataError(
            f"Expected enough {what} for {count} folds. Received: {len(units)}, with which a fold stays empty.",
            "Lower the number of folds, or add examples.",
        )
    return dealt
