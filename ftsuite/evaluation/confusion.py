"""Which classes a model takes for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics

IntArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class ConfusedPair:
    """Examples of one class that were taken for another.

    Attributes:
        true: index of their class.
        predicted: index of the class that they were taken for.
        count: how many.
        support: examples of the true class.
    """

    true: int
    predicted: int
    count: int
    support: int


def confusion_matrix(labels: IntArray, predictions: IntArray, num_classes: int) -> IntArray:
    """Count examples by true class (rows) and predicted class (columns).

    Args:
        labels: (n,) index of the true class.
        predictions: (n,) index of the predicted class.
        num_classes: number of classes.

    Returns:
        (num_classes, num_classes) counts.
    """
    matrix = sklearn.metrics.confusion_matrix(labels, predictions, labels=np.arange(num_classes))
    return np.asarray(matrix, dtype=np.int64)


def confused_pairs(matrix: IntArray, limit: int) -> list[ConfusedPair]:
    """Return the off-diagonal cells with the most examples; of equal ones, the larger share comes first."""
    support = matrix.sum(axis=1)
    rows, columns = np.nonzero(matrix - np.diag(np.diag(matrix)))
    pairs = [
        ConfusedPair(int(row), int(column), int(matrix[row, column]), int(support[row]))
        for row, column in zip(rows, columns, strict=True)
    ]
    pairs.sort(key=lambda pair: (-pair.count, -pair.count / pair.support, pair.true, pair.predicted))
    return pairs[:limit]


def most_confused_classes(matrix: IntArray, limit: int) -> list[int]:
    """Choose the classes of the most confused region, those that are confused beside each other.

    Args:
        matrix: (num_classes, num_classes) counts.
        limit: how many classes at most.

    Returns:
        Class indices; all classes in their order where there are no more than the limit.
    """
    if len(matrix) <= limit:
        return list(range(len(matrix)))
    chosen: list[int] = []
    for pair in confused_pairs(matrix, limit=matrix.size):
        fresh = [index for index in (pair.true, pair.predicted) if index not in chosen]
        if len(chosen) + len(fresh) > limit:
            continue
        if len(fresh) == 1:  # beside its partner
            partner = pair.predicted if fresh[0] == pair.true else pair.true
            chosen.insert(chosen.index(partner) + 1, fresh[0])
        else:
            chosen.extend(fresh)
    return chosen
