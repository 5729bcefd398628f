"""How often training shows the examples of each class, and the order that follows from it.

Class-balanced and square-root sampling as compared by Kang et al., 2020 (https://arxiv.org/abs/1910.09217): a class of
n examples is drawn by n to the power of 0 or 1/2. Imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from ftsuite.data.sampling_order import weighted_epoch_order

Sampling = Literal["natural", "balanced", "square-root"]
_POWERS: Mapping[str, float] = {"natural": 1.0, "square-root": 0.5, "balanced": 0.0}


class EpochOrder(NamedTuple):
    """The examples of an epoch.

    Attributes:
        positions: ``(n,)`` int64.
        repeats: ``(n,)`` int64, how often the same example came before in this epoch: it is augmented another way.
    """

    positions: np.ndarray
    repeats: np.ndarray


def class_shares(labels: np.ndarray, num_classes: int, sampling: Sampling) -> np.ndarray:
    """The share of each class in what training shows, ``(num_classes,)`` float64; a class without examples has 0."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)
    drawn = np.where(counts > 0, np.maximum(counts, 1.0) ** _POWERS[sampling], 0.0)
    return np.asarray(drawn / drawn.sum())


def sampled_epoch_order(labels: np.ndarray, sampling: Sampling, seed: int, epoch: int) -> EpochOrder:
    """The order of an epoch whose classes are balanced, wholly or by the square root.

    Args:
        labels: ``(n,)`` integers.
        sampling: how classes are drawn.
        seed: of the run.
        epoch: counted from 0 through all stages.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels)
    shares = class_shares(labels, len(counts), sampling)
    order = weighted_epoch_order(shares[labels] / counts[labels], seed, epoch)
    return EpochOrder(order, _repeats(order))


def _repeats(order: np.ndarray) -> np.ndarray:
    """How often each value stood before it."""
    by_value = np.argsort(order, kind="stable")
    sorted_values = order[by_value]
    first = np.searchsorted(sorted_values, sorted_values, side="left")
    repeats = np.empty(len(order), dtype=np.int64)
    repeats[by_value] = np.arange(len(order)) - first
    return repeats
