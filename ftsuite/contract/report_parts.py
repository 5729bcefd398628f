"""What a task adds to its report: plain data, which the suite draws, checks and keeps in the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scatter:
    """Points, as of the true number against the predicted one.

    Attributes:
        title: what is seen.
        x: ``(points,)`` numbers to the right.
        y: ``(points,)`` numbers upwards.
        x_label: what `x` is, with its unit.
        y_label: what `y` is, with its unit.
        diagonal: whether to draw the line on which both are equal.
        note: a sentence below.

    >>> Scatter("Ages", [3.0, 7.5], [4.0, 7.5], "true years", "predicted years", diagonal=True).note
    ''
    """

    title: str
    x: Sequence[float]
    y: Sequence[float]
    x_label: str
    y_label: str
    diagonal: bool = False
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """A length for each name.

    Attributes:
        title: what is seen.
        names: ``(bars,)``.
        values: ``(bars,)``.
        value_label: what the lengths are, with their unit.
        note: a sentence below.

    >>> bars = Bars("F1 of each label", ("red", "round"), [0.9, 0.7], "F1")
    """

    title: str
    names: Sequence[str]
    values: Sequence[float]
    value_label: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers.

    Attributes:
        title: what is seen.
        columns: their headings.
        rows: each as long as `columns`.
        note: a sentence below.

    >>> table = Table("Errors by age", ("age", "n", "error in years"), [("to 5", 12, 0.5), ("above", 9, 1.25)])
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int]]
    note: str = ""


ReportPart = Scatter | Bars | Table
