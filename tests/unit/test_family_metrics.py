"""Ready-made metrics against those of scikit-learn and SciPy, and what they say where nothing defines them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from ftsuite.families import label_metrics, number_metrics

RNG = np.random.default_rng(5)
TARGETS = RNG.normal(50, 9, (40, 1))
ANSWERS = (TARGETS + RNG.normal(1, 4, (40, 1))).round(0)
LABELS = (RNG.random((60, 5)) < [0.1, 0.3, 0.5, 0.7, 0.0]).astype(float)
# Rounded, so that many scores are equal.
SHARES = np.clip(LABELS * 0.4 + RNG.random((60, 5)) * 0.7, 0, 1).round(1)


def test_metrics_of_numbers_are_those_of_others() -> None:
    ours = {metric.name: metric.compute(TARGETS, ANSWERS) for metric in number_metrics("mm")}
    assert ours == pytest.approx(
        {
            "mean_absolute_error": sklearn.metrics.mean_absolute_error(TARGETS, ANSWERS),
            "root_mean_squared_error": sklearn.metrics.root_mean_squared_error(TARGETS, ANSWERS),
            "r2": sklearn.metrics.r2_score(TARGETS, ANSWERS),
            "spearman": scipy.stats.spearmanr(TARGETS[:, 0], ANSWERS[:, 0]).statistic,
        }
    )


def test_metrics_of_labels_are_those_of_others() -> None:
    ours = {metric.name: metric.compute(LABELS, SHARES) for metric in label_metrics(0.6)}
    said, used = SHARES >= 0.6, LABELS[:, :4]
    assert ours == pytest.approx(
        {
            "macro_f1": sklearn.metrics.f1_score(used, said[:, :4], average="macro", zero_division=0),
            "mean_average_precision": sklearn.metrics.average_precision_score(used, SHARES[:, :4], average="macro"),
            "subset_accuracy": sklearn.metrics.accuracy_score(LABELS, said),
            "hamming_loss": sklearn.metrics.hamming_loss(LABELS, said),
        }
    )


def test_the_order_of_rows_does_not_matter() -> None:
    order = RNG.permutation(60)
    constant = np.broadcast_to(LABELS.mean(axis=0), LABELS.shape)
    for metric in label_metrics():
        for answers in (SHARES, constant):
            assert metric.compute(LABELS[order], answers[order]) == pytest.approx(metric.compute(LABELS, answers))


def test_what_is_not_defined_is_no_number() -> None:
    same = np.full((4, 1), 3.0)
    found = {metric.name: metric.compute(same, np.array([[3.0], [4.0], [3.0], [4.0]])) for metric in number_metrics()}
    assert math.isnan(found["r2"]) and math.isnan(found["spearman"]) and found["mean_absolute_error"] == 0.5
    none = np.zeros((4, 2))
    labels = {metric.name: metric.compute(none, none) for metric in label_metrics()}
    assert math.isnan(labels["macro_f1"]) and math.isnan(labels["mean_average_precision"])
    assert labels["subset_accuracy"] == 1.0 and labels["hamming_loss"] == 0.0
