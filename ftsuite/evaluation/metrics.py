"""From probabilities and labels to the figures of metrics.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import sklearn.metrics
from numpy.typing import ArrayLike

from ftsuite.evaluation.calibration import NUM_BINS, bin_index, calibration_error, errors_if_calibrated
from ftsuite.evaluation.checking import checked_labels, checked_names, checked_probabilities
from ftsuite.evaluation.figure import Interval, interval_key, make_figure
from ftsuite.evaluation.intervals import (
    bca_interval,
    f1_interval,
    mean_acceleration,
    symmetric_interval,
    wilson_interval,
)
from ftsuite.evaluation.resampling import resampled_sums

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

# A probability of 0 for the true class would make the log loss infinite; Keras clips at the same place.
SMALLEST_PROBABILITY = 1e-7
TOP_K = 5


@dataclass(frozen=True)
class _Outcomes:
    """What each example says, in an order that does not depend on the order of the rows.

    Attributes:
        labels: (n,) true class.
        predictions: (n,) class of the highest probability.
        log_losses: (n,) negative natural logarithm of the true class's probability.
        confidences: (n,) highest probability.
        num_classes: number of classes.
    """

    labels: IntArray
    predictions: IntArray
    log_losses: FloatArray
    confidences: FloatArray
    num_classes: int

    @property
    def correct(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return self.labels == self.predictions


def evaluate_predictions(
    probabilities: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Compute every test figure with its interval and number of examples.

    - accuracy, top_5_accuracy (only with more than 5 classes), per-class precision and recall: Wilson.
    - per-class F1: Wilson's interval of the Jaccard index, carried over (`intervals.f1_interval`).
    - macro_f1 and expected_calibration_error: symmetric bootstrap over examples (Hall, 1988).
    - log_loss (natural logarithm, probabilities clipped at 1e-7): BCa bootstrap over examples (Efron, 1987).

    expected_calibration_error uses 15 bins of equal width over the highest probability (Guo et al., 2017,
    https://arxiv.org/abs/1706.04599). macro_f1 is the mean over the classes that have an example; it says
    how many (`classes`) and names the others (`classes_without_examples`). Where no prediction, or every
    prediction, is right, resamples cannot differ, and macro_f1 takes the interval of accuracy. The interval
    of expected_calibration_error reaches down to 0 where a calibrated model could show the same error.
    The order of the rows does not matter, and the same seed gives the same figures.

    Args:
        probabilities: (n, num_classes) float, rows sum to 1.
        labels: (n,) int, index into class_names.
        class_names: the num_classes names, all different.
        confidence: between 0 and 1; 0.95 names the intervals `ci95`.
        bootstrap_samples: number of resamples, at least 1.
        seed: seed of the resamples.

    Returns:
        The value of "test" in metrics.json: figures `{"value", "ci95", "n"}` by metric name, and
        `per_class` by class name with precision (n: examples taken for the class), recall and f1 (n:
        examples of the class), and n. A figure that rests on nothing has the value None and n 0.

    Raises:
        ValueError: shapes do not fit, rows are no probabilities, or an option is out of range.
        DataError: there is no example, a probability is not finite, or a label is out of range.
    """
    names = checked_names(class_names)
    probs = checked_probabilities(probabilities, len(names))
    truth = checked_labels(labels, len(probs), len(names))
    interval_key(confidence)  # raises where it is out of range
    if bootstrap_samples < 1:
        raise ValueError(f"Expected at least 1 bootstrap sample. Received: {bootstrap_samples}")
    outcomes = _outcomes(probs, truth)
    n = len(truth)
    right = int(outcomes.correct.sum())
    accuracy_interval = wilson_interval(right, n, confidence)
    sums = _Sums(outcomes, resampled_sums(_terms(outcomes), bootstrap_samples, seed))
    figures: dict[str, Any] = {
        "accuracy": make_figure(right / n, accuracy_interval, n, confidence),
        "macro_f1": _macro_f1(outcomes, sums, names, accuracy_interval, confidence),
    }
    if len(names) > TOP_K:
        hits = sklearn.metrics.top_k_accuracy_score(
            truth, probs, k=TOP_K, normalize=False, labels=np.arange(len(names))
        )
        figures["top_5_accuracy"] = make_figure(hits / n, wilson_interval(int(hits), n, confidence), n, confidence)
    figures["log_loss"] = _log_loss(outcomes, sums, confidence)
    figures["expected_calibration_error"] = _calibration_error(outcomes, sums, confidence, seed)
    figures["per_class"] = _per_class(outcomes, names, confidence)
    return figures


def _outcomes(probabilities: FloatArray, labels: IntArray) -> _Outcomes:
    """Reduce each row to what the figures need, and sort, so that sums and resamples see one order."""
    predictions = probabilities.argmax(axis=1).astype(np.int64)
    confidences = probabilities.max(axis=1)
    of_truth = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    log_losses = -np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)) + 0.0
    order = np.lexsort((confidences, log_losses, predictions, labels))
    return _Outcomes(labels[order], predictions[order], log_losses[order], confidences[order], probabilities.shape[1])


