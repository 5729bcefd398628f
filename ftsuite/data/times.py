"""Times of examples as a table writes them: dates and times in ISO 8601, or numbers that rise with time."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.errors import DataError

NUMBER, LOCAL, ZONED = "a number", "a date or time without a zone", "a time with a zone"
_FORM = "form"
_EPOCH = datetime.datetime(1970, 1, 1)
_LARGEST_WHOLE = 2**63
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Moment:
    """One time.

    Attributes:
        form: `NUMBER`, `LOCAL` or `ZONED`; those of different forms have no order.
        value: the number itself, or microseconds since 1970-01-01 (of UTC where there is a zone).
    """

    form: str
    value: int | float


def parse_time(value: Any) -> Moment | None:
    """Read one value of a table; None where it is no time.

    Args:
        value: a text (ISO 8601: 2024-03-01, 2024-03-01T12:30, 2024-03-01 12:30:00+01:00; or a number: a year, seconds
            since 1970), a number, or a date or datetime, as Parquet gives them.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | decimal.Decimal):
        return _number(value)
    if isinstance(value, datetime.date):
        return _moment(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    number = _number_of(text)
    if number is not None:
        return number
    try:
        return _moment(datetime.datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def shown_time(value: Any) -> str:
    """A value that is no time, for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def time_array(moments: list[Moment], places: list[str], column: str) -> np.ndarray:
    """Times of one form as an array that sorts.

    Args:
        moments: at least one.
        places: where each stands, for the error.
        column: their column, for the error.

    Returns:
        ``(n,)`` datetime64[us], int64 or float64.

    Raises:
        DataError: times of two forms.
    """
    first = moments[0].form
    for moment, place in zip(moments, places, strict=True):
        if moment.form != first:
            raise DataError(
                f"Expected times of one form in column {column!r}, since others have no order. "
                f"Received: {first} in {places[0]}, and {moment.form} in {place}.",
                "Write all of them in one form, as 2024-03-01 or 2024-03-01T12:30:00+00:00.",
            )
    values = [moment.value for moment in moments]
    if first != NUMBER:
        # Marked, since times with a zone and times without one have no order among each other.
        kind = np.dtype("datetime64[us]", metadata={_FORM: first})
        return np.asarray(values, dtype=np.int64).astype(kind)
    return np.asarray(values, dtype=np.int64 if all(isinstance(value, int) for value in values) else np.float64)


def form_of(times: np.ndarray) -> str:
    """Of which form the items of a fresh `time_array` are, in words."""
    marks: Mapping[str, str] = dict(times.dtype.metadata or {})
    return marks.get(_FORM, NUMBER)


def time_text(value: Any) -> str | int | float:
    """An item of `time_array` for a file: a number, or ISO 8601 no longer than it needs to be."""
    if isinstance(value, np.datetime64):
        text = str(np.datetime_as_string(value, unit="us"))
        return text.removesuffix(".000000").removesuffix("T00:00:00")
    number: int | float = value.item()
    return number


def _number_of(text: str) -> Moment | None:
    try:
        return _number(int(text))
    except ValueError:
        pass
    try:
        return _number(float(text))
    except ValueError:
        return None


def _number(value: int | float | decimal.Decimal) -> Moment | None:
    if isinstance(value, int):
        return Moment(NUMBER, value) if abs(value) < _LARGEST_WHOLE else None
    return Moment(NUMBER, float(value)) if math.isfinite(value) else None


def _moment(value: datetime.date) -> Moment:
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    form = LOCAL
    offset = value.utcoffset()
    if offset is not None:
        form, value = ZONED, value.replace(tzinfo=None) - offset
    return Moment(form, (value - _EPOCH) // datetime.timedelta(microseconds=1))
