"""Checks of one key that look at others. They run while fields are read, so one wrong key hides no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic_core import PydanticCustomError

from ftsuite.config.durations import Duration
from ftsuite.config.source import KEYS_OF_KINDS, parse_source
from ftsuite.config.words import listed, number_text, shorten
from ftsuite.errors import ConfigError

SOURCE_BOUND_KEYS = tuple(KEYS_OF_KINDS)

# The keys that belong to each optimizer, and what they are where a config does not say.
OPTIMIZER_DEFAULTS: dict[str, dict[str, Any]] = {
    "adamw": {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999},
    # Nesterov's momentum is usual in transfer (Kornblith et al., 2019, https://arxiv.org/abs/1805.08974). Rates, and
    # so what a decay comes to, are far higher than AdamW's.
    "sgd": {"weight_decay": 0.001, "momentum": 0.9, "nesterov": True},
    # Rates are a third to a tenth of AdamW's, decays as many times larger (Chen et al., 2023).
    "lion": {"weight_decay": 0.1, "beta_1": 0.9, "beta_2": 0.99},
    "muon": {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999, "momentum": 0.95, "nesterov": True},
}
OPTIMIZER_BOUND_KEYS = ("weight_decay", "beta_1", "beta_2", "momentum", "nesterov")

# Schedules that are not themselves without a warm-up.
_WARMUP_DEFAULTS = {"one-cycle": "30%", "inverse-sqrt": "10%"}


def crossed(statement: str, advice: str, culprit: str = "") -> PydanticCustomError:
    """An error in our own words.

    Args:
        statement: what was expected, ``{name}`` for the dotted key; ends with ``Received: …``.
        advice: what to do.
        culprit: a sibling key to point at where the checked key itself has its default; with dots, a key below the
            checked one to point at.
    """
    return PydanticCustomError("cross_check", "{statement}", _context(statement, advice, culprit))


def _context(statement: str, advice: str, culprit: str) -> dict[str, Any]:
    return {"statement": statement, "advice": advice, "culprit": culprit}


def source_has_known_form(value: str) -> str:
    """`data.source` has a known prefix or is a path."""
    try:
        parse_source(value)
    except ConfigError as error:
        raise crossed(f"{{name}}: {error.message}", error.advice) from error
    return value


def kinds_of(source: Any) -> frozenset[str]:
    """The kinds of a ``data.source``, of one or of several."""
    if isinstance(source, str):
        return frozenset({parse_source(source).kind})
    return frozenset(parse_source(one if isinstance(one, str) else one.source).kind for one in source)


def shown_source(source: Any) -> str:
    """A ``data.source`` as messages quote it."""
    return f"the source {shorten(source)}" if isinstance(source, str) else f"a list of {len(source)} sources"


def fractions_leave_training(value: float, info: ValidationInfo) -> float:
    """Validation and test do not take everything."""
    validation = info.data.get("validation_fraction", 0.0)
    if validation + value >= 1:
        raise crossed(
            "validation_fraction and test_fraction must add up to less than 1. "
            f"Received: {number_text(validation)} and {number_text(value)}",
            "Lower one of them: what is left is what the model trains on.",
            culprit="validation_fraction",
        )
    return value


def key_fits_source(value: Any, info: ValidationInfo) -> Any:
    """A key that belongs to some kinds of sources stands with one of them."""
    source = info.data.get("source")
    if value is None or source is None or info.field_name is None:
        return value
    kinds = KEYS_OF_KINDS[info.field_name]
    if not kinds_of(source) & kinds:
        written = {"field-guide": "field-guide", "path": "PATH"}
        fitting = listed(sorted(written.get(kind, f"{kind}:…") for kind in kinds), "or")
        raise crossed(
            f"{{name}} goes with the source {fitting}. Received: {shown_source(source)}",
            f"Remove `{info.field_name}`, or change `source`.",
        )
    return value


def streaming_fits_source(value: bool, info: ValidationInfo) -> bool:
    """Only JSON lines can be read from the disk while training: their rows are found by their line breaks."""
    source = info.data.get("source")
    if value and source is not None and (not isinstance(source, str) or not kinds_of(source) & {"jsonl", "path"}):
        raise crossed(
            f"data.streaming goes with the source jsonl:… only. Received: {shown_source(source)}",
            "Write the rows as JSON lines, or remove `streaming`.",
        )
    return value


def duration_is_positive(value: Duration) -> Duration:
    """A length of time that is not nothing."""
    if value.amount == 0:
        raise crossed(f"{{name}} must be longer than nothing. Received: {value}", "Write for instance `5 epochs`.")
    return value


def duration_is_absolute(value: Duration) -> Duration:
    """The length of a stage: not nothing, and no share of something."""
    if value.unit == "percent":
        raise crossed(f"{{name}} must be in epochs or steps. Received: {value}", "Write for instance `5 epochs`.")
    return duration_is_positive(value)


def warmup_fits_stage(value: Duration, info: ValidationInfo) -> Duration:
    """The warm-up is shorter than its stage, as far as that can be told without the data."""
    stage = info.data.get("duration")
    whole = value.amount == 100 if value.unit == "percent" else False
    longer = isinstance(stage, Duration) and stage.unit == value.unit and value.amount >= stage.amount
    if whole or longer:
        raise crossed(
            f"{{name}} must be shorter than its stage. Received: {value}" + (f" of {stage}" if stage else ""),
            "Write for instance `10%`.",
        )
    return value


def warmup_fits_schedule(value: Duration | None, info: ValidationInfo) -> Duration:
    """The warm-up of the schedule where the config gives none; one-cycle and inverse-sqrt cannot do without."""
    schedule = info.data.get("schedule")
    usual = _WARMUP_DEFAULTS.get(schedule or "", "0%")
    if value is None:
        return Duration.parse(usual)
    if value.amount == 0 and schedule in _WARMUP_DEFAULTS:
        raise crossed(
            f"{{name}} must be longer than nothing with the schedule {schedule}. Received: {value}",
            f"Remove `warmup`, which leaves it at {usual}, or give another schedule.",
        )
    return value


def key_fits_optimizer(value: Any, info: ValidationInfo) -> Any:
    """A key that belongs to some optimizers stands with one of them, and has that one's default."""
    name, key = info.data.get("name"), info.field_name
    if name is None or key is None:
        return value
    defaults = OPTIMIZER_DEFAULTS[name]
    if value is None:
        return defaults.get(key)
    if key not in defaults:
        owners = [owner for owner, keys in OPTIMIZER_DEFAULTS.items() if key in keys]
        raise crossed(
            f"{{name}} goes with the optimizer {listed(owners, 'or')}. Received: the optimizer {shorten(name)}",
            f"Remove `{key}` (write `{key}: null` where another config sets it), or change `name`.",
        )
    if name == "lion" and key == "beta_1" and value == 0:
        raise crossed(
            "{name} must be above 0 with the optimizer `lion`. Received: 0",
            "Write `0.9`, or take another optimizer: without it Lion steps by the sign of one gradient.",
        )
    return value


