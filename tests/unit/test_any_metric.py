"""Figures of metrics that a task brings: intervals that cover, whatever the metric is and however the rows lie."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ftsuite.api import Metric
from ftsuite.errors import PluginError
from ftsuite.evaluation.any_metric import metric_differences, metric_figures, plain_figures


def _mae(targets: np.ndarray, answers: np.ndarray) -> float:
    return float(np.abs(targets - answers).mean())


def _correlation(targets: np.ndarray, answers: np.ndarray) -> float:
    if targets.std() == 0 or answers.std() == 0:
        return math.nan
    return float(np.corrcoef(targets[:, 0], answers[:, 0])[0, 1])


MAE = Metric("mean_absolute_error", _mae, "lower", unit="years")
CORRELATION = Metric("correlation", _correlation)


def _data(n: int, seed: int = 0, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(n, 1)).astype(np.float32)
    return targets, (targets + noise * rng.normal(size=(n, 1))).astype(np.float32)


def test_a_figure_has_a_value_an_interval_around_it_and_n() -> None:
    targets, answers = _data(200)
    figures = metric_figures([MAE, CORRELATION], targets, answers, bootstrap_samples=500)
    assert list(figures) == ["mean_absolute_error", "correlation"]
    figure = figures["mean_absolute_error"]
    assert set(figure) == {"value", "ci95", "n"}
    assert figure["value"] == pytest.approx(_mae(targets, answers), rel=1e-6)
    low, high = figure["ci95"]
    # Half-normal errors: the standard error of their mean is 0.6 / sqrt(200).
    assert low < figure["value"] < high
    assert high - low == pytest.approx(2 * 1.96 * 0.6 / math.sqrt(200), rel=0.2)


def test_the_same_rows_in_another_order_give_the_same_figures() -> None:
    targets, answers = _data(60)
    order = np.random.default_rng(1).permutation(60)
    one = metric_figures([MAE, CORRELATION], targets, answers, bootstrap_samples=100, seed=3)
    assert metric_figures([MAE, CORRELATION], targets[order], answers[order], bootstrap_samples=100, seed=3) == one
    assert metric_figures([MAE, CORRELATION], targets, answers, bootstrap_samples=100, seed=4) != one
    assert plain_figures([MAE], targets, answers)["mean_absolute_error"] == pytest.approx(
        one["mean_absolute_error"]["value"], rel=1e-8
    )


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "noise"), [(MAE, 1.0), (CORRELATION, 0.5)])
def test_intervals_cover_what_is_true_of_all_examples(metric: Metric, noise: float) -> None:
    truth = {"mean_absolute_error": math.sqrt(2 / math.pi), "correlation": 1 / math.sqrt(1 + noise**2)}[metric.name]
    covered = 0
    for seed in range(150):
        targets, answers = _data(60, seed, noise)
        low, high = metric_figures([metric], targets, answers, bootstrap_samples=200, seed=seed)[metric.name]["ci95"]
        covered += low <= truth <= high
    assert 0.89 <= covered / 150 <= 0.99


def test_resamples_that_do_not_define_a_figure_are_told() -> None:
    targets = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]])
    answers = np.array([[0.8], [0.1], [0.3], [0.2], [0.4]])
    figure = metric_figures([CORRELATION], targets, answers, bootstrap_samples=300)["correlation"]
    # (4/5)**5 of the resamples lack the only example that is not 0.
    assert 0.2 < figure["undefined_resamples"] / figure["resamples"] < 0.45
    assert figure["ci95"] is not None


def test_a_metric_that_raises_where_a_resample_lacks_something_counts_as_undefined() -> None:
    def picky(targets: np.ndarray, answers: np.ndarray) -> float:
        if targets.std() == 0:
            raise ValueError("only one class present")
        return _mae(targets, answers)

    targets = np.array([[1.0], [0.0], [0.0]])
    figure = metric_figures([Metric("picky", picky)], targets, targets + 0.5, bootstrap_samples=100)["picky"]
    assert figure["value"] == 0.5
    assert figure["undefined_resamples"] > 0


def test_nothing_is_said_where_nothing_can_be() -> None:
    one = metric_figures([MAE, CORRELATION], np.ones((1, 1)), np.zeros((1, 1)))
    assert one["mean_absolute_error"] == {"value": 1.0, "ci95": None, "n": 1}
    assert one["correlation"] == {"value": None, "ci95": None, "n": 1}
    alike = metric_figures([MAE], np.ones((9, 1)), np.ones((9, 1)), bootstrap_samples=50)["mean_absolute_error"]
    assert alike == {"value": 0.0, "ci95": None, "n": 9, "resamples_agree": True}
    # A mean of tenths differs in its last bit from resample to resample only by their order.
    tenths = metric_figures([MAE], np.full((9, 1), 0.1), np.zeros((9, 1)), bootstrap_samples=50)["mean_absolute_error"]
    assert tenths["resamples_agree"] and tenths["ci95"] is None
    perfect = metric_differences([MAE], np.arange(9.0)[:, None] % 2, np.arange(9.0)[:, None] % 2, np.array([0.5]))
    assert perfect["mean_absolute_error"] == {"value": -0.5, "ci95": None, "n": 9, "resamples_agree": True}


def test_figures_of_tiny_units_keep_their_digits() -> None:
    targets, answers = _data(30)
    figure = metric_figures([MAE], targets * 1e-12, answers * 1e-12, bootstrap_samples=50)["mean_absolute_error"]
    assert figure["value"] == pytest.approx(1e-12 * _mae(targets, answers), rel=1e-4)
    assert figure["ci95"][0] < figure["value"] < figure["ci95"][1]


def test_differences_are_paired() -> None:
    targets, answers = _data(100, noise=2.0)
    better = targets + 0.9 * (answers - targets)
    paired = metric_differences([MAE], targets, better, answers, bootstrap_samples=300)["mean_absolute_error"]
    assert paired["value"] == pytest.approx(-0.1 * _mae(targets, answers), rel=1e-4)
    assert paired["ci95"][1] < 0
    constant = metric_differences([MAE], targets, answers, np.zeros(1), bootstrap_samples=300)["mean_absolute_error"]
    assert constant["value"] == pytest.approx(_mae(targets, answers) - _mae(targets, np.zeros_like(targets)), rel=1e-5)


def test_a_metric_that_fails_is_named() -> None:
    def broken(targets: np.ndarray, answers: np.ndarray) -> float:
        raise KeyError("oops")

    with pytest.raises(PluginError, match=r"The metric 'broken' failed on 4 examples: KeyError: 'oops'"):
        metric_figures([Metric("broken", broken)], np.ones((4, 1)), np.ones((4, 1)))
    many = Metric("many", lambda targets, answers: np.abs(targets - answers).mean(axis=0))  # type: ignore[arg-type,return-value]
    with pytest.raises(PluginError, match=r"must give one number. Received: an array of shape \(2,\)"):
        plain_figures([many], np.ones((4, 2)), np.ones((4, 2)))
