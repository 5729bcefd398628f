"""The keys of a stage of the plan."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from ftsuite.config import stage_checks
from ftsuite.config.durations import Duration
from ftsuite.config.image_size import ImageSize
from ftsuite.config.scope import TrainScope
from ftsuite.config.section import Section


class StageConfig(Section):
    """One stage of the plan: what is trained, for how long, at which rate."""

    train: TrainScope = Field(
        description="What this stage trains, always with the head: so many blocks of the backbone or `P%` of them "
        "(above 0, rounded up), from its output (`last`) or its input (`first`); blocks by name (none twice, in quotes "
        "within braces); the `biases` of all blocks, with the offsets of normalizations; or `all`."
    )
    duration: stage_checks.StageLength = Field(
        alias="for",
        description="How long, in epochs or steps. `by-data-size` is BiT's rule (Kolesnikov et al., 2020): below "
        "20,000 training examples 500 steps of 512 examples, below 500,000 10,000 steps, else 20,000; in batches of "
        "another size as many examples.",
    )
    learning_rate: float = Field(gt=0, le=100, description="Highest learning rate of the stage.")
    rate_batch_size: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Examples of an update that `learning_rate` is meant for; where updates have others, the rate is "
        "scaled with them (Goyal et al., 2017). Null takes it as it stands.",
    )
    layer_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Factor on the rate from each block to the one below it; 1 is one rate for all.",
    )
    schedule: Literal["cosine", "constant", "linear", "one-cycle", "inverse-sqrt", "milestones"] = Field(
        "cosine",
        description="Course of the rate after the warm-up: `constant`; to zero by `cosine` or in a `linear` way; "
        "`one-cycle`, down as long as it went up and then to almost nothing (Smith and Topin, 2019); `inverse-sqrt` of "
        "the step (Vaswani et al., 2017); `milestones`, a tenth of what it was from each of them on.",
    )
    warmup: stage_checks.StageLength | None = Field(
        None,
        validate_default=True,
        description="Length of the linear rise of the rate; a percentage is one of the stage. Null for `0%`, with "
        "one-cycle `30%`, with inverse-sqrt `10%`. `by-data-size` with a stage of that length: 100 steps of 512 "
        "examples, from 20,000 training examples on 500, as in BiT's program.",
    )
    milestones: tuple[Duration, ...] | None = Field(
        None,
        min_length=1,
        max_length=100,
        validate_default=True,
        description="Shares of the stage after which the rate is a tenth of what it was, rising; with the schedule "
        "`milestones` only, whose own are `[30%, 60%, 90%]`.",
    )
    image_size: ImageSize | None = Field(
        None,
        description="Pixels of this stage's training pictures, or their share of the size that the model is judged and "
        "saved at, rounded to a multiple of 32; validation stays at that size. Null for the task's own. For pictures, "
        "and backbones that take any size.",
    )

    _duration = field_validator("duration")(stage_checks.length_is_absolute)
    _warmup_default = field_validator("warmup")(stage_checks.warmup_default)
    _warmup = field_validator("warmup")(stage_checks.warmup_fits_length)
    _milestones_default = field_validator("milestones")(stage_checks.milestones_fit_schedule)
    _milestones = field_validator("milestones")(stage_checks.milestones_rise)


def default_stages() -> tuple[StageConfig, ...]:
    """The plan of a config that names no stages: head, last two blocks, everything."""
    rows: tuple[dict[str, Any], ...] = (
        {"train": "head", "for": "5 epochs", "learning_rate": 1e-3},
        {"train": "last 2", "for": "5 epochs", "learning_rate": 3e-4, "layer_decay": 0.75},
        {"train": "all", "for": "10 epochs", "learning_rate": 1e-4, "layer_decay": 0.75, "warmup": "10%"},
    )
    return tuple(StageConfig.model_validate(row) for row in rows)