def clip_value_replaces_norm(data: Any) -> Any:
    """Clipping by value turns the default of clipping by norm off."""
    if isinstance(data, Mapping) and data.get("clip_value") is not None and "clip_norm" not in data:
        return {**data, "clip_norm": None}
    return data


def one_kind_of_clipping(value: float | None, info: ValidationInfo) -> float | None:
    """Clip by norm or by value, not by both."""
    norm = info.data.get("clip_norm")
    if value is not None and norm is not None:
        raise crossed(
            f"clip_norm and clip_value must not stand together. Received: {number_text(norm)} and {number_text(value)}",
            "Remove one of them (write `clip_norm: null` where another config sets it).",
        )
    return value


def one_problem(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A value that fits none of a key's alternatives is one problem, and not one an alternative."""
    try:
        return handler(value)
    except ValidationError as error:
        # Told in the words of the key: all its alternatives.
        raise PydanticCustomError("text_form", "no alternative fits") from error


def batches_make_updates(value: Any, info: ValidationInfo) -> Any:
    """The global batch is so many whole batches, and those are the ones whose gradients make one update."""
    data = info.data.get("data")
    if data is None:
        return value
    size, optimizer = data.batch_size, value.optimizer
    wanted, steps = optimizer.global_batch_size, optimizer.accumulate_steps
    if size == "auto" and steps != 1:
        raise crossed(
            "finetune.optimizer.accumulate_steps follows from data.batch_size where that is `auto`. "
            f"Received: {number_text(steps)}",
            "Write `global_batch_size`, the examples of one update, in its place.",
            culprit="optimizer.accumulate_steps",
        )
    if size == "auto" or wanted is None:
        return value
    if wanted % size:
        raise crossed(
            "finetune.optimizer.global_batch_size must be a multiple of data.batch_size. "
            f"Received: {number_text(wanted)} and batches of {number_text(size)}",
            f"Write `{wanted - wanted % size or size}`, or a batch size that divides it, or `batch_size: auto`.",
            culprit="optimizer.global_batch_size",
        )
    if "accumulate_steps" in optimizer.model_fields_set and steps * size != wanted:
        raise crossed(
            "finetune.optimizer.global_batch_size and accumulate_steps must agree where both are given. "
            f"Received: {number_text(wanted)}, and {number_text(steps)} batches of {number_text(size)}",
            "Remove `accumulate_steps`, or write `global_batch_size: null`.",
            culprit="optimizer.accumulate_steps",
        )
    derived = optimizer.model_copy(update={"accumulate_steps": wanted // size})
    return value.model_copy(update={"optimizer": derived})


def rule_says_something(value: bool | None, info: ValidationInfo) -> bool | None:
    """A rule gives at least one property."""
    others = [info.data.get(key, "wrong") for key in ("learning_rate_factor", "weight_decay")]
    if value is None and others == [None, None]:
        raise crossed(
            "{name} must give `learning_rate_factor`, `weight_decay` or `freeze`. Received: a pattern alone",
            "Add one of them, or remove the rule.",
        )
    return value
