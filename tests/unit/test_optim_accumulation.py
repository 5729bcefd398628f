"""Several batches that make one update."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule
from tests.unit.optimizer_trials import SETTINGS, apply_all, gradients, matrices, plain_rules, ready, values

# Clipping precedes whatever the optimizer does.
WAYS: list[tuple[str, dict[str, float]]] = [(name, {}) for name in SETTINGS]
WAYS += [("adamw", {"clip_norm": 0.5}), ("adamw", {"clip_value": 0.1})]


def _trained(name: str, batch_size: int, accumulate_steps: int, clip: dict[str, float]) -> list[np.ndarray]:
    """The weights of a small model after 24 examples, by `fit`."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            keras.layers.Embedding(9, 5, name="embedding"),
            keras.layers.Flatten(),
            keras.layers.Dense(6, activation="tanh", name="middle"),
            keras.layers.Dense(2, name="head"),
        ]
    )
    rules = plain_rules(model, {"middle": VariableRule(0.5, 0.1)})
    optimizer = ready(name, model.trainable_variables, accumulate_steps=accumulate_steps, **clip)
    optimizer.follow(rules)
    total = 24 // batch_size
    optimizer.learning_rate = StageSchedule(0.02, total, 0, "constant")
    model.compile(optimizer=optimizer, loss="mse")
    rng = np.random.default_rng(2)
    inputs, targets = rng.integers(0, 9, (24, 4)), rng.normal(size=(24, 2)).astype("float32")
    model.fit(inputs, targets, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
    return values(model.trainable_variables)


@pytest.mark.parametrize(("name", "clip"), WAYS)
def test_small_batches_together_are_one_large_batch(name: str, clip: dict[str, float]) -> None:
    small, large = _trained(name, 2, 4, clip), _trained(name, 8, 1, clip)
    for value, wanted in zip(small, large, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=2e-4, atol=2e-5)


def _accumulating(variables: list[Any], steps: int, schedule: StageSchedule) -> Any:
    return ready("sgd", variables, schedule=schedule, momentum=0.0, nesterov=False, accumulate_steps=steps)


def test_nothing_moves_before_the_last_batch() -> None:
    variables = matrices()
    optimizer = _accumulating(variables, 3, StageSchedule(0.1, 30, 0, "constant"))
    before, rows = values(variables), gradients(2, 3)
    for row in rows[:2]:
        apply_all(optimizer, [row], variables)
        np.testing.assert_array_equal(values(variables), before)
    apply_all(optimizer, rows[2:], variables)
    np.testing.assert_allclose(values(variables), np.array(before) - 0.1 * rows.mean(0), rtol=1e-5, atol=1e-6)


def test_schedules_count_batches_and_an_update_takes_the_rate_of_its_last_one() -> None:
    (variable,) = matrices(names=("only",))
    optimizer = _accumulating([variable], 2, StageSchedule(1.0, 4, 0, "linear"))
    before = values([variable])[0]
    apply_all(optimizer, np.ones((4, 1, 4, 3), "float32"), [variable])
    np.testing.assert_allclose(before - values([variable])[0], 0.75 + 0.25, rtol=1e-5)


def test_what_is_left_at_the_end_of_a_stage_makes_an_update_of_its_own() -> None:
    (variable,) = matrices(names=("only",))
    optimizer = _accumulating([variable], 4, StageSchedule(0.1, 5, 0, "constant"))
    rows, before = gradients(1, 5), values([variable])[0]
    apply_all(optimizer, rows, [variable])
    expected = before - 0.1 * (rows[:4, 0].mean(0) + rows[4, 0])
    np.testing.assert_allclose(values([variable])[0], expected, rtol=1e-5, atol=1e-6)


def test_no_update_mixes_two_stages() -> None:
    """The first stage was stopped in the middle of a cycle; what it held is forgotten, frozen variables' as well."""
    first, second = matrices()
    optimizer = _accumulating([first, second], 4, StageSchedule(0.1, 100, 0, "constant"))
    apply_all(optimizer, gradients(2, 6), [first, second])
    optimizer.learning_rate = StageSchedule(0.1, 100, 0, "constant", first_step=6)
    apply_all(optimizer, gradients(1, 8, seed=4), [first])
    optimizer.learning_rate = StageSchedule(0.1, 100, 0, "constant", first_step=14)
    before, rows = values([first, second]), gradients(2, 4, seed=8)
    apply_all(optimizer, rows, [first, second])
    np.testing.assert_allclose(values([first, second]), np.array(before) - 0.1 * rows.mean(0), rtol=1e-5, atol=1e-6)


def test_adam_corrects_by_updates_and_not_by_batches() -> None:
    slow, fast = matrices(names=("a",)), matrices(names=("a",))
    apply_all(ready("adamw", slow, accumulate_steps=3), np.repeat(gradients(1, 5), 3, axis=0), slow)
    apply_all(ready("adamw", fast), gradients(1, 5), fast)
    np.testing.assert_allclose(values(slow), values(fast), rtol=1e-5, atol=1e-6)


def test_it_goes_on_from_its_variables_in_the_middle_of_a_cycle() -> None:
    rows = gradients(2, 10)
    whole = matrices()
    apply_all(ready("adamw", whole, accumulate_steps=4, average_decay=0.9), rows, whole)
    half = matrices()
    stopped = ready("adamw", half, accumulate_steps=4, average_decay=0.9)
    apply_all(stopped, rows[:6], half)
    resumed_variables = matrices()
    resumed = ready("adamw", resumed_variables, accumulate_steps=4, average_decay=0.9)
    for old, new in zip([*half, *stopped.variables], [*resumed_variables, *resumed.variables], strict=True):
        new.assign(np.asarray(old))
    apply_all(resumed, rows[6:], resumed_variables)
    np.testing.assert_array_equal(values(resumed_variables), values(whole))
