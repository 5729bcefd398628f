"""Averaged weights in place of the trained ones: while a model is judged, or for good.

The mean of the weights along the path of training is often better than its last point (Polyak & Juditsky, 1992,
https://doi.org/10.1137/0330046). Keras' ``use_ema`` is not used: it puts the average into the model at the end of
each ``fit``, and the next epoch would go on from there.

A model's BatchNorm statistics are no part of it; they are running averages of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def averaged_weights(optimizer: Any) -> Iterator[None]:
    """Give the model its averaged weights, and its own back at the end.

    A variable that was not updated since the average began keeps its value; so do all where the optimizer keeps no
    average. It must not run inside ``fit``: on JAX the variables are not up to date there.

    Args:
        optimizer: with `PerVariableRates`, built.
    """
    pairs = optimizer.averaged_pairs()
    own = [keras.ops.copy(variable.value) for variable, _ in pairs]
    _set_averages(pairs)
    try:
        yield
    finally:
        for (variable, _), value in zip(pairs, own, strict=True):
            variable.assign(value)


def keep_average(optimizer: Any) -> None:
    """Give the model its averaged weights for good, and begin a new average; for a stage's end."""
    _set_averages(optimizer.averaged_pairs())
    optimizer.restart_average()


def _set_averages(pairs: Sequence[tuple[Any, Any]]) -> None:
    for variable, average in pairs:
        # A copy: on JAX a step gives away the memory of its variables, and no two may share it.
        variable.assign(keras.ops.copy(average.value))
