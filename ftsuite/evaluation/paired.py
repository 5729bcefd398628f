"""Two models on the same examples: the difference between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ftsuite.errors import DataError
from ftsuite.evaluation.figure import make_figure


def paired_difference(
    correct_a: ArrayLike,
    correct_b: ArrayLike,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    bootstrap_samples: int = 10_000,
) -> dict[str, Any]:
    """Difference in accuracy, A less B, of two models on the same examples in the same order.

    The pairs are resampled together, which takes out what both models find hard. Half a count is added to
    each of the four cells (both right, only A, only B, neither) that are resampled, so that a handful of
    examples on which they differ, or none, still gets an interval with a width.
    Source of the half counts: A. Agresti, Y. Min, 2005, https://doi.org/10.1002/sim.1781.

    Args:
        correct_a: (n,) bool, whether model A is right.
        correct_b: (n,) bool, whether model B is right.
        confidence: between 0 and 1.
        seed: same seed, same interval.
        bootstrap_samples: number of resamples.

    Returns:
        A figure `{"value", "ci95", "n"}` with `only_a` and `only_b`: how many examples only one has right.

    Raises:
        ValueError: the two do not have the same length, or are not flags.
        DataError: there is no example.
    """
    a, b = _flags(correct_a, "correct_a"), _flags(correct_b, "correct_b")
    if a.shape != b.shape:
        raise ValueError(f"Expected flags of the same examples from both models. Received: {len(a)} and {len(b)} flags")
    n = len(a)
    if n == 0:
        raise DataError("Expected at least one example to compare two models on. Received: none")
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    shares = np.array([only_a + 0.5, only_b + 0.5, n - only_a - only_b + 1.0]) / (n + 2.0)
    draws = np.random.default_rng(seed).multinomial(n, shares, size=bootstrap_samples)
    differences = (draws[:, 0] - draws[:, 1]) / n
    low, high = np.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2])
    figure = make_figure((only_a - only_b) / n, (float(low), float(high)), n, confidence)
    return {**figure, "only_a": only_a, "only_b": only_b}


def _flags(values: ArrayLike, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    flags = np.asarray(values)
    if flags.ndim != 1:
        raise ValueError(f"Expected {name} of shape (n,). Received: shape {flags.shape}")
    if flags.dtype != np.bool_ and not np.isin(flags, (0, 1)).all():
        raise ValueError(f"Expected {name} to hold True and False only. Received: dtype {flags.dtype}")
    return flags.astype(np.bool_)
