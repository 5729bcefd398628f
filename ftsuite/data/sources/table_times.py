"""The times of a table's rows, read beside the rows themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ftsuite.api import Examples
from ftsuite.data.sources.found import Found
from ftsuite.data.times import Moment, parse_time, shown_time, time_array
from ftsuite.errors import ConfigError


class RowTimes:
    """Gathers the times of the rows that can be used.

    Args:
        column: that holds them; empty where none is asked for.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._moments: list[Moment] = []
        self._places: list[str] = []

    def take(self, values: dict[str, Any], place: str) -> str:
        """Note the time of a row that stands at `place`; returns why it has none, or an empty text."""
        if not self._column:
            return ""
        value = values.get(self._column)
        if value is None or (isinstance(value, str) and not value.strip()):
            return f"has no time in column {self._column!r}"
        moment = parse_time(value)
        if moment is None:
            return f"has no ISO 8601 date or time and no number in column {self._column!r}: {shown_time(value)}"
        self._moments.append(moment)
        self._places.append(place)
        return ""

    def by_id(self, found: Found) -> dict[str, int]:
        """Which time is whose, as long as no row was left out; rows have their final ids."""
        return {row.id: at for at, row in enumerate(found.rows)} if self._column else {}

    def given_to(self, examples: Examples, at: dict[str, int]) -> Examples:
        """The examples with their times.

        Args:
            examples: some of the rows or all.
            at: from `by_id`.

        Raises:
            DataError: times of two forms.
        """
        if not self._column:
            return examples
        order = [at[identifier] for identifier in examples.ids]
        moments, places = [self._moments[index] for index in order], [self._places[index] for index in order]
        return replace(examples, times=time_array(moments, places, self._column))


def refuse_two_splits(found: Found, column: str) -> None:
    """A table has official splits, or is split by time.

    Raises:
        ConfigError: it asks for both.
    """
    if column and found.has_splits:
        raise ConfigError(
            f"Expected data.time_column to split a table that has no splits of its own. Received: {column!r} beside a "
            "column 'split' with train, validation or test.",
            "Remove data.time_column, or the column 'split'.",
        )
