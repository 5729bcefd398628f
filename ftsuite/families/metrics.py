"""Ready-made metrics of tasks with targets, headline first: of numbers, and of labels that apply or do not.

They are fast, as the suite computes each some thousand times for its interval, and give NaN where the examples do not
define them, which the suite tells as "not defined".
"""

from __future__ import annotations

import numpy as np
import scipy.stats

from ftsuite.api import Metric


def number_metrics(unit: str = "") -> tuple[Metric, ...]:
    """Mean absolute error, root mean squared error, R², and Spearman's rank correlation.

    Of several outputs each is the mean over them, so their units should be the same.

    Args:
        unit: of the numbers, for the report.
    """
    return (
        Metric("mean_absolute_error", mean_absolute_error, "lower", "how far off an answer is, on average", unit),
        Metric("root_mean_squared_error", root_mean_squared_error, "lower", "large errors count for more", unit),
        Metric("r2", r2, "higher", "share of the variance that is explained"),
        Metric("spearman", spearman, "higher", "how well the order is kept; 1 for entirely"),
    )


def label_metrics(threshold: float = 0.5) -> tuple[Metric, ...]:
    """Macro F1, mean average precision, subset accuracy and Hamming loss.

    Labels without an example do not count in the first two.

    Args:
        threshold: the probability from which on a label counts as answered.
    """

    def macro_f1(targets: np.ndarray, answers: np.ndarray) -> float:
        return _mean(f1_by_label(targets, answers, threshold))

    def subset_accuracy(targets: np.ndarray, answers: np.ndarray) -> float:
        return float(((targets > 0.5) == (answers >= threshold)).all(axis=1).mean())

    def hamming_loss(targets: np.ndarray, answers: np.ndarray) -> float:
        return float(((targets > 0.5) != (answers >= threshold)).mean())

    return (
        Metric("macro_f1", macro_f1, "higher", "mean of the labels' F1"),
        Metric("mean_average_precision", mean_average_precision, "higher", "how well each label ranks the examples"),
        Metric("subset_accuracy", subset_accuracy, "higher", "share of examples with every label right"),
        Metric("hamming_loss", hamming_loss, "lower", "share of labels that are wrong"),
    )


def mean_absolute_error(targets: np.ndarray, answers: np.ndarray) -> float:
    """Mean distance of answers from targets."""
    return float(np.abs(targets - answers).mean())


def root_mean_squared_error(targets: np.ndarray, answers: np.ndarray) -> float:
    """Root of the mean squared distance, of each output by itself."""
    return float(np.sqrt(np.square(targets - answers).mean(axis=0)).mean())


def r2(targets: np.ndarray, answers: np.ndarray) -> float:
    """One less the share of the variance that is left; NaN where targets do not vary."""
    variance = targets.var(axis=0)
    left = np.square(targets - answers).mean(axis=0)
    return float(np.where(variance > 0, 1 - left / np.where(variance > 0, variance, 1), np.nan).mean())


def spearman(targets: np.ndarray, answers: np.ndarray) -> float:
    """Correlation of ranks (Spearman, 1904, https://doi.org/10.2307/1412159); NaN where either side does not vary."""
    ranks = [scipy.stats.rankdata(values, axis=0) for values in (targets, answers)]
    first, second = (values - values.mean(axis=0) for values in ranks)
    scale = np.sqrt(np.square(first).sum(axis=0) * np.square(second).sum(axis=0))
    return float(np.where(scale > 0, (first * second).sum(axis=0) / np.where(scale > 0, scale, 1), np.nan).mean())


def f1_by_label(targets: np.ndarray, answers: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """F1 of each label ``(labels,)``; NaN for a label without an example."""
    meant, said = targets > 0.5, answers >= threshold
    support = meant.sum(axis=0)
    f1 = 2.0 * (meant & said).sum(axis=0) / np.maximum(support + said.sum(axis=0), 1)
    found: np.ndarray = np.where(support > 0, f1, np.nan)
    return found


def mean_average_precision(targets: np.ndarray, answers: np.ndarray) -> float:
    """Mean over labels of the average precision: of each example that has the label, the precision at its score.

    Examples of one score count as one step, so the order of the rows does not matter.
    """
    columns = zip(targets.T > 0.5, answers.T, strict=True)
    return _mean(np.array([_average_precision(scores, scores[meant]) for meant, scores in columns]))


def _average_precision(scores: np.ndarray, found: np.ndarray) -> float:
    if not len(found):
        return float("nan")
    found = np.sort(found)
    as_high = len(found) - np.searchsorted(found, found)
    all_as_high = len(scores) - np.searchsorted(np.sort(scores), found)
    return float((as_high / all_as_high).mean())


def _mean(values: np.ndarray) -> float:
    """The mean of what is defined; NaN where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
