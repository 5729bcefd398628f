"""Gradients of several batches as one, and updates that are made only after the last of them.

Keras' own ``gradient_accumulation_steps`` is not used: its cycle runs through stage ends and divides what it holds
there by a full cycle, it keeps or drops the gradients of variables that freeze depending on the backend, and on JAX
it computes the whole update at every batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras


class Cycle(NamedTuple):
    """Where a batch stands among those that make one update; scalar tensors.

    Attributes:
        is_first: what was summed up before it belongs to an earlier update.
        count: batches of the cycle so far, this one among them; int.
        is_last: the update is due. The last cycle of a stage may be shorter than the others.
    """

    is_first: Any
    count: Any
    is_last: Any


def cycle_at(batch: Any, total: int, length: int) -> Cycle:
    """The place in its cycle of one batch of a stage.

    Args:
        batch: int scalar tensor, counted from the stage's first batch.
        total: batches of the stage.
        length: batches of a full cycle.
    """
    ops = keras.ops
    position = ops.mod(batch, length)
    is_last = ops.logical_or(ops.equal(position, length - 1), ops.equal(batch, total - 1))
    return Cycle(ops.equal(position, 0), position + 1, is_last)


def summed(gradient: Any, held: Any, cycle: Cycle) -> Any:
    """The sum of the cycle's gradients; what `held` has of an earlier cycle is forgotten."""
    return keras.ops.where(cycle.is_first, gradient, gradient + held)


def run_if(condition: Any, changing: Sequence[Any], update: Callable[[], None]) -> None:
    """Call `update` only where a condition holds that is known when the step runs.

    Args:
        condition: bool scalar tensor.
        changing: every variable that `update` reads or assigns to.
        update: assigns to variables.
    """
    if keras.backend.backend() == "tensorflow":
        keras.ops.cond(condition, update, lambda: None)
        return
    # JAX branches are pure functions, so the new values come out of them as results.
    before = [variable.value for variable in changing]

    def changed() -> list[Any]:
        with keras.StatelessScope(state_mapping=list(zip(changing, before, strict=True))) as scope:
            update()
        return [scope.get_current_value(variable) for variable in changing]

    after = keras.ops.cond(condition, changed, lambda: before)
    for variable, value in zip(changing, after, strict=True):
        variable.assign(value)
