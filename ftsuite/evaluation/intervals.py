"""Confidence intervals: Wilson's for a share, three kinds of bootstrap interval for everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from ftsuite.evaluation.figure import Interval

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share.

    It keeps its coverage near 0 and 1, where the usual "plus or minus two standard errors" has none.
    Source: E. B. Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953.

    Args:
        successes: how many of the n examples count, 0 to n.
        n: number of examples, at least 1.
        confidence: between 0 and 1.

    Returns:
        Lower and upper bound, within [0, 1]; the share lies between them.
    """
    test = scipy.stats.binomtest(int(successes), int(n))
    bounds = test.proportion_ci(confidence_level=confidence, method="wilson")
    share = successes / n
    return min(float(bounds.low), share), max(float(bounds.high), share)


def f1_interval(true_positives: int, union: int, confidence: float = 0.95) -> Interval:
    """Interval of one class's F1.

    Of the examples that are of the class or are taken for it (the union), each is a true positive with
    probability J, and F1 = 2 J / (1 + J) rises with J: so Wilson's interval of J carries over. A bootstrap
    would give a class of 25 with no mistake the interval [1, 1].

    Args:
        true_positives: examples of the class that are taken for it.
        union: examples that are of the class, are taken for it, or both; at least 1.
        confidence: between 0 and 1.
    """
    low, high = wilson_interval(true_positives, union, confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def bca_interval(value: float, replicates: FloatArray, acceleration: float, confidence: float) -> Interval:
    """Bias-corrected and accelerated bootstrap interval.

    Source: B. Efron, 1987, https://doi.org/10.1080/01621459.1987.10478410.

    Args:
        value: the estimate from the data.
        replicates: (samples,) the estimate from each resample.
        acceleration: a sixth of the skewness of the jackknife values, see `mean_acceleration`.
        confidence: between 0 and 1.
    """
    if np.ptp(replicates) == 0:
        return value, value
    below = np.mean(replicates < value) + 0.5 * np.mean(replicates == value)
    # A share of exactly 0 or 1 would put the correction at infinity.
    edge = 0.5 / len(replicates)
    bias = scipy.stats.norm.ppf(np.clip(below, edge, 1 - edge))
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    shifted = bias + scipy.stats.norm.ppf(tails)
    levels = scipy.stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(replicates, levels)
    return float(low), float(high)


def mean_acceleration(values: FloatArray) -> float:
    """Acceleration of `bca_interval` for a mean of the values (n,)."""
    deviations = values - values.mean()
    spread = float(np.sum(deviations**2))
    return float(np.sum(deviations**3) / (6 * spread**1.5)) if spread > 0 else 0.0


def symmetric_interval(value: float, replicates: FloatArray, confidence: float) -> Interval:
    """Symmetric bootstrap interval of a figure in [0, 1]: the value plus or minus one margin.

    Calibration error and macro F1 are biased in small samples and more so in resamples of them; a
    percentile interval then lies beside the value. This one always contains it and errs to the wide side.
    Source: P. Hall, 1988, https://doi.org/10.1111/j.2517-6161.1988.tb01711.x.

    Args:
        value: the estimate from the data, in [0, 1].
        replicates: (samples,) the estimate from each resample.
        confidence: between 0 and 1.
    """
    margin = float(np.quantile(np.abs(replicates - value), confidence))
    return max(0.0, value - margin), min(1.0, value + margin)
