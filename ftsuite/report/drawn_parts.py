"""What a task adds to its report, as the page shows it: plots, bars and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ftsuite.api import Bars, ReportPart, Scatter, Table
from ftsuite.report.figures import plural
from ftsuite.report.measures import column_texts
from ftsuite.report.scatter import MOST_POINTS, scatter_svg

# Beyond, a page becomes a data file; report_parts.json holds them all.
_MOST_BARS = 80
_MOST_ROWS = 500


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value in words, and where it begins and how long it is, in percent of the track."""

    name: str
    value: str
    left: float
    width: float
    negative: bool


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, what it is sorted by, and whether it is a number."""

    text: str
    key: str
    is_number: bool


@dataclass(frozen=True)
class DrawnPart:
    """A part for the template; of plot, bars and rows one is filled.

    Attributes:
        kind: ``scatter``, ``bars`` or ``table``.
        title: its heading.
        note: the task's own sentence below.
        more: what the suite says below: how points are shown, what is left out.
        label: what the lengths of bars are.
        zero: where the zero of bars is, in percent of the track.
    """

    kind: str
    title: str
    note: str
    more: str = ""
    label: str = ""
    zero: float = 0.0
    plot: Markup | None = None
    bars: Sequence[Bar] = ()
    columns: Sequence[tuple[str, bool]] = ()
    rows: Sequence[Sequence[Cell]] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.plot or self.bars or self.rows)


def drawn_parts(parts: Sequence[ReportPart]) -> list[DrawnPart]:
    """Parts as `ftsuite.report.parts_file.read_parts` gives them, in the order of the task."""
    return [_drawn(part) for part in parts]


def _drawn(part: ReportPart) -> DrawnPart:
    if isinstance(part, Scatter):
        return _scatter(part)
    return _bars(part) if isinstance(part, Bars) else _table(part)


def _scatter(part: Scatter) -> DrawnPart:
    said = ["On the dashed line both are equal."] if part.diagonal and part.x else []
    if len(part.x) > MOST_POINTS:
        said.append(f"{plural(len(part.x), 'point')}, counted in squares: the stronger, the more.")
    return DrawnPart("scatter", part.title, part.note, more=" ".join(said), plot=scatter_svg(part) if part.x else None)


def _bars(part: Bars) -> DrawnPart:
    low, high = min([0.0, *part.values]), max([0.0, *part.values])
    length = high - low or 1.0
    names, values = part.names[:_MOST_BARS], part.values[:_MOST_BARS]
    bars = [
        Bar(name, text, 100 * (min(value, 0.0) - low) / length, 100 * abs(value) / length, value < 0)
        for name, value, text in zip(names, values, column_texts(values), strict=True)
    ]
    more = _left_out(len(part.names), _MOST_BARS, "bar")
    return DrawnPart("bars", part.title, part.note, more, label=part.value_label, zero=-100 * low / length, bars=bars)


def _table(part: Table) -> DrawnPart:
    shown = part.rows[:_MOST_ROWS]
    columns = [[row[place] for row in shown] for place in range(len(part.columns))]
    texts = [column_texts(column) for column in columns]
    rows = [
        [Cell(texts[place][number], str(cell), not isinstance(cell, str)) for place, cell in enumerate(row)]
        for number, row in enumerate(shown)
    ]
    # A column of numbers may have a text such as a dash in it.
    numeric = [any(not isinstance(cell, str) for cell in column) for column in columns]
    more = _left_out(len(part.rows), _MOST_ROWS, "row")
    heads = list(zip(part.columns, numeric, strict=True))
    return DrawnPart("table", part.title, part.note, more, columns=heads, rows=rows)


def _left_out(count: int, most: int, noun: str) -> str:
    return f"The first {most} of {plural(count, noun)}; report_parts.json holds all." if count > most else ""
