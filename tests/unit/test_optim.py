"""Schedules, rules, and an optimizer with a rate for each variable."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.rules import VariableRule, layerwise_multipliers, variable_rules
from ftsuite.optim.schedules import StageSchedule


def test_warmup_rises_and_cosine_falls_to_zero() -> None:
    rates = [float(StageSchedule(1.0, 10, 4, "cosine")(step)) for step in range(11)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[10] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize(("name", "middle"), [("constant", 1.0), ("linear", 0.5), ("cosine", 0.5)])
def test_shapes_at_half_way(name: Any, middle: float) -> None:
    assert float(StageSchedule(1.0, 10, 0, name)(5)) == pytest.approx(middle)


def test_schedule_counts_from_its_stage() -> None:
    late = StageSchedule(0.3, 10, 2, "linear", first_step=100)
    early = StageSchedule(0.3, 10, 2, "linear")
    assert [float(late(100 + step)) for step in range(10)] == [float(early(step)) for step in range(10)]
    assert StageSchedule.from_config(late.get_config()).get_config() == late.get_config()


def test_multipliers_fall_towards_the_input() -> None:
    assert layerwise_multipliers(["a", "b", "c"], 0.5) == {"a": 0.25, "b": 0.5, "c": 1.0}


class _Named:
    def __init__(self, path: str) -> None:
        self.path = path


def test_rules_refuse_a_variable_in_two_blocks_and_a_block_without_a_rate() -> None:
    shared = _Named("x/kernel")
    with pytest.raises(ValueError, match="covered twice"):
        variable_rules([("a", [shared]), ("b", [shared])], {"a": 1.0, "b": 1.0}, 0.0, lambda _: True, {})
    with pytest.raises(ValueError, match="No learning-rate multiplier"):
        variable_rules([("a", [shared])], {}, 0.0, lambda _: True, {})


def _step(rules: dict[str, VariableRule], gradient: float) -> list[float]:
    variables = [keras.Variable([[1.0]], name=name) for name in ("first", "second")]
    by_path = {variable.path: rules[name] for variable, name in zip(variables, ("first", "second"), strict=True)}
    optimizer = make_optimizer("adamw", 0.9, 0.999, None)
    optimizer.build(variables)
    optimizer.follow(by_path)
    optimizer.learning_rate = StageSchedule(0.1, 10, 0, "constant")
    optimizer.apply([keras.ops.full((1, 1), gradient) for _ in variables], variables)
    return [float(np.asarray(variable)[0, 0]) for variable in variables]


def test_each_variable_moves_at_its_own_rate() -> None:
    first, second = _step({"first": VariableRule(1.0, 0.0), "second": VariableRule(0.25, 0.0)}, 3.0)
    # Adam's first step has the length of the rate whatever the gradient's: only the rate can tell them apart.
    assert 1.0 - first == pytest.approx(0.1, rel=1e-4)
    assert 1.0 - second == pytest.approx(0.025, rel=1e-4)


def test_weight_decay_is_scaled_by_the_rate_and_skips_what_has_none() -> None:
    first, second = _step({"first": VariableRule(0.5, 0.2), "second": VariableRule(0.5, 0.0)}, 0.0)
    assert first == pytest.approx(1.0 - 0.1 * 0.5 * 0.2, rel=1e-5)
    assert second == pytest.approx(1.0)


def test_rules_must_cover_every_variable() -> None:
    optimizer = make_optimizer("adamw", 0.9, 0.999, 1.0)
    optimizer.build([keras.Variable([1.0], name="only")])
    with pytest.raises(ValueError, match="needs one rule"):
        optimizer.follow({})


def _path_of(first_step: int, warm_steps: int) -> list[float]:
    """A variable's values over five steps after it thawed at `first_step`, beside one that trained all along."""
    early, late = keras.Variable([[1.0]], name="early"), keras.Variable([[1.0]], name="late")
    optimizer = make_optimizer("adamw", 0.9, 0.999, None)
    optimizer.build([early, late])
    rules = {early.path: VariableRule(1.0, 0.0), late.path: VariableRule(1.0, 0.0, first_step)}
    optimizer.follow(rules)
    optimizer.learning_rate = StageSchedule(0.01, 1000, 0, "constant")
    for _ in range(warm_steps):
        optimizer.apply([keras.ops.ones((1, 1))], [early])
    values = []
    for _ in range(5):
        optimizer.apply([keras.ops.ones((1, 1)), keras.ops.full((1, 1), 0.3)], [early, late])
        values.append(float(np.asarray(late)[0, 0]))
    return values


def test_a_variable_that_thaws_late_moves_as_if_training_had_just_begun() -> None:
    np.testing.assert_allclose(_path_of(60, 60), _path_of(0, 0), rtol=1e-5)
    assert not np.allclose(_path_of(0, 60), _path_of(0, 0), rtol=1e-3), "without it, Adam's own correction is wrong"
