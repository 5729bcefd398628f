"""The learning curve: the model and the baseline by the number of training examples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ftsuite.evaluation import figure_interval
from ftsuite.report.differences import is_figure
from ftsuite.report.figures import FigureText, figure_text, metric_name
from ftsuite.report.files import torn
from ftsuite.report.measures import measures_of
from ftsuite.report.svg import TRAIN, VALIDATION, drawing_style, to_svg

# Beyond so many times the largest measured size an extrapolation says nothing.
_FARTHEST = 10.0
TF_IDF, CONSTANT = "TF-IDF", "one constant answer"


@dataclass(frozen=True)
class CurveRow:
    """Figures at one number of training examples; `baseline` is None where it was not measured."""

    examples: int
    model: FigureText
    baseline: FigureText | None


@dataclass(frozen=True)
class LearningCurve:
    """The report's part on the learning curve."""

    metric: str
    rows: list[CurveRow]
    sentence: str
    plot: Markup
    other: str = TF_IDF


def learning_curve_part(metrics: Mapping[str, Any], path: Path) -> LearningCurve | None:
    """The part; None where no curve was measured.

    Raises:
        ArtifactError: metrics.json tells of it in another form.
    """
    told = metrics.get("learning_curve")
    if told is None:
        return None
    rows = told.get("rows") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise torn(path, "rows of examples and figures under learning_curve", repr(told)[:80])
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: int(row["examples"]))
    key = str(told.get("metric", "accuracy"))
    measure = next((one for one in measures_of(metrics) if one.key == key), None) if "metrics" in metrics else None
    name, told_by = (metric_name(key).lower(), figure_text) if measure is None else (measure.spoken, measure.figure)
    other = TF_IDF if "metrics" not in metrics else CONSTANT
    found = [
        CurveRow(int(row["examples"]), told_by(row["model"]), told_by(row["baseline"]) if row["baseline"] else None)
        for row in rows
    ]
    higher = measure is None or measure.higher_is_better
    sentence = curve_sentence(rows, told.get("crossing"), other=other, higher_is_better=higher)
    return LearningCurve(name, found, sentence, _plot(rows, name, other), other)


def curve_sentence(
    rows: Sequence[Mapping[str, Any]],
    crossing: float | None = None,
    *,
    other: str = TF_IDF,
    higher_is_better: bool = True,
) -> str:
    """Where the model overtakes the baseline, as far as the measured sizes show it.

    Args:
        rows: ``{"examples", "model", "baseline"}`` by rising number of examples.
        crossing: number of examples where the run found it to be; None to read it off the rows.
        other: the baseline, within a sentence.
        higher_is_better: which way the figures are better.
    """
    both = [row for row in rows if row.get("baseline")]
    if not both:
        return f"{other[0].upper()}{other[1:]} was not measured beside the model."
    sizes = [int(row["examples"]) for row in both]
    sign = 1.0 if higher_is_better else -1.0
    gaps = [sign * (float(row["model"]["value"]) - float(row["baseline"]["value"])) for row in both]
    doubt = _doubt(both)
    if all(gap > 0 for gap in gaps):
        return f"The model is ahead of {other} at every size measured, from {sizes[0]:,} examples on{doubt}."
    place = crossing if crossing is not None else crossing_of(sizes, gaps)
    if place is not None and place <= sizes[-1] and gaps[-1] > 0:
        return f"The model overtakes {other} at about {_round(place)} training examples, between measured sizes{doubt}."
    if gaps[-1] > 0:
        return f"The model is ahead of {other} with {sizes[-1]:,} training examples, but not at every size{doubt}."
    if place is not None and place > sizes[-1]:
        return (
            f"The model is behind {other} with {sizes[-1]:,} training examples. Were the last two sizes to go on as "
            f"they do, on a logarithmic scale, it would overtake at about {_round(place)}: an extrapolation, not a "
            f"measurement{doubt}."
        )
    return (
        f"The model is behind {other} with {sizes[-1]:,} training examples, and the sizes measured do not show where "
        f"it would overtake{doubt}."
    )


def crossing_of(sizes: Sequence[int], gaps: Sequence[float]) -> float | None:
    """Number of examples where the gap (model less baseline) turns positive, linear in the logarithm of the size.

    The last such place within the measured sizes; or, where the last two gaps rise towards 0, by extrapolation up to
    ten times the largest size; else None.
    """
    for low in range(len(sizes) - 2, -1, -1):
        if gaps[low] <= 0 < gaps[low + 1]:
            return _zero(sizes[low : low + 2], gaps[low : low + 2])
    if len(sizes) > 1 and gaps[-2] < gaps[-1] <= 0:
        place = _zero(sizes[-2:], gaps[-2:])
        return place if place <= _FARTHEST * sizes[-1] else None
    return None


def _zero(sizes: Sequence[int], gaps: Sequence[float]) -> float:
    share = -gaps[0] / (gaps[1] - gaps[0])
    logarithm = math.log(sizes[0]) + share * (math.log(sizes[1]) - math.log(sizes[0]))
    return math.exp(min(logarithm, 700.0))


def _doubt(rows: Sequence[Mapping[str, Any]]) -> str:
    overlapping = 0
    for row in rows:
        ours, theirs = figure_interval(row["model"]), figure_interval(row["baseline"])
        overlapping += bool(ours and theirs and ours[0] <= theirs[1] and theirs[0] <= ours[1])
    if not overlapping:
        return ""
    where = "the one size" if len(rows) == 1 else f"{overlapping} of the {len(rows)} sizes"
    return f"; the intervals overlap at {where}"


def _round(examples: float) -> str:
    """Two significant digits: a crossing is known no better."""
    return f"{int(float(f'{examples:.2g}')):,}"


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("examples"), int)
        and row["examples"] > 0
        and is_figure(row.get("model"))
        and (row.setdefault("baseline", None) is None or is_figure(row["baseline"]))
    )


def _plot(rows: Sequence[Mapping[str, Any]], name: str, other: str) -> Markup:
    with drawing_style():
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        # Side by side by a hair, so that one interval does not hide the other.
        for key, color, shift in (("baseline", TRAIN, 0.985), ("model", VALIDATION, 1.015)):
            measured = [row for row in rows if row[key]]
            values = [float(row[key]["value"]) for row in measured]
            bounds = [figure_interval(row[key]) or (value, value) for row, value in zip(measured, values, strict=True)]
            axes.errorbar(
                [row["examples"] * shift for row in measured],
                values,
                yerr=[
                    [value - low for value, (low, _) in zip(values, bounds, strict=True)],
                    [high - value for value, (_, high) in zip(values, bounds, strict=True)],
                ],
                color=color,
                marker="o",
                markersize=5,
                elinewidth=1,
                capsize=3,
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([row["examples"] for row in rows]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value):,}"))
        # matplotlib's own font measures the text, and warns of letters that it lacks.
        label = name if all(ord(letter) < 256 for letter in name) else "headline"
        axes.set(xlabel="training examples", ylabel=f"test {label}")
        alt = f"Test {name} of the model and of {other} by number of training examples"
        return to_svg(figure, "plot-learning-curve", alt)
