"""Checks of what a task adds to its report: a plugin's slip is named before it reaches a file or a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ftsuite.api import Bars, ReportPart, Scatter, Table
from ftsuite.errors import PluginError

MOST_PARTS = 50
# Beyond, differences overflow.
_FARTHEST = 1e100
_ADVICE = "Mend `report` of the plugin's task, then go on with --resume: what was trained is kept."
_NO_NUMBER = "Leave out what there is no number of; a table may have a text such as '—' in its place."


class _PartError(Exception):
    """What is wrong with one part, as the end of a sentence, and what helps."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


def checked_parts(parts: Any, task: str) -> tuple[ReportPart, ...]:
    """The same parts as plain Python values: texts, finite numbers and lists of one length.

    Args:
        parts: what `Task.report` gave.
        task: name of the task, for the error.

    Raises:
        PluginError: names the task, the part and what is wrong with it.
    """
    of_task = f" of the task {task!r}" if task else ""
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        raise PluginError(
            f"The report{of_task} must be a list of Scatter, Bars and Table. Received: {_told(parts)}.", _ADVICE
        )
    if len(parts) > MOST_PARTS:
        raise PluginError(f"The report{of_task} must have at most {MOST_PARTS} parts. Received: {len(parts)}.", _ADVICE)
    found = []
    for number, part in enumerate(parts, start=1):
        try:
            found.append(_checked(part))
        except _PartError as wrong:
            title = getattr(part, "title", None)
            called = f", {type(part).__name__} {title!r}," if isinstance(title, str) and title.strip() else ""
            raise PluginError(
                f"Part {number} of the report{of_task}{called} cannot be shown: {wrong}",
                f"{wrong.advice} {_ADVICE}".strip(),
            ) from None
    return tuple(found)


def _checked(part: Any) -> ReportPart:
    if not isinstance(part, Scatter | Bars | Table):
        raise _PartError(f"it must be a Scatter, Bars or Table of ftsuite.api. Received: {_told(part)}.")
    part = replace(part, title=_text(part.title, "title", needed=True), note=_text(part.note, "note"))
    if isinstance(part, Scatter):
        x, y = _numbers(part.x, "x"), _numbers(part.y, "y")
        _same_length("x", x, "y", y)
        labels = {name: _text(getattr(part, name), name) for name in ("x_label", "y_label")}
        return replace(part, x=x, y=y, diagonal=bool(part.diagonal), **labels)
    if isinstance(part, Bars):
        names, values = _texts(part.names, "names"), _numbers(part.values, "values")
        _same_length("names", names, "values", values)
        return replace(part, names=names, values=values, value_label=_text(part.value_label, "value_label"))
    columns = _texts(part.columns, "columns")
    if not columns:
        raise _PartError("columns must name at least one column. Received: none.")
    return replace(part, columns=columns, rows=_rows(part.rows, len(columns)))


def _rows(rows: Any, width: int) -> list[list[str | float | int]]:
    found = []
    for number, row in enumerate(_sequence(rows, "rows"), start=1):
        cells = _sequence(row, f"row {number}")
        if len(cells) != width:
            raise _PartError(
                f"each row must have {width} cells, as many as columns. Received: {len(cells)} in row {number}."
            )
        found.append([_cell(cell, number) for cell in cells])
    return found


def _cell(cell: Any, row: int) -> str | float | int:
    value = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return _finite(value, f"row {row}")
    raise _PartError(f"a cell must be a text or a number. Received: {_told(cell)} in row {row}.")


def _numbers(values: Any, name: str) -> list[float]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise _PartError(f"{name} must be numbers. Received: {_told(values)}.") from None
    if array.ndim != 1:
        raise _PartError(f"{name} must be one row of numbers. Received: an array of shape {array.shape}.")
    return [_finite(value, name) for value in array.tolist()]


def _finite(value: float, place: str) -> float:
    if not math.isfinite(value) or abs(value) > _FARTHEST:
        expected = "finite" if not math.isfinite(value) else f"between -{_FARTHEST:g} and {_FARTHEST:g}"
        raise _PartError(f"numbers must be {expected}. Received: {value} in {place}.", _NO_NUMBER)
    return float(f"{value:.7g}")


def _texts(values: Any, name: str) -> list[str]:
    return [_text(value, name) for value in _sequence(values, name)]


def _text(value: Any, name: str, needed: bool = False) -> str:
    if not isinstance(value, str):
        raise _PartError(f"{name} must be a text. Received: {_told(value)}.")
    if needed and not value.strip():
        raise _PartError(f"{name} must not be empty. Received: {value!r}.")
    # A lone half of a surrogate pair can be in no file of UTF-8.
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _sequence(values: Any, name: str) -> Sequence[Any]:
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise _PartError(f"{name} must be a list. Received: {_told(values)}.")
    return list(values)


def _same_length(name: str, values: Sequence[Any], other_name: str, others: Sequence[Any]) -> None:
    if len(values) != len(others):
        raise _PartError(f"{name} and {other_name} must be of one length. Received: {len(values)} and {len(others)}.")


def _told(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"[:80]
