"""Learning-rate schedules: pure functions from the step of a stage to a rate."""

from __future__ import annotations

from typing import Any, Literal

import keras

ScheduleName = Literal["constant", "linear", "cosine"]


@keras.saving.register_keras_serializable(package="ftsuite")
class StageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to a peak, then constant, linear or cosine decay to zero (Loshchilov & Hutter, 2017,
    https://arxiv.org/abs/1608.03983), over the steps of one stage.

    The optimizer counts steps through all stages, so the schedule knows at which step its stage began.

    Args:
        peak: the highest rate.
        total_steps: length of the stage in optimizer steps, at least 1.
        warmup_steps: steps of linear rise at the stage's beginning.
        name: ``constant``, ``linear`` or ``cosine``.
        first_step: the optimizer's step count when the stage begins.
    """

    def __init__(
        self, peak: float, total_steps: int, warmup_steps: int, name: ScheduleName = "cosine", first_step: int = 0
    ) -> None:
        self.peak = float(peak)
        self.total_steps = int(total_steps)
        self.warmup_steps = int(warmup_steps)
        self.name = name
        self.first_step = int(first_step)

    def __call__(self, step: Any) -> Any:
        """The rate at one optimizer step, a scalar float32 tensor."""
        ops = keras.ops
        local = ops.maximum(ops.cast(step, "float32") - float(self.first_step), 0.0)
        rise = (local + 1.0) / float(self.warmup_steps + 1)
        after = max(self.total_steps - self.warmup_steps, 1)
        progress = ops.clip((local - float(self.warmup_steps)) / float(after), 0.0, 1.0)
        shape = ops.ones_like(progress)
        if self.name == "linear":
            shape = 1.0 - progress
        elif self.name == "cosine":
            shape = 0.5 * (1.0 + ops.cos(progress * 3.141592653589793))
        return self.peak * ops.where(local < float(self.warmup_steps), rise, shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "name": self.name,
            "first_step": self.first_step,
        }
