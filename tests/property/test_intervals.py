"""What every interval keeps to, whatever the predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.evaluation import evaluate_predictions, wilson_interval
from ftsuite.evaluation.intervals import bca_interval, f1_interval, mean_acceleration

confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[str]]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, classes = draw(st.integers(1, 40)), draw(st.integers(2, 9))
    concentration = draw(st.sampled_from([0.02, 0.3, 3.0]))
    probabilities = generator.dirichlet(np.full(classes, concentration), size=n)
    labels = generator.integers(0, draw(st.integers(1, classes)), size=n)
    return probabilities, labels, [f"class {index}" for index in range(classes)]


def _figures(tree: Any) -> list[dict[str, Any]]:
    if not isinstance(tree, dict):
        return []
    if "value" in tree:
        return [tree]
    return [figure for branch in tree.values() for figure in _figures(branch)]


@settings(max_examples=60, deadline=None)
@given(predictions(), confidences)
def test_every_interval_contains_its_value_and_is_in_range(
    case: tuple[np.ndarray, np.ndarray, list[str]], confidence: float
) -> None:
    result = evaluate_predictions(*case, confidence=confidence, bootstrap_samples=60)
    key = f"ci{round(100 * confidence)}"
    for figure in _figures(result):
        if figure["value"] is None:
            assert figure["n"] == 0 and figure[key] is None
        elif figure[key] is not None:
            low, high = figure[key]
            assert low <= figure["value"] <= high
            assert low >= 0
            if figure is not result["log_loss"]:
                assert high <= 1


@settings(max_examples=40, deadline=None)
@given(predictions(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_examples_does_not_matter(case: tuple[np.ndarray, np.ndarray, list[str]], seed: int) -> None:
    probabilities, labels, names = case
    order = np.random.default_rng(seed).permutation(len(labels))
    assert evaluate_predictions(*case, bootstrap_samples=30) == evaluate_predictions(
        probabilities[order], labels[order], names, bootstrap_samples=30
    )


@given(st.integers(1, 400), st.data(), confidences)
def test_wilson_contains_the_share_and_shrinks_with_n(n: int, data: st.DataObject, confidence: float) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson_interval(successes, n, confidence)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high
    low_4, high_4 = wilson_interval(4 * successes, 4 * n, confidence)
    assert high_4 - low_4 < high - low


@given(st.integers(1, 200), st.data())
def test_the_f1_interval_contains_f1_and_shrinks_with_n(union: int, data: st.DataObject) -> None:
    both = data.draw(st.integers(0, union))
    low, high = f1_interval(both, union)
    assert 0 <= low <= 2 * both / (union + both) + 1e-12
    assert 2 * both / (union + both) - 1e-12 <= high <= 1
    low_4, high_4 = f1_interval(4 * both, 4 * union)
    assert high_4 - low_4 < high - low


def test_bootstrap_intervals_shrink_with_n() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(4), size=1600)
    labels = np.array([generator.choice(4, p=row) for row in probabilities])
    widths = []
    for n in (100, 400, 1600):
        figures = evaluate_predictions(probabilities[:n], labels[:n], list("abcd"), bootstrap_samples=500)
        widths.append([np.diff(figures[name]["ci95"])[0] for name in ("macro_f1", "log_loss")])
    ratios = np.array(widths[:-1]) / np.array(widths[1:])
    assert (np.abs(ratios - 2) < 0.4).all()  # half the width for four times the examples


def test_bca_equals_scipys() -> None:
    values = np.random.default_rng(3).exponential(size=80)
    generator = np.random.default_rng(5)
    replicates = values[generator.integers(0, 80, size=(20_000, 80))].mean(axis=1)
    ours = bca_interval(values.mean(), replicates, mean_acceleration(values), 0.95)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", batch=500, random_state=np.random.default_rng(6)
    ).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.01)


def test_wilsons_coverage() -> None:
    generator = np.random.default_rng(0)
    for share, n in [(0.9, 600), (0.97, 100), (0.5, 25)]:
        table = [wilson_interval(k, n) for k in range(n + 1)]
        covered = np.mean([table[k][0] <= share <= table[k][1] for k in generator.binomial(n, share, 4000)])
        assert 0.93 <= covered <= 0.98, (share, n)


def _true_macro_f1(transition: np.ndarray) -> float:
    taken = transition.sum(axis=0)
    return float(np.mean(2 * np.diag(transition) / (1 + taken)))


@pytest.mark.parametrize(("classes", "per_class"), [(3, 20), (24, 25), pytest.param(100, 5, marks=pytest.mark.slow)])
def test_coverage_of_macro_f1(classes: int, per_class: int) -> None:
    generator = np.random.default_rng(classes)
    transition = np.empty((classes, classes))
    for row, right in enumerate(generator.uniform(0.6, 0.98, classes)):
        transition[row] = (1 - right) / (classes - 1)
        transition[row, row] = right
    truth = _true_macro_f1(transition)
    labels = np.repeat(np.arange(classes), per_class)
    names = [str(index) for index in range(classes)]
    covered = 0
    for seed in range(100):
        cumulative = transition.cumsum(axis=1)[labels]
        drawn = (cumulative < generator.random(len(labels))[:, None]).sum(axis=1).clip(0, classes - 1)
        one_hot = np.eye(classes)[drawn]
        figures = evaluate_predictions(one_hot, labels, names, bootstrap_samples=300, seed=seed)
        low, high = figures["macro_f1"]["ci95"]
        covered += low <= truth <= high
    assert covered >= 89  # 95 expected; 89 or fewer happens by chance about once in 100


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1.0, 1.3, 3.0])
def test_coverage_of_log_loss_and_calibration_error(temperature: float) -> None:
    """Labels are drawn from the probabilities (calibration error 0) or from flattened ones (known error)."""
    generator = np.random.default_rng(7)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stated = generator.dirichlet(np.full(5, 0.5), size=n)
        real = stated ** (1 / temperature)
        real /= real.sum(axis=1, keepdims=True)
        labels = (real.cumsum(axis=1) < generator.random(n)[:, None]).sum(axis=1).clip(0, 4)
        return stated, labels, real

    def clipped_log(values: np.ndarray) -> np.ndarray:
        return np.log(np.clip(values, 1e-7, 1))

    stated, _, real = draw(200_000)
    true_loss = -(real * clipped_log(stated)).sum(axis=1).mean()
    top = stated.argmax(axis=1)
    index = np.minimum((stated.max(axis=1) * 15).astype(int), 14)
    gaps = np.bincount(index, weights=real[np.arange(len(real)), top] - stated.max(axis=1))
    true_error = np.abs(gaps).sum() / len(real)
    covered = np.zeros(2)
    for seed in range(200):
        stated, labels, _ = draw(300)
        figures = evaluate_predictions(stated, labels, list("abcde"), bootstrap_samples=300, seed=seed)
        for place, (name, truth) in enumerate([("log_loss", true_loss), ("expected_calibration_error", true_error)]):
            low, high = figures[name]["ci95"]
            covered[place] += low <= truth <= high
    # Of 200. Between none and much, the bias of the calibration error is not wholly caught: 0.88 at 1.3.
    assert covered[0] >= 180 and covered[1] >= 170, covered
