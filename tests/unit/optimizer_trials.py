"""Small made-up models and gradients that the tests of optimizers share; they run on TensorFlow and on JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule

# What each optimizer is tried with.
SETTINGS: dict[str, dict[str, Any]] = {
    "adamw": {},
    "sgd": {"momentum": 0.9, "nesterov": True},
    "lion": {},
    "muon": {},
}
PLAIN = VariableRule(1.0, 0.0)


def matrices(seed: int = 0, names: Sequence[str] = ("first", "second")) -> list[Any]:
    """Keras variables ``(4, 3)`` float32."""
    rng = np.random.default_rng(seed)
    return [keras.Variable(rng.normal(size=(4, 3)).astype("float32"), name=name) for name in names]


def gradients(count: int, steps: int, seed: int = 1) -> np.ndarray:
    """Float32 ``(steps, count, 4, 3)``."""
    return np.random.default_rng(seed).normal(size=(steps, count, 4, 3)).astype("float32")


def ready(
    name: str,
    variables: Sequence[Any],
    rules: Sequence[VariableRule] | None = None,
    schedule: StageSchedule | None = None,
    **settings: Any,
) -> Any:
    """An optimizer that was built with the variables and follows the rules (one each, else plain ones)."""
    optimizer = make_optimizer(name, **{**SETTINGS[name], **settings})
    optimizer.build(list(variables))
    chosen = rules if rules is not None else [PLAIN] * len(variables)
    optimizer.follow({v.path: rule for v, rule in zip(variables, chosen, strict=True)})
    optimizer.learning_rate = schedule if schedule is not None else StageSchedule(0.01, 1000, 0, "constant")
    return optimizer


def apply_all(optimizer: Any, rows: Any, variables: Sequence[Any]) -> None:
    """One step for each row of gradients."""
    for row in rows:
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in row], list(variables))


def values(variables: Sequence[Any]) -> list[np.ndarray]:
    """Copies as float32 arrays."""
    return [np.asarray(variable).copy() for variable in variables]


def plain_rules(model: Any, chosen: Mapping[str, VariableRule] | None = None) -> dict[str, VariableRule]:
    """A rule for each weight of a model, by the name of its layer where `chosen` has one."""
    return {weight.path: (chosen or {}).get(layer.name, PLAIN) for layer in model.layers for weight in layer.weights}
