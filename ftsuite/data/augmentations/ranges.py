"""Checked ranges of the options of augmentations. Imports no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Pair = tuple[float, float]


def rising(low: float, high: float) -> Callable[[Pair], Pair]:
    """A check that two numbers lie between two bounds, the lower one first."""

    def check(value: Pair) -> Pair:
        # Written so that a value that is no number fails too.
        if not low <= value[0] <= value[1] <= high:
            raise ValueError(
                f"must be two numbers from {low:g} to {high:g}, the lower first. Received: [{value[0]:g}, {value[1]:g}]"
            )
        return value

    return check


def as_pair(value: object) -> object:
    """A list as the tuple that Python code would give."""
    return tuple(value) if isinstance(value, list) else value
