"""Stages of a model by `fit`: other variables each, in another order than the optimizer was built with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule
from tests.unit.optimizer_trials import PLAIN, ready, values

HERE = Path(__file__).resolve().parent


def _model() -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, activation="tanh", name="one"),
            keras.layers.Dense(5, activation="tanh", name="two"),
            keras.layers.Dense(2, name="three"),
        ]
    )


def _data(rows: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, 4)).astype("float32"), rng.normal(size=(rows, 2)).astype("float32")


def _rules(model: Any) -> dict[str, VariableRule]:
    factors = {"one": 0.25, "two": 0.5, "three": 1.0}
    return {v.path: VariableRule(factors[layer.name], 0.02) for layer in model.layers for v in layer.weights}


class ReversedTail(keras.Model):  # type: ignore[misc]
    """The last layers of a model, made in such a way that their variables are listed in another order."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.last = model.get_layer("three")
        self.first = model.get_layer("two")

    def call(self, features: Any) -> Any:
        return self.last(self.first(features))


@pytest.mark.parametrize("accumulate_steps", [1, 2])
def test_a_tail_that_lists_its_variables_otherwise_trains_alike(accumulate_steps: int) -> None:
    """The whole model with its first layer frozen, against its tail on the features of that layer."""
    inputs, targets = _data()

    def stage(use_tail: bool) -> list[np.ndarray]:
        model = _model()
        optimizer = ready("adamw", model.trainable_variables, accumulate_steps=accumulate_steps, average_decay=0.9)
        model.get_layer("one").trainable = False
        trained, features = model, inputs
        if use_tail:
            trained = ReversedTail(model)
            features = keras.ops.convert_to_numpy(model.get_layer("one")(inputs))
            trained(features)
            names = [variable.path for variable in trained.trainable_variables]
            assert names != [variable.path for variable in model.trainable_variables]
        optimizer.follow(_rules(model), trained.trainable_variables if use_tail else None)
        optimizer.learning_rate = StageSchedule(0.05, 6, 2, "cosine")
        trained.compile(optimizer=optimizer, loss="mse")
        trained.fit(features, targets, batch_size=4, epochs=2, shuffle=False, verbose=0)
        return values([*model.weights, *(average for _, average in optimizer.averaged_pairs())])

    whole, tail = stage(False), stage(True)
    assert len(whole) == 6 + 4
    for value, wanted in zip(tail, whole, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "sgd", "lion", "muon"])
def test_stages_freeze_and_thaw_with_one_optimizer(name: str) -> None:
    inputs, targets = _data()
    model = _model()
    optimizer = ready(name, model.trainable_variables, accumulate_steps=2, average_decay=0.9, clip_norm=1.0)
    optimizer.follow(dict.fromkeys([v.path for v in model.weights], PLAIN))
    step = 0
    for trained in (["three"], ["two", "three"], ["one", "two", "three"], ["three"]):
        for layer in model.layers:
            layer.trainable = layer.name in trained
        before = values(model.weights)
        optimizer.learning_rate = StageSchedule(0.01, 3, 0, "constant", first_step=step)
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
        step += 3
        rows = zip(model.weights, before, values(model.weights), strict=True)
        moved = {weight.path.split("/")[-2] for weight, old, new in rows if not np.array_equal(old, new)}
        assert moved == set(trained)
    # Two updates a stage: one of two batches, one of the batch that is left.
    own = {v.name: np.asarray(v) for v in optimizer.variables}
    assert own["updates"].tolist() == [2, 2, 4, 4, 8, 8]
    assert int(own["iteration"]) == 12


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="this starts itself again on JAX")
def test_all_of_it_holds_on_jax() -> None:
    pytest.importorskip("jax")
    files = sorted(str(path) for path in HERE.glob("test_optim*.py"))
    command = [sys.executable, "-m", "pytest", *files, "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
