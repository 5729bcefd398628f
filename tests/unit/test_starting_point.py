"""Decay toward the starting point, against a plain NumPy reference and through checkpoints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.optim.optimizers import SGD, AdamW
from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule
from ftsuite.optim.starting_point import starting_point_rules, way_back
from tests.unit.optimizer_trials import apply_all, gradients, matrices, values

REPOSITORY = Path(__file__).resolve().parents[2]


RULES = {"first": VariableRule(0.5, 0.3), "second": VariableRule(1.0, 0.2)}


def _ready(family: Any, variables: Any, pull: float = 0.4, **settings: Any) -> Any:
    """The first variable is pulled to its start, the second is a head that decays to zero."""
    optimizer = family(learning_rate=StageSchedule(0.05, 20, 0, "linear"), keeps_start=True, **settings)
    optimizer.build(variables)
    rules, pulls = starting_point_rules(RULES, ["first"], pull)
    optimizer.follow(rules)
    optimizer.pull(pulls)
    return optimizer


def _reference(name: str, value: np.ndarray, rows: np.ndarray, pull: float, decay: float, factor: float) -> np.ndarray:
    start = value.copy()
    m, v, velocity = 0.0, 0.0, 0.0
    for step, gradient in enumerate(rows):
        rate = 0.05 * (1 - step / 20) * factor
        value = value - rate * pull * (value - start)
        value = value - rate * decay * value
        if name == "sgd":
            velocity = 0.9 * velocity - rate * gradient
            value = value + velocity
        else:
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            corrected = np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            value = value - rate * corrected * m / (np.sqrt(v) + 1e-7)
    return value


@pytest.mark.parametrize(("name", "family", "settings"), [("sgd", SGD, {"momentum": 0.9}), ("adamw", AdamW, {})])
def test_updates_are_those_of_the_reference(name: str, family: Any, settings: Any) -> None:
    variables = matrices()
    before = [value.astype("float64") for value in values(variables)]
    rows = gradients(2, 12)
    apply_all(_ready(family, variables, **settings), rows, variables)
    expected = [
        _reference(name, before[0], rows[:, 0], pull=0.4, decay=0.0, factor=0.5),
        _reference(name, before[1], rows[:, 1], pull=0.0, decay=0.2, factor=1.0),
    ]
    for value, wanted in zip(values(variables), expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=2e-5, atol=2e-6)


def test_without_gradients_weights_go_back_and_the_head_goes_to_zero() -> None:
    variables = matrices()
    optimizer = _ready(SGD, variables, pull=20.0)
    optimizer.learning_rate = StageSchedule(0.05, 1000, 0, "constant")
    start = values(variables)
    variables[0].assign(start[0] + 1.0)
    apply_all(optimizer, np.zeros((40, 2, 4, 3), "float32"), variables)
    np.testing.assert_allclose(values(variables)[0], start[0], atol=1e-6)
    np.testing.assert_allclose(values(variables)[1], start[1] * (1 - 0.05 * 0.2) ** 40, rtol=1e-4)


def test_a_pull_at_the_start_changes_nothing() -> None:
    pulled, plain = matrices(), matrices()
    rows = gradients(2, 1)
    apply_all(_ready(AdamW, pulled, pull=5.0), rows, pulled)
    apply_all(_ready(AdamW, plain, pull=0.0), rows, plain)
    for value, wanted in zip(values(pulled), values(plain), strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_the_old_start_comes_back_from_a_checkpoint() -> None:
    """As after an interruption: the optimizer is built on other weights, then everything is put back."""
    whole, rows = matrices(), gradients(2, 8)
    straight = _ready(AdamW, whole)
    apply_all(straight, rows, whole)

    stopped = matrices()
    first = _ready(AdamW, stopped)
    apply_all(first, rows[:5], stopped)
    assert sum("start" in variable.path for variable in first.variables) == 2
    kept = values(first.variables)
    resumed = matrices(seed=9)
    second = _ready(AdamW, resumed)
    for variable, value in zip([*resumed, *second.variables], [*values(stopped), *kept], strict=True):
        variable.assign(value)
    apply_all(second, rows[5:], resumed)
    for value, wanted in zip(values(resumed), values(whole), strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_a_model_trains_by_fit_with_accumulation_and_an_average() -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6, name="body"), keras.layers.Dense(2, name="head")]
    )
    body = [variable.path for variable in model.get_layer("body").weights]
    start = values(model.get_layer("body").weights)[0]

    def distance(pull: float) -> float:
        model.set_weights(weights)
        schedule = StageSchedule(0.05, 12, 0, "constant")
        optimizer = AdamW(learning_rate=schedule, keeps_start=True, accumulate_steps=2, average_decay=0.9)
        optimizer.build(model.trainable_variables)
        rules, pulls = starting_point_rules({v.path: VariableRule(1.0, 0.01) for v in model.weights}, body, pull)
        optimizer.follow(rules)
        optimizer.pull(pulls)
        model.compile(optimizer=optimizer, loss="mse", jit_compile=False)
        rng = np.random.default_rng(0)
        model.fit(rng.normal(size=(24, 4)), rng.normal(size=(24, 2)) + 3, batch_size=2, verbose=0, shuffle=False)
        return float(np.linalg.norm(values(model.get_layer("body").weights)[0] - start))

    weights = model.get_weights()
    free, held = distance(0.0), distance(10.0)
    assert 0.0 < held < 0.7 * free


def test_rules_take_weight_decay_from_what_is_pulled() -> None:
    rules, pulls = starting_point_rules(RULES, ["first"], 0.1)
    assert rules == {"first": VariableRule(0.5, 0.0), "second": VariableRule(1.0, 0.2)}
    assert pulls == {"first": 0.1}
    with pytest.raises(ValueError, match="third"):
        starting_point_rules(RULES, ["third"], 0.1)
    with pytest.raises(ValueError, match=r"-0\.1"):
        starting_point_rules(RULES, ["first"], -0.1)


def test_what_was_not_built_cannot_be_pulled() -> None:
    variables = matrices()
    plain = SGD(learning_rate=StageSchedule(0.05, 20, 0, "linear"))
    plain.build(variables)
    plain.follow(RULES)
    count = len(plain.variables)
    plain.pull({})
    apply_all(plain, gradients(2, 1), variables)
    assert not any("start" in variable.path for variable in plain.variables) and len(plain.variables) == count
    with pytest.raises(ValueError, match="keep starts"):
        plain.pull({"first": 0.1})
    with pytest.raises(ValueError, match="third"):
        _ready(SGD, matrices()).pull({"third": 0.1})


def test_way_back() -> None:
    taken = way_back(keras.ops.convert_to_tensor([3.0, -1.0]), keras.ops.convert_to_tensor([1.0, 1.0]), 0.25)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(taken), [0.5, -0.5])


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="is what it starts")
def test_all_of_it_on_jax() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_starting_point.py"]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