def _terms(outcomes: _Outcomes) -> Any:
    """What each example adds to the sums: sparse (n, 3 * num_classes + 15 + 1).

    Columns: of the class, taken for the class, both; right less confidence by bin; log loss.
    """
    n, classes = len(outcomes.labels), outcomes.num_classes
    rows = np.arange(n)
    correct = outcomes.correct
    gaps = correct - outcomes.confidences
    columns = [
        outcomes.labels,
        classes + outcomes.predictions,
        2 * classes + outcomes.labels[correct],
        3 * classes + bin_index(outcomes.confidences),
        np.full(n, 3 * classes + NUM_BINS),
    ]
    values = [np.ones(n), np.ones(n), np.ones(int(correct.sum())), gaps, outcomes.log_losses]
    indices = (np.concatenate([rows, rows, rows[correct], rows, rows]), np.concatenate(columns))
    return scipy.sparse.csr_matrix((np.concatenate(values), indices), shape=(n, 3 * classes + NUM_BINS + 1))


class _Sums:
    """Figures from resampled sums, one a resample: each method returns (samples,) float64."""

    def __init__(self, outcomes: _Outcomes, sums: FloatArray) -> None:
        self._sums = sums
        self._classes = outcomes.num_classes
        self._n = len(outcomes.labels)

    def macro_f1(self) -> FloatArray:
        classes = self._classes
        support = self._sums[:, :classes]
        taken = self._sums[:, classes : 2 * classes]
        both = self._sums[:, 2 * classes : 3 * classes]
        present = support > 0
        f1 = np.divide(2 * both, support + taken, out=np.zeros_like(both), where=present)
        # As for the data themselves: the mean over the classes that have an example.
        return np.asarray(f1.sum(axis=1) / present.sum(axis=1), dtype=np.float64)

    def calibration_error(self) -> FloatArray:
        gaps = self._sums[:, 3 * self._classes : 3 * self._classes + NUM_BINS]
        return np.asarray(np.abs(gaps).sum(axis=1) / self._n, dtype=np.float64)

    def log_loss(self) -> FloatArray:
        return np.asarray(self._sums[:, -1] / self._n, dtype=np.float64)


def _macro_f1(
    outcomes: _Outcomes, sums: _Sums, names: Sequence[str], accuracy_interval: Interval, confidence: float
) -> dict[str, Any]:
    n = len(outcomes.labels)
    present = np.unique(outcomes.labels)
    value = float(
        sklearn.metrics.f1_score(
            outcomes.labels, outcomes.predictions, labels=present, average="macro", zero_division=0.0
        )
    )
    correct = outcomes.correct
    if correct.all() or not correct.any():
        interval = accuracy_interval
    else:
        interval = symmetric_interval(value, sums.macro_f1(), confidence)
    absent = sorted(set(range(len(names))) - set(present.tolist()))
    figure = make_figure(value, interval, n, confidence)
    return {
        **figure,
        "classes": len(present),
        "classes_without_examples": [names[index] for index in absent],
    }


def _log_loss(outcomes: _Outcomes, sums: _Sums, confidence: float) -> dict[str, Any]:
    n = len(outcomes.labels)
    value = float(outcomes.log_losses.mean())
    interval = None
    if n > 1:
        acceleration = mean_acceleration(outcomes.log_losses)
        interval = bca_interval(value, sums.log_loss(), acceleration, confidence)
    return make_figure(value, interval, n, confidence)


def _calibration_error(outcomes: _Outcomes, sums: _Sums, confidence: float, seed: int) -> dict[str, Any]:
    n = len(outcomes.labels)
    value = calibration_error(outcomes.confidences, outcomes.correct)
    if n == 1:
        return make_figure(value, None, n, confidence)
    replicates = sums.calibration_error()
    low, high = symmetric_interval(value, replicates, confidence)
    # Chance alone gives a calibrated model an error above 0, and resamples of it a larger one still.
    if value <= np.quantile(errors_if_calibrated(outcomes.confidences, len(replicates), seed), confidence):
        low = 0.0
    return make_figure(value, (low, high), n, confidence)


def _per_class(outcomes: _Outcomes, names: Sequence[str], confidence: float) -> dict[str, Any]:
    classes = len(names)
    support = np.bincount(outcomes.labels, minlength=classes)
    taken = np.bincount(outcomes.predictions, minlength=classes)
    both = np.bincount(outcomes.labels[outcomes.correct], minlength=classes)
    return {
        name: _class_figures(int(support[index]), int(taken[index]), int(both[index]), confidence)
        for index, name in enumerate(names)
    }


def _class_figures(support: int, taken: int, both: int, confidence: float) -> dict[str, Any]:
    nothing = make_figure(None, None, 0, confidence)
    precision, recall, f1 = nothing, nothing, nothing
    if taken:
        precision = make_figure(both / taken, wilson_interval(both, taken, confidence), taken, confidence)
    if support:
        recall = make_figure(both / support, wilson_interval(both, support, confidence), support, confidence)
        interval = f1_interval(both, support + taken - both, confidence)
        f1 = make_figure(2 * both / (support + taken), interval, support, confidence)
    return {"precision": precision, "recall": recall, "f1": f1, "n": support}
