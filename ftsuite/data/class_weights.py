"""Weights of classes by their numbers of examples. Imports no TensorFlow."""

from __future__ import annotations

import numpy as np


def effective_number_weights(
    labels: np.ndarray, num_classes: int, beta: float, sample_weights: np.ndarray | None = None
) -> np.ndarray:
    """Weights inverse to each class's effective number of examples, ``(1 - beta**n) / (1 - beta)``.

    After Cui et al., 2019 (https://arxiv.org/abs/1901.05555): the more examples a class has, the less a new one adds.

    Args:
        labels: ``(n,)`` integers.
        num_classes: length of the result.
        beta: in [0, 1); 0 weighs all classes alike, near 1 it is by the inverse frequency.
        sample_weights: ``(n,)`` how often each example is shown in an epoch, with mean 1; None for once each.

    Returns:
        ``(num_classes,)`` float32 with mean 1 over the examples; 0 for a class without examples.
    """
    counts = np.bincount(labels, weights=sample_weights, minlength=num_classes).astype(np.float64)
    present = counts > 0
    # By expm1 and log1p, because both sides of the fraction are near 0 where beta is near 1.
    numbers = np.where(present, 1.0 if beta == 0 else -np.expm1(counts * np.log(max(beta, 1e-300))), 1.0)
    weights = np.where(present, 1.0 / numbers, 0.0)
    return (weights * len(labels) / np.dot(weights, counts)).astype(np.float32)
