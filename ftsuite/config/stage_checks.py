"""Checks of a stage's length, warm-up and milestones against each other."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, Literal

from pydantic import ValidationInfo

from ftsuite.config.checks import crossed, duration_is_absolute, warmup_fits_schedule, warmup_fits_stage
from ftsuite.config.durations import Duration

# A length by the rule for data of that size (`ftsuite.optim.data_size_schedule`).
BY_DATA_SIZE: Literal["by-data-size"] = "by-data-size"
StageLength = Duration | Literal["by-data-size"]

# BiT's, in percent of the stage.
DEFAULT_MILESTONES = tuple(Duration(Decimal(share), "percent") for share in (30, 60, 90))
_EXAMPLE = "Write for instance `[30%, 60%, 90%]`."


def length_is_absolute(value: StageLength) -> StageLength:
    """The length of a stage: epochs, steps, or what the rule says."""
    return duration_is_absolute(value) if isinstance(value, Duration) else value


def warmup_default(value: StageLength | None, info: ValidationInfo) -> StageLength | None:
    """The warm-up of the schedule where the config gives none."""
    return value if isinstance(value, str) else warmup_fits_schedule(value, info)


def warmup_fits_length(value: StageLength, info: ValidationInfo) -> StageLength:
    """The warm-up is shorter than its stage, and one by the rule goes with a length by the rule."""
    if isinstance(value, Duration):
        return warmup_fits_stage(value, info)
    length = info.data.get("duration", BY_DATA_SIZE)
    if length != BY_DATA_SIZE:
        raise crossed(
            f"{{name}}: by-data-size goes with a stage of that length. Received: a stage of {length}",
            "Write `for: by-data-size`, or a warm-up such as `10%`.",
        )
    return value


def milestones_fit_schedule(value: tuple[Duration, ...] | None, info: ValidationInfo) -> Any:
    """Milestones stand with the schedule of that name, which has its own where the config gives none."""
    schedule = info.data.get("schedule")
    if schedule is not None and schedule != "milestones":
        if value is None:
            return None
        raise crossed(
            f"{{name}} goes with the schedule `milestones`. Received: the schedule `{schedule}`",
            "Remove `milestones` (write `milestones: null` where another config sets it), or write `schedule: "
            "milestones`.",
        )
    return DEFAULT_MILESTONES if value is None and schedule is not None else value


def milestones_rise(value: tuple[Duration, ...] | None, info: ValidationInfo) -> Any:
    """Milestones are shares of their stage, each later than the one before, and not within the warm-up."""
    if value is None:
        return None
    told = f"Received: [{', '.join(map(str, value))}]"
    if any(milestone.unit != "percent" for milestone in value):
        raise crossed(f"{{name}} must be shares of the stage. {told}", _EXAMPLE)
    shares = [milestone.amount for milestone in value]
    if any(not 0 < share < 100 for share in shares):
        raise crossed(f"{{name}} must lie within the stage, above 0% and below 100%. {told}", _EXAMPLE)
    if any(later <= earlier for earlier, later in itertools.pairwise(shares)):
        raise crossed(f"{{name}} must rise, and none come twice. {told}", _EXAMPLE)
    warmup = info.data.get("warmup")
    if isinstance(warmup, Duration) and warmup.unit == "percent" and warmup.amount > shares[0]:
        raise crossed(
            f"{{name}} must not begin within the warm-up of {warmup}. {told}",
            "Shorten `warmup`, or let the first milestone come later.",
            culprit="warmup",
        )
    return value
