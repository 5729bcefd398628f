"""Schedules, rules, and an optimizer with a rate for each variable."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.rules import VariableRule, layerwise_multipliers, variable_rules
from ftsuite.optim.schedules import StageSchedule
from tests.unit.optimizer_trials import PLAIN, apply_all, gradients, matrices, ready, values


def test_warmup_rises_and_cosine_falls_to_zero() -> None:
    rates = [float(StageSchedule(1.0, 10, 4, "cosine")(step)) for step in range(11)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[10] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize(("name", "middle"), [("constant", 1.0), ("linear", 0.5), ("cosine", 0.5)])
def test_shapes_at_half_way(name: Any, middle: float) -> None:
    assert float(StageSchedule(1.0, 10, 0, name)(5)) == pytest.approx(middle)


def test_one_cycle_goes_up_and_down_and_dies_away() -> None:
    rates = np.asarray(StageSchedule(1.0, 10, 3, "one-cycle")(np.arange(11)))
    third = 0.32  # of the way from a 25th to the peak, a step
    expected = [0.04, 0.04 + third, 0.04 + 2 * third, 1.0, 1.0 - third, 1.0 - 2 * third, 0.04]
    np.testing.assert_allclose(rates[:7], expected, atol=1e-6)
    np.testing.assert_allclose(rates[7:], [0.030001, 0.020002, 0.010003, 4e-6], rtol=1e-4, atol=1e-8)


def test_inverse_square_root_follows_the_step() -> None:
    schedule = StageSchedule(0.5, 100, 9, "inverse-sqrt")
    assert float(schedule(9)) == pytest.approx(0.5)
    assert float(schedule(39)) == pytest.approx(0.25)
    assert float(schedule(89)) == pytest.approx(0.5 / 3)


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
        variable_rules([("a", [shared]), ("b", [shared])], {"a": 1.0, "b": 1.0}, 0.0, lambda _: True)
    with pytest.raises(ValueError, match="No learning-rate multiplier"):
        variable_rules([("a", [shared])], {}, 0.0, lambda _: True)


def _step(rules: list[VariableRule], gradient: float) -> list[float]:
    variables = [keras.Variable([[1.0]], name=name) for name in ("first", "second")]
    optimizer = ready("adamw", variables, rules, StageSchedule(0.1, 10, 0, "constant"))
    apply_all(optimizer, np.full((1, 2, 1, 1), gradient, dtype="float32"), variables)
    return [float(value[0, 0]) for value in values(variables)]


def test_each_variable_moves_at_its_own_rate() -> None:
    first, second = _step([VariableRule(1.0, 0.0), VariableRule(0.25, 0.0)], 3.0)
    # Adam's first step has the length of the rate whatever the gradient's: only the rate can tell them apart.
    assert 1.0 - first == pytest.approx(0.1, rel=1e-4)
    assert 1.0 - second == pytest.approx(0.025, rel=1e-4)


def test_weight_decay_is_scaled_by_the_rate_and_skips_what_has_none() -> None:
    first, second = _step([VariableRule(0.5, 0.2), VariableRule(0.5, 0.0)], 0.0)
    assert first == pytest.approx(1.0 - 0.1 * 0.5 * 0.2, rel=1e-5)
    assert second == pytest.approx(1.0)


def test_rules_must_cover_every_variable() -> None:
    optimizer = make_optimizer("adamw", 0.9, 0.999, 1.0)
    variables = matrices()
    optimizer.build(variables)
    with pytest.raises(ValueError, match="needs one rule"):
        optimizer.follow({variables[0].path: PLAIN})


def test_a_stranger_cannot_be_trained() -> None:
    variables = matrices()
    optimizer = ready("adamw", variables)
    with pytest.raises(ValueError, match="built with all that it trains"):
        optimizer.follow({v.path: PLAIN for v in variables}, matrices(names=("other",)))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="adamw, sgd, lion, muon"):
        make_optimizer("adagrad")


@pytest.mark.parametrize("name", ["adamw", "sgd", "lion"])
def test_a_variable_that_thaws_late_moves_as_if_training_had_just_begun(name: str) -> None:
    def path(warm_steps: int) -> np.ndarray:
        early, late = matrices(names=("early", "late"))
        optimizer = ready(name, [early, late])
        apply_all(optimizer, gradients(1, warm_steps), [early])
        moves = []
        for row in gradients(2, 5, seed=3):
            apply_all(optimizer, [row], [early, late])
            moves.append(values([late])[0])
        return np.array(moves)

    np.testing.assert_array_equal(path(60), path(0))


@pytest.mark.parametrize("name", ["adamw", "sgd", "lion"])
def test_freezing_keeps_the_moments(name: str) -> None:
    """A variable that rests for a while goes on as if it had never rested."""

    def end(rest: int) -> np.ndarray:
        resting, other = matrices(names=("resting", "other"))
        optimizer = ready(name, [resting, other])
        rows = gradients(2, 8, seed=5)
        apply_all(optimizer, rows[:4], [resting, other])
        apply_all(optimizer, gradients(1, rest, seed=6), [other])
        apply_all(optimizer, rows[4:], [resting, other])
        return values([resting])[0]

    np.testing.assert_array_equal(end(7), end(0))
