"""The arithmetic of benchmarks/compare_plans.py."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def compare_plans(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("compare_plans")


def _answers(share_right: float, count: int, seed: int) -> dict[str, bool]:
    right = np.random.default_rng(seed).random(count) < share_right
    return {str(number): bool(value) for number, value in enumerate(right)}


def test_a_plan_does_not_differ_from_itself(compare_plans: ModuleType) -> None:
    runs = [_answers(0.8, 200, seed) for seed in range(3)]
    assert compare_plans.paired_over_seeds(runs, runs) == (0.0, 0.0, 0.0)


def test_the_interval_holds_the_difference_and_knows_its_sign(compare_plans: ModuleType) -> None:
    better = [_answers(0.9, 500, seed) for seed in range(3)]
    worse = [_answers(0.7, 500, 10 + seed) for seed in range(3)]
    difference, low, high = compare_plans.paired_over_seeds(better, worse)
    assert difference == pytest.approx(0.2, abs=0.05)
    assert 0.0 < low < difference < high


def test_examples_that_seeds_share_are_drawn_together(compare_plans: ModuleType) -> None:
    """Three seeds with the same answers are one: their interval is no narrower."""
    one, other = _answers(0.8, 100, 0), _answers(0.6, 100, 1)
    single = compare_plans.paired_over_seeds([one], [other])
    tripled = compare_plans.paired_over_seeds([one] * 3, [other] * 3)
    assert tripled[2] - tripled[1] == pytest.approx(single[2] - single[1], rel=0.1)


def test_other_test_examples_are_no_pair(compare_plans: ModuleType) -> None:
    with pytest.raises(SystemExit, match="same examples"):
        compare_plans.paired_over_seeds([{"a": True}], [{"b": True}])
