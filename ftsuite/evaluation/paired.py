"""Two models on the same examples: the difference between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike

from ftsuite.errors import DataError
from ftsuite.evaluation.figure import make_figure
from ftsuite.evaluation.resampling import resampled_sums


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


def paired_macro_f1_difference(
    predictions_a: ArrayLike,
    predictions_b: ArrayLike,
    labels: ArrayLike,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    bootstrap_samples: int = 2000,
) -> dict[str, Any]:
    """Difference in macro F1, A less B, of two models on the same examples in the same order.

    The examples are resampled with both models' predictions together. The interval is symmetric (P. Hall, 1988,
    https://doi.org/10.1111/j.2517-6161.1988.tb01711.x), and never narrower than that of the difference in accuracy
    where the models agree on every example, since resamples then cannot differ.

    Args:
        predictions_a: (n,) int, class that model A names.
        predictions_b: (n,) int, class that model B names.
        labels: (n,) int, true class.
        confidence: between 0 and 1.
        seed: same seed, same interval.
        bootstrap_samples: number of resamples.

    Returns:
        A figure `{"value", "ci95", "n"}`.

    Raises:
        ValueError: the three do not have the same length.
        DataError: there is no example.
    """
    a, b, truth = (np.asarray(values, dtype=np.int64) for values in (predictions_a, predictions_b, labels))
    if a.ndim != 1 or not a.shape == b.shape == truth.shape:
        raise ValueError(
            f"Expected classes of the same examples. Received: shapes {a.shape}, {b.shape} and {truth.shape}"
        )
    n = len(truth)
    if n == 0:
        raise DataError("Expected at least one example to compare two models on. Received: none")
    classes = int(max(a.max(), b.max(), truth.max())) + 1
    everyone = np.ones((1, n))
    terms_a, terms_b = _f1_terms(a, truth, classes), _f1_terms(b, truth, classes)
    value = float((_macro_f1(everyone @ terms_a) - _macro_f1(everyone @ terms_b))[0])
    if np.array_equal(a, b):
        equal = paired_difference(a == truth, b == truth, confidence, seed, bootstrap_samples=bootstrap_samples)
        return {key: equal[key] for key in equal if key not in ("only_a", "only_b")}
    sums = resampled_sums(scipy.sparse.hstack([terms_a, terms_b], format="csr"), bootstrap_samples, seed)
    replicates = _macro_f1(sums[:, : 3 * classes]) - _macro_f1(sums[:, 3 * classes :])
    margin = float(np.quantile(np.abs(replicates - value), confidence))
    return make_figure(value, (max(-1.0, value - margin), min(1.0, value + margin)), n, confidence)


def _f1_terms(predictions: Any, labels: Any, classes: int) -> Any:
    """What each example adds to the counts of each class: of it, taken for it, both; sparse (n, 3 * classes)."""
    rows = np.arange(len(labels))
    right = predictions == labels
    columns = np.concatenate([labels, classes + predictions, 2 * classes + labels[right]])
    places = (np.concatenate([rows, rows, rows[right]]), columns)
    return scipy.sparse.csr_matrix((np.ones(len(columns)), places), shape=(len(labels), 3 * classes))


def _macro_f1(sums: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Macro F1 (samples,) of counts (samples, 3 * classes): the mean over the classes that have an example."""
    support, taken, both = np.split(np.asarray(sums), 3, axis=1)
    present = support > 0
    f1 = np.divide(2 * both, support + taken, out=np.zeros_like(both), where=present)
    return np.asarray(f1.sum(axis=1) / present.sum(axis=1), dtype=np.float64)


def _flags(values: ArrayLike, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    flags = np.asarray(values)
    if flags.ndim != 1:
        raise ValueError(f"Expected {name} of shape (n,). Received: shape {flags.shape}")
    if flags.dtype != np.bool_ and not np.isin(flags, (0, 1)).all():
        raise ValueError(f"Expected {name} to hold True and False only. Received: dtype {flags.dtype}")
    return flags.astype(np.bool_)
