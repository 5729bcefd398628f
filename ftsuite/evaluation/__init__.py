"""Test figures with intervals: what a model's probabilities are worth, and how sure one may be of it."""

from __future__ import annotations

from ftsuite.evaluation.calibration import ReliabilityBins, calibration_error, reliability_bins
from ftsuite.evaluation.confusion import (
    ConfusedPair,
    confused_pairs,
    confusion_matrix,
    most_confused_classes,
)
from ftsuite.evaluation.figure import figure_interval, format_figure, format_measured, interval_key
from ftsuite.evaluation.intervals import wilson_interval
from ftsuite.evaluation.metrics import evaluate_predictions
from ftsuite.evaluation.paired import paired_difference, paired_macro_f1_difference
from ftsuite.evaluation.text_baseline import BaselineResult, describe_baseline, tfidf_baseline

__all__ = [
    "BaselineResult",
    "ConfusedPair",
    "ReliabilityBins",
    "calibration_error",
    "confused_pairs",
    "confusion_matrix",
    "describe_baseline",
    "evaluate_predictions",
    "figure_interval",
    "format_figure",
    "format_measured",
    "interval_key",
    "most_confused_classes",
    "paired_difference",
    "paired_macro_f1_difference",
    "reliability_bins",
    "tfidf_baseline",
    "wilson_interval",
]
