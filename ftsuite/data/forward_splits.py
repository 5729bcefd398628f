"""Splits forward in time: what came last is the test, what came before it validation, and the rest training.

A cut lies between two times, so that rows of equal time stay together, at the place that comes nearest to the share
that was asked for. Nothing is drawn. Rows that are added move the cuts wherever they change how many are newer: such a
split is stable for one data set only, and split.json records where its cuts were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import TEST, TRAIN, VALIDATION
from ftsuite.data.times import time_text
from ftsuite.errors import DataError


def forward_splits(
    times: np.ndarray, *, validation_fraction: float, test_fraction: float
) -> tuple[np.ndarray, Mapping[str, Any]]:
    """Split by time.

    Args:
        times: ``(n,)`` of any dtype that sorts.
        validation_fraction: above 0 and below 1, of what comes before the test.
        test_fraction: above 0 and below 1, of all.

    Returns:
        ``(n,)`` str of ``train``, ``validation`` and ``test``, and the first time of the last two as
        ``validation_from`` and ``test_from``, texts (ISO 8601) or numbers.

    Raises:
        DataError: fewer than three different times.
    """
    distinct, counts = np.unique(times, return_counts=True)
    if len(distinct) < 3:
        raise DataError(
            "Expected at least 3 different times to split forward in time: for training, validation and test. "
            f"Received: {len(distinct)}.",
            "Name a column with finer times, or remove data.time_column.",
        )
    # How many rows are older than each time; a cut lies before one of them.
    older = np.concatenate([[0], np.cumsum(counts)[:-1]])
    test_at = _cut(older[2:], len(times) * (1 - test_fraction)) + 2
    validation_at = _cut(older[1:test_at], int(older[test_at]) * (1 - validation_fraction)) + 1
    splits = np.full(len(times), TRAIN, dtype="<U10")
    splits[times >= distinct[validation_at]] = VALIDATION
    splits[times >= distinct[test_at]] = TEST
    cuts = {"validation_from": time_text(distinct[validation_at]), "test_from": time_text(distinct[test_at])}
    return splits, cuts


def forward_note(examples: Examples, splits: np.ndarray, cuts: Mapping[str, Any], column: str | None) -> str:
    """A sentence on where the cuts lie, and how many examples came of each."""
    count = {split: int(np.sum(splits == split)) for split in (TRAIN, VALIDATION, TEST)}
    by = f" by the column {column!r}" if column else ""
    return (
        f"Split forward in time{by}: {count[TRAIN]:,} examples before {cuts['validation_from']} for training, "
        f"{count[VALIDATION]:,} from then on for validation, and {count[TEST]:,} from {cuts['test_from']} on for the "
        f"test ({count[TEST] / len(examples):.1%})."
    )


def _cut(older: np.ndarray, wanted: float) -> int:
    """The cut with the nearest number of older rows; of two as near the later one, which leaves more to train on."""
    distances = np.abs(older - wanted)
    return len(older) - 1 - int(np.argmin(distances[::-1]))
