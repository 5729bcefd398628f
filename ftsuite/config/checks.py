"""Checks of one key that look at others. They run while fields are read, so one wrong key hides no other."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from ftsuite.config.durations import Duration
from ftsuite.config.source import KEYS_OF_KINDS, parse_source
from ftsuite.config.words import listed, number_text, shorten
from ftsuite.errors import ConfigError

SOURCE_BOUND_KEYS = tuple(KEYS_OF_KINDS)


def crossed(statement: str, advice: str, culprit: str = "") -> PydanticCustomError:
    """An error in our own words.

    Args:
        statement: what was expected, ``{name}`` for the dotted key; ends with ``Received: …``.
        advice: what to do.
        culprit: a sibling key to point at where the checked key itself has its default.
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
    if parse_source(source).kind not in kinds:
        written = {"field-guide": "field-guide", "path": "PATH"}
        fitting = listed(sorted(written.get(kind, f"{kind}:…") for kind in kinds), "or")
        raise crossed(
            f"data.{info.field_name} goes with the source {fitting}. Received: the source {shorten(source)}",
            f"Remove `{info.field_name}`, or change `source`.",
        )
    return value


def streaming_fits_source(value: bool, info: ValidationInfo) -> bool:
    """Only JSON lines can be read from the disk while training: their rows are found by their line breaks."""
    source = info.data.get("source")
    if value and source is not None and parse_source(source).kind not in ("jsonl", "path"):
        raise crossed(
            f"data.streaming goes with the source jsonl:… only. Received: the source {shorten(source)}",
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
