"""The metrics of a cross-validation, of classes or of a task with targets, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ftsuite.report.figures import METRIC_MEANINGS, METRIC_NAMES, FigureText, figure_text, metric_name
from ftsuite.report.measures import measures_of, number_text


@dataclass(frozen=True)
class FoldMeasure:
    """A metric over folds.

    Attributes:
        key: its name in folds.json.
        name: for a heading.
        meaning: a few words, empty where there are none.
        unit: of the number, empty for a share or a score.
        figure: a figure in words.
    """

    key: str
    name: str
    meaning: str
    unit: str
    figure: Callable[[Mapping[str, Any] | None], FigureText]

    def spread(self, spread: Mapping[str, Any]) -> str:
        """A mean and what folds differ by, as one writes it: ``0.912 ± 0.013``."""
        both = (self.number(spread, "mean"), self.number(spread, "standard_deviation"))
        text = " ± ".join(both)
        return f"{text} {self.unit}" if self.unit else text

    def number(self, spread: Mapping[str, Any], key: str) -> str:
        """One of its numbers, with as many places as the spread warrants: three of shares and scores."""
        size = float(spread["standard_deviation"]) or abs(float(spread["mean"]))
        places = min(max(1 - math.floor(math.log10(size)), 0), 6) if self.unit and size else 3
        return number_text(float(spread[key]), places)


def measures_over_folds(found: Mapping[str, Any]) -> list[FoldMeasure]:
    """The metrics that every fold has a value of.

    Args:
        found: the content of a finished ``folds.json``; of a task with targets it has ``metrics`` as metrics.json.
    """
    if "metrics" in found:
        return [measure for measure in _described(found) if measure.key in found["mean"]]
    return [
        FoldMeasure(name, metric_name(name), METRIC_MEANINGS.get(name, ""), "", figure_text)
        for name in METRIC_NAMES
        if name in found["mean"]
    ]


def main_measure(found: Mapping[str, Any]) -> FoldMeasure:
    """The headline; where it has no value in some fold the first metric that has, and where none has, it after all."""
    measures = measures_over_folds(found)
    known = [measure for measure in measures if measure.key == found["headline"]]
    return next(iter([*known, *measures])) if measures else _described(found)[0]


def _described(found: Mapping[str, Any]) -> list[FoldMeasure]:
    return [
        FoldMeasure(measure.key, measure.name, measure.told, measure.unit, measure.figure)
        for measure in measures_of(found)
    ]
