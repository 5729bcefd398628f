"""Whether a model with targets beats one constant answer to all inputs, in words that say no more than the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.evaluation import figure_interval
from ftsuite.report.differences import is_figure, side_of_zero, verdict_on_zero
from ftsuite.report.figures import FigureText, plural
from ftsuite.report.files import torn
from ftsuite.report.measures import Measure, measures_of, number_text

_FEW_OUTPUTS = 3
_UNSEEN = 0.05


@dataclass(frozen=True)
class ConstantRow:
    """One metric of the model and of the constant answer, and the difference between them."""

    metric: str
    ours: FigureText
    theirs: FigureText
    difference: str
    interval: str


@dataclass(frozen=True)
class ConstantPart:
    """What the page says of the constant answer.

    Attributes:
        sentence: who is better by the headline, or that no difference was found.
        rows: every metric that both have.
        answer: by output.
    """

    sentence: str
    rows: list[ConstantRow]
    answer: Mapping[str, float]


def constant_part(metrics: Mapping[str, Any], path: Path) -> ConstantPart | None:
    """The comparison; None where there is none.

    Args:
        metrics: the content of metrics.json of a run with targets.
        path: of that file, for the error.

    Raises:
        ArtifactError: it is told of in another form.
    """
    told = constant_of(metrics, path)
    if told is None:
        return None
    answer = {str(name): float(value) for name, value in (told.get("answer") or {}).items()}
    measures = measures_of(metrics)
    rows = [row for measure in measures if (row := _row(measure, metrics, told)) is not None]
    return ConstantPart(_sentence(measures[0], metrics, told, answer), rows, answer)


def constant_of(metrics: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """What metrics.json says of the constant answer, with ``test`` and ``difference``; None where it says nothing.

    Raises:
        ArtifactError: it is told of in another form.
    """
    told: Mapping[str, Any] | None = (metrics.get("baselines") or {}).get("constant")
    if told is None:
        return None
    if not isinstance(told, dict) or not all(isinstance(told.get(key), dict) for key in ("test", "difference")):
        raise torn(path, "test figures and differences under baselines.constant", repr(told)[:80])
    return told


def _row(measure: Measure, metrics: Mapping[str, Any], told: Mapping[str, Any]) -> ConstantRow | None:
    figure = told["difference"].get(measure.key)
    theirs = told["test"].get(measure.key)
    if not is_figure(figure) or not is_figure(theirs):
        return None
    difference, interval = _difference(measure, figure)
    return ConstantRow(
        measure.name,
        measure.figure(metrics["test"].get(measure.key)),
        measure.figure(theirs),
        difference,
        interval,
    )


def _sentence(
    measure: Measure, metrics: Mapping[str, Any], told: Mapping[str, Any], answer: Mapping[str, float]
) -> str:
    figure, theirs = told["difference"].get(measure.key), told["test"].get(measure.key)
    name = measure.spoken
    other = f"always giving one answer{_answer_words(answer)}"
    if not is_figure(metrics["test"].get(measure.key)):
        return f"The test examples do not define the {name}, so the model is compared with nothing."
    if not is_figure(figure) or not is_figure(theirs):
        return f"The {name} of {other} is not defined, so the model is not compared with it."
    difference, interval = _difference(measure, figure)
    ours = measure.figure(metrics["test"][measure.key]).value
    values = f"{name} {ours} against {measure.figure(theirs).value}, difference {difference}"
    if not interval:
        return _without_interval(measure, figure, other, values)
    words = f"{values}, {measure.figure(figure).percent} % interval {interval}{verdict_on_zero(figure)}."
    side = side_of_zero(figure) * (1 if measure.higher_is_better else -1)
    if side > 0:
        return f"The model beats {other}: {words}"
    if side < 0:
        return f"The model is worse than {other}: {words}"
    return f"No difference was found between the model and {other}: {words}"


def _without_interval(measure: Measure, figure: Mapping[str, Any], other: str, values: str) -> str:
    """Of these examples alone the values tell who is better; what that says of others is said beside them."""
    n, value = int(figure["n"]), float(figure["value"])
    ahead = (value > 0) == measure.higher_is_better
    than = f"{'better' if ahead else 'worse'} than" if value else "as good as"
    told = f"On {plural(n, 'test example')} the model is {than} {other}: {values}."
    if not figure.get("resamples_agree"):
        return f"{told} There is no interval: they are too few to say how it is on others."
    # With none of n examples of another kind, others are at most this share of all inputs, 19 times of 20.
    unseen = 100 * (1 - _UNSEEN ** (1 / n))
    return (
        f"{told} There is no interval, as all resamples of them give the same; inputs unlike them, of which nothing is "
        f"known, may yet be up to {unseen:.2g} % of all (95 % bound, by the rule of three)."
    )


def _answer_words(answer: Mapping[str, float]) -> str:
    if not answer:
        return ""
    if len(answer) > _FEW_OUTPUTS:
        return f" of {len(answer)} numbers"
    return f" ({', '.join(f'{name} {value:.4g}' for name, value in answer.items())})"


def _difference(measure: Measure, figure: Mapping[str, Any]) -> tuple[str, str]:
    """A difference with its sign and unit, and its interval."""
    places = measure.places(figure)
    bounds = figure_interval(figure)
    interval = "" if bounds is None else f"{_signed(bounds[0], places)} to {_signed(bounds[1], places)}"
    return measure.with_unit(_signed(float(figure["value"]), places)), interval


def _signed(value: float, places: int) -> str:
    text = number_text(value, places)
    return f"+{text}" if value > 0 else text
