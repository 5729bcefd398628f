"""Learning-rate schedules: pure functions from the step of a stage to a rate. A step is a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras

ScheduleName = Literal["constant", "linear", "cosine", "one-cycle", "inverse-sqrt", "milestones"]

# The one-cycle policy rises from this share of the peak, and ends at this share of that.
_CYCLE_START, _CYCLE_END = 1 / 25, 1e-4
# Where the rate falls to a tenth, as shares of the stage.
_MILESTONES = (0.3, 0.6, 0.9)


@keras.saving.register_keras_serializable(package="ftsuite")
class StageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up to a peak, and what follows, over the steps of one stage.

    Step `s` of the warm-up has the rate ``peak * (s + 1) / (warmup_steps + 1)``; step ``warmup_steps`` has the peak.
    From there to step ``total_steps`` (the first one that the stage does not make) the rate

    - ``constant``: stays;
    - ``linear``: falls to 0 in a straight line;
    - ``cosine``: falls to 0 in half a cosine (Loshchilov & Hutter, 2017, https://arxiv.org/abs/1608.03983);
    - ``one-cycle``: falls to a 25th of the peak in as many steps as the warm-up took, then to a ten-thousandth of
      that, both in a straight line; its warm-up begins at a 25th of the peak (Smith & Topin, 2019,
      https://arxiv.org/abs/1708.07120);
    - ``inverse-sqrt``: falls as ``sqrt((warmup_steps + 1) / (step + 1))`` (Vaswani et al., 2017,
      https://arxiv.org/abs/1706.03762);
    - ``milestones``: is a tenth of what it was from each milestone on, as BiT of Kolesnikov et al., 2020
      (https://arxiv.org/abs/1912.11370) has it; the step of the peak comes before the first.

    The optimizer counts batches through all stages, so the schedule knows at which count its stage began. Where
    gradients are accumulated, an update takes the rate of its last batch.

    Args:
        peak: the highest rate.
        total_steps: length of the stage in batches, at least 1.
        warmup_steps: batches of linear rise at the stage's beginning.
        name: one of the six.
        first_step: the optimizer's count of batches when the stage begins.
        milestones: shares of the stage, rising; a schedule of another name has no use for them.
    """

    def __init__(
        self,
        peak: float,
        total_steps: int,
        warmup_steps: int,
        name: ScheduleName = "cosine",
        first_step: int = 0,
        milestones: Sequence[float] = _MILESTONES,
    ) -> None:
        self.peak = float(peak)
        self.total_steps = int(total_steps)
        self.warmup_steps = int(warmup_steps)
        self.name = name
        self.first_step = int(first_step)
        self.milestones = tuple(float(share) for share in milestones)

    def __call__(self, step: Any) -> Any:
        """The rates at the optimizer's counts of batches: a float32 tensor of the shape of `step`."""
        ops = keras.ops
        # In whole numbers first: the same steps after the start of any stage give the same bits.
        local = ops.cast(ops.maximum(ops.convert_to_tensor(step) - self.first_step, 0), "float32")
        rise = (local + 1.0) / float(self.warmup_steps + 1)
        if self.name == "one-cycle":
            rise = _CYCLE_START + (1.0 - _CYCLE_START) * local / float(max(self.warmup_steps, 1))
        return self.peak * ops.where(local < float(self.warmup_steps), rise, self._after_warmup(local))

    def _after_warmup(self, local: Any) -> Any:
        """The share of the peak at steps of the stage from the warm-up's end on."""
        ops = keras.ops
        warmup, after = float(self.warmup_steps), float(max(self.total_steps - self.warmup_steps, 1))
        progress = ops.clip((local - warmup) / after, 0.0, 1.0)
        if self.name == "linear":
            return 1.0 - progress
        if self.name == "cosine":
            return 0.5 * (1.0 + ops.cos(progress * math.pi))
        if self.name == "one-cycle":
            falling = min(max(warmup, 1.0), after) / after
            tail = ops.clip((progress - falling) / max(1.0 - falling, 1e-9), 0.0, 1.0)
            fall = 1.0 - (1.0 - _CYCLE_START) * progress / falling
            return ops.where(progress < falling, fall, _CYCLE_START * (1.0 - (1.0 - _CYCLE_END) * tail))
        if self.name == "inverse-sqrt":
            return ops.sqrt((warmup + 1.0) / (ops.maximum(local, warmup) + 1.0))
        if self.name == "milestones":
            return self._tenths(local)
        return ops.ones_like(progress)

    def _tenths(self, local: Any) -> Any:
        """A tenth for each milestone that was reached; from constants, so that nothing adds up rounding errors."""
        ops = keras.ops
        share = ops.ones_like(local)
        for number, milestone in enumerate(self.milestone_steps, start=1):
            share = ops.where(local >= float(milestone), 10.0**-number, share)
        return share

    @property
    def milestone_steps(self) -> tuple[int, ...]:
        """Steps of the stage at which the rate falls to a tenth."""
        return tuple(max(round(self.total_steps * share), self.warmup_steps + 1) for share in self.milestones)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "name": self.name,
            "first_step": self.first_step,
        }
        return config if self.name != "milestones" else {**config, "milestones": list(self.milestones)}
