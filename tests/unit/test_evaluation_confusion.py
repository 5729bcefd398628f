"""The confusion matrix, its most confused region, and the bins of a reliability diagram."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.evaluation import (
    calibration_error,
    confused_pairs,
    confusion_matrix,
    evaluate_predictions,
    most_confused_classes,
    reliability_bins,
)


def test_rows_are_true_and_columns_predicted() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([2, 0, 1]), 3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_pairs_are_ordered_by_count_and_then_by_share() -> None:
    matrix = np.array([[20, 3, 0], [5, 1, 0], [3, 0, 3]])
    pairs = [(pair.true, pair.predicted, pair.count) for pair in confused_pairs(matrix, 10)]
    assert pairs == [(1, 0, 5), (2, 0, 3), (0, 1, 3)]
    assert len(confused_pairs(matrix, 2)) == 2


def test_the_most_confused_region_keeps_partners_together() -> None:
    matrix = np.eye(50, dtype=np.int64) * 20
    matrix[3, 40] = 9
    matrix[40, 12] = 5
    matrix[7, 8] = 4
    matrix[20, 21] = 1
    assert most_confused_classes(matrix, 5) == [3, 40, 12, 7, 8]
    assert most_confused_classes(matrix, 50) == list(range(50))
    assert most_confused_classes(np.eye(50, dtype=np.int64), 5) == []


def test_reliability_bins_add_up_to_the_calibration_error() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(4), size=300)
    labels = generator.integers(0, 4, 300)
    confidences, correct = probabilities.max(1), probabilities.argmax(1) == labels
    bins = reliability_bins(confidences, correct)
    filled = bins.counts > 0
    gaps = np.abs(bins.right[filled] - bins.counts[filled] * bins.confidence[filled])
    error = gaps.sum() / 300
    figures = evaluate_predictions(probabilities, labels, list("abcd"), bootstrap_samples=10)
    assert error == pytest.approx(calibration_error(confidences, correct))
    assert error == pytest.approx(figures["expected_calibration_error"]["value"], abs=1e-7)
    assert bins.counts.sum() == 300 and np.isnan(bins.confidence[~filled]).all()


def test_a_border_belongs_to_the_bin_below() -> None:
    bins = reliability_bins(np.array([0.2, 1.0, 0.0]), np.array([True, True, False]), num_bins=5)
    assert bins.counts.tolist() == [2, 0, 0, 0, 1]
