"""Differences between two models or two times, in words that say no more than the figures do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.evaluation import figure_interval
from ftsuite.report.figures import METRIC_NAMES, FigureText, figure_text, metric_name
from ftsuite.report.files import torn

TF_IDF = "TF-IDF with logistic regression"
_COMPARED = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class DifferenceRow:
    """One metric of two models.

    Attributes:
        metric: its name.
        ours: figure of the run's model.
        theirs: figure of the other.
        difference: ours less theirs, signed, with its interval.
        interval: of the difference.
    """

    metric: str
    ours: FigureText
    theirs: FigureText
    difference: str
    interval: str


def signed(value: float) -> str:
    """A difference with its sign, to three places; a true minus, as typesetters have it."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def interval_text(figure: Mapping[str, Any]) -> str:
    """The interval of a difference: "+0.012 to +0.050"; empty where there is none."""
    interval = figure_interval(figure)
    return "" if interval is None else f"{signed(interval[0])} to {signed(interval[1])}"


def side_of_zero(figure: Mapping[str, Any]) -> int:
    """1 where the whole interval lies above 0, -1 below; 0 where it holds 0, or there is none."""
    interval = figure_interval(figure)
    if interval is None:
        return 0
    return 1 if interval[0] > 0 else (-1 if interval[1] < 0 else 0)


def difference_rows(test: Mapping[str, Any], other: Mapping[str, Any]) -> list[DifferenceRow]:
    """The metrics that both models have."""
    return [
        DifferenceRow(
            metric_name(key),
            figure_text(test[key]),
            figure_text(other[key]),
            signed(float(other["difference"][key]["value"])),
            interval_text(other["difference"][key]),
        )
        for key in _COMPARED
        if key in test and key in other and key in other["difference"]
    ]


def judged_by(headline: str, other: Mapping[str, Any]) -> str:
    """The metric that a comparison is judged by: the headline where it was compared, else accuracy."""
    return headline if headline in other["difference"] else "accuracy"


def difference_words(figure: Mapping[str, Any], metric: str) -> str:
    """What a sentence ends with: "test accuracy +0.031, 95 % interval +0.012 to +0.050"."""
    percent = figure_text(figure).percent
    within = f", {percent} % interval {interval_text(figure)}" if percent else ", without an interval"
    return f"test {METRIC_NAMES[metric].lower()} {signed(float(figure['value']))}{within}"


def baseline_sentence(metrics: Mapping[str, Any]) -> str | None:
    """Whether the model beats TF-IDF, in one sentence; None where it was not measured."""
    other = (metrics.get("baselines") or {}).get("tf-idf")
    if other is None:
        return None
    metric = judged_by(str(metrics.get("headline", "accuracy")), other)
    figure = other["difference"][metric]
    words = difference_words(figure, metric) + verdict_on_zero(figure)
    side = side_of_zero(figure)
    if side > 0:
        return f"The model beats {TF_IDF}: {words}."
    if side < 0:
        return f"{TF_IDF} beats the model: {words}."
    return f"No difference was found between the model and {TF_IDF}: {words}."


def verdict_on_zero(figure: Mapping[str, Any]) -> str:
    """How such a sentence closes: whether the interval excludes 0; empty where there is none."""
    if figure_interval(figure) is None:
        return ""
    return ", which excludes 0" if side_of_zero(figure) else ", which holds 0"


def check_comparison(value: Any, place: str, path: Path) -> None:
    """Refuse a comparison whose figures are not there.

    Raises:
        ArtifactError: names the place in the file.
    """
    ours = isinstance(value, dict) and isinstance(value.get("difference"), dict)
    if not ours or not all(is_figure(value.get(k)) and is_figure(value["difference"].get(k)) for k in ("accuracy",)):
        raise torn(path, f"figures and differences under {place}", repr(value)[:80])


def is_figure(value: Any) -> bool:
    """Whether it has the form of a figure with a value."""
    return isinstance(value, dict) and isinstance(value.get("value"), int | float) and "n" in value
