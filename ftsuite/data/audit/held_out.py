"""What trained models say of examples that they did not train on, beside what the frozen features say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Below this a softmax says nothing more than that it is sure, and its logarithm would drown all others.
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class HeldOut:
    """Scores of examples by models that saw neither them nor their copies nor others of their group.

    Attributes:
        scores: ``(n, classes)`` float32, larger for the likelier class; 0 where not covered.
        covered: ``(n,)`` bool, the examples that there are scores of.
    """

    scores: np.ndarray
    covered: np.ndarray


def log_scores(probabilities: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities, less their mean over classes: the logits that a softmax forgot the level of.

    Args:
        probabilities: ``(n, classes)`` floats.

    Returns:
        ``(n, classes)`` float32, finite.
    """
    logs = np.log(np.clip(probabilities, _LEAST_PROBABILITY, 1.0))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), dtype=np.float32)


def joined(parts: Sequence[HeldOut]) -> HeldOut:
    """Several trainings as one: of each example the mean of the scores that there are.

    The mean of logarithms is the ensemble that counts each training once however sure it is of itself (Hinton, 2002,
    https://doi.org/10.1162/089976602760128018, calls it a product of experts).

    Args:
        parts: at least one, of the same examples and classes.
    """
    counts = np.sum([part.covered for part in parts], axis=0)
    total = np.sum([part.scores for part in parts], axis=0, dtype=np.float32)
    return HeldOut(total / np.maximum(counts, 1)[:, None].astype(np.float32), counts > 0)
