"""Figures as text, and the difference between two models."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from ftsuite.errors import DataError
from ftsuite.evaluation import format_figure, interval_key, paired_difference


def test_format_figure() -> None:
    assert format_figure({"value": 0.912, "ci95": [0.885, 0.934], "n": 600}) == ("0.912 (0.885-0.934, n = 600)")
    assert format_figure({"value": 0.5, "ci90": [0.1, 0.9], "n": 4}) == "0.500 (0.100-0.900, n = 4)"
    assert format_figure({"value": -0.1, "ci95": [-0.2, 0.05], "n": 9}) == "-0.100 (-0.200 to 0.050, n = 9)"
    assert format_figure({"value": None, "ci95": None, "n": 0}) == "none (n = 0)"
    assert format_figure({"value": 1.0, "ci95": None, "n": 1}) == "1.000 (no interval, n = 1)"


def test_interval_key() -> None:
    assert [interval_key(c) for c in (0.95, 0.9, 0.99)] == ["ci95", "ci90", "ci99"]
    with pytest.raises(ValueError, match=r"Received: 95"):
        interval_key(95)


def _two_models(n: int, only_a: int, only_b: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.ones(n, bool), np.ones(n, bool)
    b[:only_a] = False
    a[only_a : only_a + only_b] = False
    return a, b


def test_paired_difference_agrees_with_scipys_paired_bootstrap() -> None:
    a, b = _two_models(600, 80, 40)
    figure = paired_difference(a, b)
    expected = scipy.stats.bootstrap(
        (a.astype(float), b.astype(float)),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        batch=500,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    assert figure["value"] == pytest.approx(40 / 600)
    assert figure["ci95"] == pytest.approx([expected.low, expected.high], abs=0.004)
    assert (figure["n"], figure["only_a"], figure["only_b"]) == (600, 80, 40)


def test_paired_difference_is_antisymmetric_in_value_and_excludes_0_only_with_evidence() -> None:
    strong = paired_difference(*_two_models(300, 60, 10))
    weak = paired_difference(*_two_models(300, 4, 1))
    none = paired_difference(*_two_models(300, 0, 0))
    assert strong["ci95"][0] > 0
    assert weak["ci95"][0] <= 0 <= weak["ci95"][1]
    assert none["value"] == 0 and none["ci95"][0] < 0 < none["ci95"][1]
    a, b = _two_models(300, 60, 10)
    assert paired_difference(b, a)["value"] == -strong["value"]


def test_pairing_is_tighter_than_two_independent_samples() -> None:
    generator = np.random.default_rng(0)
    hard = generator.random(500) < 0.4
    a, b = ~hard, ~hard & (generator.random(500) < 0.97)
    low, high = paired_difference(a, b)["ci95"]
    independent = 2 * 1.96 * np.sqrt(a.var() / 500 + b.var() / 500)
    assert high - low < 0.5 * independent


def test_paired_difference_refuses_what_is_not_paired() -> None:
    with pytest.raises(ValueError, match="2 and 3 flags"):
        paired_difference([True, False], [True, False, True])
    with pytest.raises(ValueError, match="True and False only"):
        paired_difference([0.3, 0.7], [0.1, 0.2])
    with pytest.raises(DataError, match="none"):
        paired_difference([], [])
