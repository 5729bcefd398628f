"""The rates of a learning-rate range test: from far too low to far too high in equal factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

from ftsuite.training.plan import Stage

# From where nothing is learnt to where nothing survives, for each optimizer's scale of rates.
_ENDS = {"adamw": (1e-6, 10.0), "muon": (1e-6, 10.0), "lion": (1e-7, 1.0), "sgd": (1e-5, 10.0)}
# What the plan's own rate must be away from the ends, so that the curve says something of it.
_ROOM_BELOW, _ROOM_ABOVE = 100.0, 10.0
# Fewer updates where data are small, because examples that come again and again are learnt by heart meanwhile.
_MOST_UPDATES, _LEAST_UPDATES, _EPOCHS = 100, 40, 4


@dataclass(frozen=True)
class Ramp:
    """Which rates are tried.

    Attributes:
        low: the first.
        high: the last.
        updates: how many, each for one update of the weights; at least 2.
        accumulate_steps: batches that make one update.
    """

    low: float
    high: float
    updates: int
    accumulate_steps: int = 1

    @classmethod
    def of(cls, stage: Stage, optimizer_name: str, accumulate_steps: int = 1) -> Ramp:
        """The ramp for a stage: 100 updates, or what 4 epochs have, but at least 40."""
        low, high = _ENDS[optimizer_name]
        in_epochs = _EPOCHS * stage.steps_per_epoch // accumulate_steps
        return cls(
            min(low, stage.learning_rate / _ROOM_BELOW),
            max(high, stage.learning_rate * _ROOM_ABOVE),
            min(_MOST_UPDATES, max(_LEAST_UPDATES, in_epochs)),
            accumulate_steps,
        )

    @property
    def batches(self) -> int:
        """Batches of the whole test."""
        return self.updates * self.accumulate_steps

    def rate(self, update: int) -> float:
        """The rate of an update, counted from 0."""
        return self.low * math.exp(self._step_of_logarithm * update)

    def schedule(self, first_step: int) -> RampSchedule:
        """For an optimizer that has seen `first_step` batches when the test begins."""
        return RampSchedule(self, first_step)

    @property
    def _step_of_logarithm(self) -> float:
        return math.log(self.high / self.low) / (self.updates - 1)


class RampSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A ramp as a schedule of batches.

    Args:
        ramp: the rates.
        first_step: the optimizer's count of batches when the test begins.
    """

    def __init__(self, ramp: Ramp, first_step: int) -> None:
        self.ramp = ramp
        self.first_step = first_step
        self.total_steps = ramp.batches

    def __call__(self, step: Any) -> Any:
        """The rates at the optimizer's counts of batches: a float32 tensor of the shape of `step`."""
        ops = keras.ops
        batch = ops.maximum(ops.convert_to_tensor(step) - self.first_step, 0)
        update = ops.cast(ops.floor_divide(batch, self.ramp.accumulate_steps), "float32")
        return self.ramp.low * ops.exp(self.ramp._step_of_logarithm * update)
