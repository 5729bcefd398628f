"""How long a stage is and at which rate it trains, where the config lets both follow from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftsuite.config.durations import Duration
from ftsuite.errors import ConfigError
from ftsuite.optim.data_size_schedule import training_length

if TYPE_CHECKING:
    from ftsuite.config import StageConfig
    from ftsuite.config.stage_checks import StageLength


@dataclass(frozen=True)
class TrainingSize:
    """What lengths and rates may depend on.

    Attributes:
        examples: of the training split.
        steps_per_epoch: batches of one pass over them.
        examples_per_step: of one batch.
        examples_per_update: of the batches whose mean gradient makes one update.
    """

    examples: int
    steps_per_epoch: int
    examples_per_step: int
    examples_per_update: int

    @classmethod
    def of(cls, examples: int, steps_per_epoch: int, batch_size: int, accumulate_steps: int) -> TrainingSize:
        """For a training split and the config's batches, which are never larger than the split."""
        shown = min(batch_size, examples)
        return cls(examples, steps_per_epoch, shown, shown * accumulate_steps)


def total_and_warmup_steps(number: int, stage: StageConfig, size: TrainingSize) -> tuple[int, int]:
    """Batches of a stage and of its warm-up, which leaves at least the last one.

    Raises:
        ConfigError: if a milestone lies within the warm-up.
    """
    total = _steps(stage.duration, size, None)
    warmup = 0 if stage.warmup is None else min(_steps(stage.warmup, size, total), total - 1)
    if stage.milestones is not None:
        first = round(total * float(stage.milestones[0].amount) / 100)
        if 0 < first < warmup:
            raise ConfigError(
                f"finetune.stages.{number}.milestones must not begin within the warm-up, which is {warmup} of "
                f"{total} steps here. Received: {stage.milestones[0]}, which is step {first}.",
                "Shorten `warmup`, or let the first milestone come later.",
            )
    return total, warmup


def _steps(length: StageLength, size: TrainingSize, total: int | None) -> int:
    if isinstance(length, Duration):
        return length.to_steps(size.steps_per_epoch, total)
    ruled = training_length(size.examples, size.examples_per_step)
    return ruled.steps if total is None else ruled.warmup_steps


def rate_factor(stage: StageConfig, size: TrainingSize) -> float:
    """What the stage's rate is multiplied by, so that it fits the examples of an update."""
    return 1.0 if stage.rate_batch_size is None else size.examples_per_update / stage.rate_batch_size
