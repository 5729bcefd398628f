"""Calibration: whether a model that says 0.8 is right eight times in ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from ftsuite.evaluation.resampling import BLOCK_ELEMENTS

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

NUM_BINS = 15


def bin_index(confidences: FloatArray, num_bins: int = NUM_BINS) -> IntArray:
    """Return the bin (n,) of each top probability (n,).

    Bins are of equal width, bin m holds ((m - 1) / num_bins, m / num_bins].
    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, 2017, https://arxiv.org/abs/1706.04599.
    """
    inner = np.linspace(0.0, 1.0, num_bins + 1)[1:-1]
    return np.searchsorted(inner, confidences, side="left").astype(np.int64)


@dataclass(frozen=True)
class ReliabilityBins:
    """Examples grouped by the probability of the predicted class, in bins of equal width.

    Attributes:
        edges: (num_bins + 1,) borders of the bins from 0 to 1.
        counts: (num_bins,) examples in each.
        right: (num_bins,) examples in each that are predicted rightly.
        confidence: (num_bins,) mean probability of the predicted class, NaN for an empty bin.
    """

    edges: FloatArray
    counts: IntArray
    right: IntArray
    confidence: FloatArray


def reliability_bins(
    confidences: FloatArray, correct: np.ndarray[Any, np.dtype[np.bool_]], num_bins: int = NUM_BINS
) -> ReliabilityBins:
    """Group examples by confidence for a reliability diagram.

    Args:
        confidences: (n,) probability of the predicted class.
        correct: (n,) bool.
        num_bins: number of bins of equal width.
    """
    index = bin_index(confidences, num_bins)
    counts = np.bincount(index, minlength=num_bins)
    totals = np.bincount(index, weights=confidences, minlength=num_bins)
    return ReliabilityBins(
        edges=np.linspace(0.0, 1.0, num_bins + 1),
        counts=counts,
        right=np.bincount(index[correct], minlength=num_bins),
        confidence=np.divide(totals, counts, out=np.full(num_bins, np.nan), where=counts > 0),
    )


def calibration_error(
    confidences: FloatArray, correct: np.ndarray[Any, np.dtype[np.bool_]], num_bins: int = NUM_BINS
) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, weighted by bin.

    Args:
        confidences: (n,) probability of the predicted class.
        correct: (n,) bool.
        num_bins: number of bins of equal width.
    """
    gaps = np.bincount(bin_index(confidences, num_bins), weights=correct - confidences, minlength=num_bins)
    return float(np.abs(gaps).sum() / len(confidences))


def errors_if_calibrated(confidences: FloatArray, samples: int, seed: int, num_bins: int = NUM_BINS) -> FloatArray:
    """Draw the calibration errors that a perfectly calibrated model would show with so many examples.

    Each prediction is made right with the probability that it states: consistency resampling.
    Source: J. Bröcker, L. A. Smith, 2007, https://doi.org/10.1175/WAF993.1.

    Args:
        confidences: (n,) probability of the predicted class.
        samples: number of draws.
        seed: same seed, same draws.
        num_bins: number of bins of equal width.

    Returns:
        (samples,) float64; never 0, though the error of the model that they are drawn from is.
    """
    n = len(confidences)
    bins = scipy.sparse.csr_matrix((np.ones(n), (bin_index(confidences, num_bins), np.arange(n))))
    generator = np.random.default_rng(seed)
    block = max(1, min(samples, BLOCK_ELEMENTS // n))
    errors = []
    for start in range(0, samples, block):
        draws = generator.random((n, min(block, samples - start)))
        gaps = bins @ ((draws < confidences[:, None]) - confidences[:, None])
        errors.append(np.abs(gaps).sum(axis=0) / n)
    return np.concatenate(errors)
