"""The keys of a cross-validation, and what cannot go with it or with a split forward in time."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from ftsuite.config.checks import crossed
from ftsuite.config.section import Section
from ftsuite.config.words import number_text, shorten


class FoldsConfig(Section):
    """Cross-validation: as many runs as folds, each of which tests another part of the data."""

    count: int = Field(
        ge=2,
        le=100,
        description="Parts into which the examples are dealt, each class evenly; examples of one content or group stay "
        "together. An official test split of the source is left out; `test_fraction` plays no part.",
    )
    held_out: int | None = Field(
        None,
        ge=1,
        description="The part, from 1, that this run tests; null for a run of every one of them.",
    )

    @field_validator("held_out")
    @classmethod
    def _within_count(cls, value: int | None, info: ValidationInfo) -> int | None:
        count = info.data.get("count")
        if value is not None and count is not None and value > count:
            raise crossed(
                f"{{name}} must be one of the {number_text(count)} folds. Received: {number_text(value)}",
                f"Write a number from 1 to {count}, or `null` for a run of every fold.",
            )
        return value


def folds_fit_data(value: FoldsConfig | None, info: ValidationInfo) -> FoldsConfig | None:
    """Folds are dealt with all examples in memory."""
    if value is not None and info.data.get("streaming"):
        raise crossed(
            "data.folds cannot go with data.streaming: folds are dealt with all examples in memory. Received: both",
            "Remove one of them.",
        )
    return value


def time_fits_data(value: str | None, info: ValidationInfo) -> str | None:
    """A split forward in time is one cut, made with all rows in memory."""
    if value is None:
        return value
    if info.data.get("folds") is not None:
        raise crossed(
            "data.time_column cannot go with data.folds: a fold would be trained on what comes after its test. "
            f"Received: both, the column {shorten(value)}",
            "Remove one of them.",
        )
    if info.data.get("streaming"):
        raise crossed(
            "data.time_column cannot go with data.streaming: the cut is known only with all rows in memory. "
            f"Received: both, the column {shorten(value)}",
            "Remove one of them, or write a column `split` with train, validation and test.",
        )
    return value
