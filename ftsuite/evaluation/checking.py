"""Checks of what is handed to an evaluation, before anything is computed from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ftsuite.errors import DataError

# A softmax in bfloat16 is off by up to a few thousandths; a row of logits is off by much more.
_SUM_TOLERANCE = 0.02


def checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the class names as a tuple.

    Raises:
        ValueError: there is none, or one occurs twice.
    """
    names = tuple(class_names)
    if not names:
        raise ValueError("Expected at least one class name. Received: none")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"Expected class names that all differ. Received: {twice[0]!r} more than once")
    return names


def checked_probabilities(probabilities: ArrayLike, num_classes: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the probabilities as float64 (n, num_classes).

    Raises:
        ValueError: the shape does not fit, or the rows are no probabilities.
        DataError: there is no row, or a value is not finite.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != num_classes:
        raise ValueError(
            f"Expected probabilities of shape (n, {num_classes}), one column a class name. "
            f"Received: shape {values.shape}"
        )
    if len(values) == 0:
        raise DataError(
            "Expected at least one example to evaluate. Received: none",
            "Give the split more data, or raise its fraction in the config (data.test_fraction).",
        )
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(broken):
        raise DataError(
            f"Expected finite probabilities. Received: NaN or infinity in {len(broken)} of {len(values)} "
            f"rows, the first is row {broken[0]}",
            "The model's weights or its inputs are not finite; lower the learning rate or check the data.",
        )
    sums = values.sum(axis=1)
    if values.min() < 0 or np.abs(sums - 1).max() > _SUM_TOLERANCE:
        raise ValueError(
            "Expected rows of probabilities that sum to 1 (apply a softmax to logits first). Received: "
            f"values from {values.min():.4g} to {values.max():.4g}, row sums from {sums.min():.4g} to "
            f"{sums.max():.4g}"
        )
    return values


def checked_labels(labels: ArrayLike, num_examples: int, num_classes: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the labels as int64 (n,).

    Raises:
        ValueError: the shape does not fit, or they are not whole numbers.
        DataError: a label is not an index of a class.
    """
    values = np.asarray(labels)
    if values.shape != (num_examples,):
        raise ValueError(
            f"Expected labels of shape ({num_examples},), one a row of probabilities. Received: shape {values.shape}"
        )
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"Expected labels of an integer dtype. Received: {values.dtype}")
    outside = values[(values < 0) | (values >= num_classes)]
    if len(outside):
        raise DataError(
            f"Expected labels from 0 to {num_classes - 1}, for {num_classes} classes. Received: {int(outside[0])}",
            "The labels and the class names come from different data; make them from the same source.",
        )
    return values.astype(np.int64)
