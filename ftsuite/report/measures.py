"""The metrics of a task with targets: what metrics.json says of them, and their figures in words with units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftsuite.evaluation import figure_interval
from ftsuite.report.figures import FigureText, figure_text, metric_name

MINUS = "\N{MINUS SIGN}"
_NAMES = {"r2": "R\N{SUPERSCRIPT TWO}"}


@dataclass(frozen=True)
class Measure:
    """A metric as metrics.json describes it.

    Attributes:
        key: its name in metrics.json.
        name: for a heading.
        higher_is_better: which way is better.
        unit: of the number; empty for a share or a score.
        meaning: a few words.
    """

    key: str
    name: str
    higher_is_better: bool
    unit: str
    meaning: str

    @property
    def spoken(self) -> str:
        """The name within a sentence."""
        return self.name[:1].lower() + self.name[1:] if self.name[1:2].islower() else self.name

    @property
    def told(self) -> str:
        """What stands below the figure: the meaning, and which way is better."""
        better = f"{'higher' if self.higher_is_better else 'lower'} is better"
        return f"{self.meaning}; {better}" if self.meaning else better

    def figure(self, figure: Mapping[str, Any] | None) -> FigureText:
        """A figure with as many places as its interval warrants, and its unit."""
        plain = figure_text(figure)
        if figure is None or figure.get("value") is None:
            return plain
        places = self.places(figure)
        value, interval = number_text(plain.number, places), ""
        if plain.interval:
            interval = f"{number_text(plain.low, places)} to {number_text(plain.high, places)}"
        return FigureText(self.with_unit(value), interval, plain.percent, plain.n, plain.number, plain.low, plain.high)

    def places(self, figure: Mapping[str, Any]) -> int:
        """Places behind the point: as `decimals` says, and at least three of shares and scores, which lie in a row."""
        places = decimals(figure)
        return places if self.unit or abs(float(figure["value"])) >= 10 else max(places, 3)

    def with_unit(self, text: str) -> str:
        """A number with the metric's unit."""
        return f"{text} {self.unit}" if self.unit else text


def measures_of(metrics: Mapping[str, Any]) -> list[Measure]:
    """The metrics of metrics.json, or of folds.json, headline first."""
    described = metrics["metrics"]
    headline = str(metrics["headline"])
    keys = sorted(described, key=lambda key: key != headline)
    return [
        Measure(
            key,
            _NAMES.get(key) or metric_name(key),
            described[key].get("better") != "lower",
            str(described[key].get("unit") or ""),
            str(described[key].get("meaning") or ""),
        )
        for key in keys
    ]


def decimals(figure: Mapping[str, Any]) -> int:
    """Places behind the point: two digits of the interval's width, or three digits of the value, at most six."""
    interval = figure_interval(figure)
    width = 0.0 if interval is None else interval[1] - interval[0]
    size = width or abs(float(figure["value"]))
    if size <= 0:
        return 3
    return min(max((1 if width else 2) - math.floor(math.log10(size)), 0), 6)


def number_text(value: float, places: int) -> str:
    """A number with a fixed number of places, a true minus, and commas between thousands."""
    if abs(value) >= 1e9:
        return f"{value:.4g}".replace("-", MINUS)
    # A zero has no sign.
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", MINUS)


def column_texts(values: Sequence[str | float | int]) -> list[str]:
    """The cells of a column: its fractions with as many places each, whole numbers and texts as they are."""
    sizes = [abs(value) for value in values if isinstance(value, float) and value]
    places = min(max(3 - math.floor(math.log10(max(sizes))), 0), 6) if sizes else 1
    # A share needs no fourth place.
    places = 3 if sizes and 0.01 <= max(sizes) < 10 else places
    return [
        value if isinstance(value, str) else number_text(value, places if isinstance(value, float) else 0)
        for value in values
    ]
