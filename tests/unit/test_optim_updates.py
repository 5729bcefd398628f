"""Each optimizer's updates against a plain NumPy reference; Muon's against Keras' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule
from tests.unit.optimizer_trials import PLAIN, apply_all, gradients, matrices, ready, values

Update = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def _adamw(epsilon: float = 1e-7) -> Update:
    state = {"m": 0.0, "v": 0.0, "step": 0}

    def update(weight: Any, gradient: Any, rate: float) -> Any:
        state["step"] += 1
        state["m"] = 0.9 * state["m"] + 0.1 * gradient
        state["v"] = 0.999 * state["v"] + 0.001 * gradient**2
        mean, square = 1 - 0.9 ** state["step"], 1 - 0.999 ** state["step"]
        # Keras adds epsilon before it corrects the second moment ("epsilon hat" of Kingma & Ba, section 2).
        return weight - rate * np.sqrt(square) / mean * state["m"] / (np.sqrt(state["v"]) + epsilon)

    return update


def _sgd(nesterov: bool) -> Update:
    state = {"velocity": 0.0}

    def update(weight: Any, gradient: Any, rate: float) -> Any:
        state["velocity"] = 0.9 * state["velocity"] - rate * gradient
        return weight + (0.9 * state["velocity"] - rate * gradient if nesterov else state["velocity"])

    return update


def _lion() -> Update:
    state = {"m": 0.0}

    def update(weight: Any, gradient: Any, rate: float) -> Any:
        step = np.sign(0.9 * state["m"] + 0.1 * gradient)
        state["m"] = 0.99 * state["m"] + 0.01 * gradient
        return weight - rate * step

    return update


REFERENCES: list[tuple[str, dict[str, Any], Callable[[], Update]]] = [
    ("adamw", {}, _adamw),
    ("sgd", {"nesterov": False}, lambda: _sgd(False)),
    ("sgd", {"nesterov": True}, lambda: _sgd(True)),
    ("lion", {}, _lion),
]


@pytest.mark.parametrize(("name", "settings", "reference"), REFERENCES)
def test_updates_are_those_of_the_reference(name: str, settings: dict[str, Any], reference: Any) -> None:
    variables = matrices()
    rules = [VariableRule(0.5, 0.1), VariableRule(2.0, 0.0)]
    schedule = StageSchedule(0.05, 12, 4, "linear")
    optimizer = ready(name, variables, rules, schedule, **settings)
    updates = [reference() for _ in rules]
    expected = [value.astype("float64") for value in values(variables)]
    for step, row in enumerate(gradients(2, 12)):
        rate = 0.05 * ((step + 1) / 5 if step < 4 else 1 - (step - 4) / 8)
        for place, (rule, update) in enumerate(zip(rules, updates, strict=True)):
            own = rate * rule.multiplier
            shrunk = expected[place] * (1 - own * rule.weight_decay)
            expected[place] = update(shrunk, row[place].astype("float64"), own)
        apply_all(optimizer, [row], variables)
        for value, wanted in zip(values(variables), expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=2e-5, atol=2e-6)


def test_muon_is_keras_muon_where_all_have_one_rate() -> None:
    ours, theirs = matrices(names=("a", "b", "head")), matrices(names=("a", "b", "head"))
    optimizer = make_optimizer("muon")
    optimizer.build(ours, head=ours[2:])
    optimizer.follow({v.path: VariableRule(1.0, 0.02) for v in ours})
    optimizer.learning_rate = StageSchedule(0.02, 100, 0, "constant")
    keras_own = keras.optimizers.Muon(
        0.02, weight_decay=0.02, adam_weight_decay=0.02, exclude_layers=["head"], momentum=0.95
    )
    keras_own.build(theirs)
    rows = gradients(3, 6)
    apply_all(optimizer, rows, ours)
    apply_all(keras_own, rows, theirs)
    for value, wanted in zip(values(ours), values(theirs), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)


def test_muon_leaves_embeddings_vectors_and_the_head_to_adam() -> None:
    names = {"token_embedding": (6, 3), "kernel": (4, 3), "bias": (3,), "attention": (4, 2, 3), "head": (3, 2)}
    model = {name: keras.Variable(np.ones(shape, "float32"), name=name) for name, shape in names.items()}
    reference = {name: np.ones(shape) for name, shape in names.items()}
    optimizer = make_optimizer("muon")
    optimizer.build(list(model.values()), head=[model["head"]])
    optimizer.follow({v.path: VariableRule(0.5, 0.0) for v in model.values()})
    optimizer.learning_rate = StageSchedule(0.1, 100, 0, "constant")
    rng = np.random.default_rng(0)
    updates = {name: _adamw() for name in names}
    for _ in range(3):
        row = {name: rng.normal(size=shape).astype("float32") for name, shape in names.items()}
        apply_all(optimizer, [list(row.values())], list(model.values()))
        reference = {name: updates[name](reference[name], row[name], 0.05) for name in names}
    same = {name: np.allclose(values([v])[0], reference[name], atol=1e-5) for name, v in model.items()}
    assert same == {"token_embedding": True, "kernel": False, "bias": True, "attention": True, "head": True}


def test_muon_moves_each_matrix_at_its_own_rate() -> None:
    first, second = matrices(names=("first", "second"))
    second.assign(first)
    before = values([first])[0]
    optimizer = ready("muon", [first, second], [PLAIN, VariableRule(0.25, 0.0)])
    row = gradients(1, 1)[0]
    apply_all(optimizer, [[row[0], row[0]]], [first, second])
    moves = [value - before for value in values([first, second])]
    np.testing.assert_allclose(moves[1], 0.25 * moves[0], rtol=1e-3)


def test_muon_refuses_a_model_that_it_would_leave_to_adam() -> None:
    kernel = keras.Variable(np.ones((3, 3, 8, 8), "float32"), name="kernel")
    head = keras.Variable(np.ones((8, 2), "float32"), name="kernel")
    with pytest.raises(ConfigError, match="needs matrices to train"):
        make_optimizer("muon").build([kernel, head], head=[head])


def test_an_embedding_whose_rows_repeat_is_updated_by_their_sum() -> None:
    """TensorFlow's gradient of a look-up holds a row for each look-up; Adam must square the sum of them."""
    table = keras.layers.Embedding(5, 3, name="table")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), table, keras.layers.GlobalAveragePooling1D()])
    before = values([table.embeddings])[0]
    optimizer = ready("adamw", [table.embeddings], schedule=StageSchedule(0.1, 100, 0, "constant"))
    model.compile(optimizer=optimizer, loss="mse")
    tokens, targets = np.array([[1, 1, 1, 2]]), np.zeros((1, 3), "float32")
    shares = np.array([0, 0.75, 0.25, 0, 0])
    expected, update = before.astype("float64"), _adamw()
    for _ in range(3):
        pooled = shares @ expected
        expected = update(expected, np.outer(shares, 2 * pooled / 3), 0.1)
        model.train_on_batch(tokens, targets)
    np.testing.assert_allclose(values([table.embeddings])[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("clip", "expected"), [({"clip_norm": 1.0}, [0.6, 0.8]), ({"clip_value": 0.5}, [0.5, 0.5])])
def test_gradients_are_clipped(clip: dict[str, float], expected: list[float]) -> None:
    variables = [keras.Variable([0.0], name=name) for name in ("first", "second")]
    schedule = StageSchedule(1.0, 10, 0, "constant")
    optimizer = ready("sgd", variables, schedule=schedule, momentum=0.0, nesterov=False, **clip)
    apply_all(optimizer, [[np.array([3.0], "float32"), np.array([4.0], "float32")]], variables)
    np.testing.assert_allclose(-np.concatenate(values(variables)), expected, rtol=1e-5)
