"""WiSE-FT: validation figures of the models between the start of fine-tuning and its end, and which one was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from ftsuite.evaluation import figure_interval
from ftsuite.report.differences import is_figure, signed
from ftsuite.report.figures import FigureText, figure_text, metric_name
from ftsuite.report.files import torn
from ftsuite.report.svg import INK, PAPER, VALIDATION, drawing_style, to_svg

METRICS = ("log_loss", "accuracy", "macro_f1")


@dataclass(frozen=True)
class PointRow:
    """A model on the way: its share of the fine-tuned end, the figures of `METRICS`, and whether it is kept."""

    share: str
    figures: list[FigureText]
    kept: bool


@dataclass(frozen=True)
class WiseFtPart:
    """The report's part on the interpolation."""

    metric: str
    names: list[str]
    rows: list[PointRow]
    sentence: str
    caution: str
    plot: Markup


def wise_ft_part(metrics: Mapping[str, Any], path: Path) -> WiseFtPart | None:
    """The part; None where the run has none.

    Raises:
        ArtifactError: metrics.json tells of it in another form.
    """
    told = metrics.get("wise_ft")
    if told is None:
        return None
    own = metrics.get("metrics")
    keys = METRICS if own is None else ("loss", *own)
    if not _is_whole(told, keys):
        raise torn(path, "points with shares and figures under wise_ft", repr(told)[:80])
    points, metric = told["points"], told["metric"]
    if own is not None and any(point[metric]["value"] is None for point in points):
        return None  # the validation split leaves the metric undefined, so there is no curve
    better = (
        "lower" if metric in ("loss", "log_loss") or (own or {}).get(metric, {}).get("better") == "lower" else "higher"
    )
    rows = [
        PointRow(f"{p['share']:g}", [figure_text(p[name]) for name in keys], p["share"] == told["share"])
        for p in points
    ]
    name = metric_name(metric).lower()
    return WiseFtPart(
        name,
        [metric_name(key) for key in keys],
        rows,
        wise_ft_sentence(told, better),
        _caution(told),
        _plot(told, name),
    )


def wise_ft_sentence(told: Mapping[str, Any], better: str | None = None) -> str:
    """What was kept, and by how much it differs from the fine-tuned end.

    Args:
        told: of metrics.json.
        better: ``higher`` or ``lower``, of a task's own metric; None for those of classes.
    """
    metric = told["metric"]
    name = metric_name(metric).lower()
    value = {point["share"]: float(point[metric]["value"]) for point in told["points"]}
    share, of_all = told["share"], f"validation {name}"
    if not told["ends_differ"]:
        return (
            "WiSE-FT: no stage after that of the head bettered the validation figures, so start and end are one model, "
            f"with a {of_all} of {value[share]:.3f}."
        )
    chosen = f"by the config: {of_all}" if told["chosen_by"] == "config" else f"by the best {of_all}:"
    if share == 1.0:
        end = f"{chosen} {value[1.0]:.3f}"
        return f"WiSE-FT kept the fine-tuned end itself, {end}, against {value[0.0]:.3f} at the start."
    if share == 0.0:
        what = f"the start, the end of the stage that trains the head alone ({told['start_stage_name']})"
    else:
        what = f"the model {share:g} of the way from the head's own stage to the fine-tuned end"
    better = better or ("lower" if metric == "log_loss" else "higher")
    return (
        f"WiSE-FT kept {what}, {chosen} {value[share]:.3f}, against {value[1.0]:.3f} at the fine-tuned end "
        f"({signed(value[share] - value[1.0])}; {better} is better)."
    )


def _caution(told: Mapping[str, Any]) -> str:
    measured = " BatchNorm statistics were measured anew between the ends." if told.get("statistics_measured") else ""
    if told["chosen_by"] == "config":
        return f"The share is that of the config; the curve is for comparison.{measured}"
    return (
        f"The figure of the chosen model is the best of {len(told['points'])} on the same examples, and so a little "
        f"too good; the test split took no part.{measured}"
    )


def _is_whole(told: Any, keys: Sequence[str]) -> bool:
    points = told.get("points") if isinstance(told, dict) else None
    if not isinstance(points, list) or not all(_is_point(point, keys) for point in points):
        return False
    texts = all(isinstance(told.get(key), str) for key in ("chosen_by", "start_stage_name"))
    shares = {point["share"] for point in points}
    return texts and told.get("metric") in keys and "ends_differ" in told and {0.0, 1.0, told.get("share")} <= shares


def _is_point(point: Any, keys: Sequence[str]) -> bool:
    # A task's own metric may be undefined, and is null then.
    undefined = keys != METRICS
    return (
        isinstance(point, dict)
        and isinstance(point.get("share"), int | float)
        and all(is_figure(point.get(name)) or (undefined and name in point) for name in keys)
    )


def _plot(told: Mapping[str, Any], name: str) -> Markup:
    metric, points = told["metric"], told["points"]
    shares: Sequence[float] = [float(point["share"]) for point in points]
    values = [float(point[metric]["value"]) for point in points]
    bounds = [figure_interval(point[metric]) or (value, value) for point, value in zip(points, values, strict=True)]
    errors = [
        [max(value - low, 0.0) for value, (low, _) in zip(values, bounds, strict=True)],
        [max(high - value, 0.0) for value, (_, high) in zip(values, bounds, strict=True)],
    ]
    with drawing_style():
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.errorbar(shares, values, yerr=errors, color=VALIDATION, marker="o", markersize=4, elinewidth=1, capsize=3)
        kept = shares.index(float(told["share"]))
        axes.plot(
            [shares[kept]], [values[kept]], color=VALIDATION, linestyle="none", marker="o", markersize=10,
            markerfacecolor=PAPER, markeredgewidth=1.8, zorder=5,
        )  # fmt: skip
        axes.axhline(values[-1], color=INK, linewidth=1.0, linestyle=(0, (5, 3)), zorder=1)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        axes.xaxis.set_major_formatter(FuncFormatter(_share_label))
        axes.set_xlim(-0.05, 1.05)
        axes.set(xlabel="share of the fine-tuned end", ylabel=f"validation {name}")
        alt = f"Validation {name} of the models between the start of fine-tuning and its end"
        return to_svg(figure, "plot-wise-ft", alt)


def _share_label(share: float, place: int) -> str:
    rounded = round(share, 3)
    return {0.0: "0, start", 1.0: "1, end"}.get(rounded, f"{rounded:g}")
