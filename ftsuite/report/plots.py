"""The plots of a report: curves, reliability diagram and the map of a large confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ftsuite.evaluation import ReliabilityBins, wilson_interval
from ftsuite.report.journal import Epoch, Journal
from ftsuite.report.measures import Measure
from ftsuite.report.svg import FAINT, INK, PAPER, TRAIN, VALIDATION, drawing_style, to_svg

_SIZE_INCHES = (5.2, 3.3)
# Legible on white and on near-black: pictures within an SVG cannot take the page's colours.
_RIGHT, _WRONG = to_rgb("#2a8a5b"), to_rgb("#d9622b")


def loss_plot(journal: Journal, stage_names: Sequence[str]) -> Markup:
    """Training loss and validation log loss by epoch."""
    series = [(lambda e: e.train_loss, TRAIN, False), (lambda e: e.validation_log_loss, VALIDATION, True)]
    return _curves(journal, stage_names, series, "loss", "Loss by epoch, training and validation")


def accuracy_plot(journal: Journal, stage_names: Sequence[str]) -> Markup:
    """Training and validation accuracy by epoch."""
    series = [(lambda e: e.train_accuracy, TRAIN, False), (lambda e: e.validation_accuracy, VALIDATION, True)]
    return _curves(journal, stage_names, series, "accuracy", "Accuracy by epoch, training and validation")


def target_plots(
    journal: Journal, stage_names: Sequence[str], measure: Measure, texts: bool
) -> list[tuple[Markup, str]]:
    """Loss, and the headline of a task with targets, by epoch, each with its caption."""
    losses = [(lambda e: e.train_loss, TRAIN, False), (lambda e: e.validation.get("loss", math.nan), VALIDATION, True)]
    figures = [(lambda e: e.validation.get(measure.key, math.nan), VALIDATION, True)]
    # matplotlib's own font measures the text, and warns of letters that it lacks.
    label = measure.spoken if all(ord(letter) < 256 for letter in measure.spoken) else "headline"
    unit = f", in {measure.unit}" if measure.unit else ""
    better = "higher" if measure.higher_is_better else "lower"
    return [
        (
            _curves(journal, stage_names, losses, "loss", "Loss by epoch, training and validation"),
            "Loss." if texts else "Loss. Training loss includes augmentation.",
        ),
        (
            _curves(journal, stage_names, figures, label, f"Validation {measure.spoken} by epoch", name="headline"),
            f"Validation {measure.spoken}{unit}; {better} is better.",
        ),
    ]


def learning_rate_plot(journal: Journal, stage_names: Sequence[str]) -> Markup:
    """Learning rate at the end of each epoch, on a logarithmic scale."""
    series = [(lambda e: e.learning_rate if e.learning_rate > 0 else math.nan, INK, False)]
    return _curves(journal, stage_names, series, "learning rate", "Learning rate by epoch", logarithmic=True)


def _curves(
    journal: Journal,
    stage_names: Sequence[str],
    series: Sequence[tuple[Callable[[Epoch], float], str, bool]],
    label: str,
    alt: str,
    logarithmic: bool = False,
    name: str = "",
) -> Markup:
    """Draw series (value, colour, whether it bears the rings of the epochs kept) over the run's epochs."""
    with drawing_style():
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        places = np.arange(1, len(journal.epochs) + 1)
        drawn = False
        for value_of, color, marked in series:
            values = np.array([value_of(epoch) for epoch in journal.epochs], dtype=float)
            drawn |= bool(np.isfinite(values).any())
            axes.plot(places, values, color=color, marker=".", markersize=5)
            if marked:
                _mark_best(axes, journal, values)
        if logarithmic and drawn and np.nanmax(values) > 10 * np.nanmin(values):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.grid(False, which="minor")
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axes.set_xlim(0.5, max(len(places), 1) + 0.5)
        _mark_stages(axes, journal, stage_names)
        return to_svg(figure, f"plot-{name or label.replace(' ', '-')}", alt)


def _mark_best(axes: Axes, journal: Journal, values: np.ndarray[Any, Any]) -> None:
    places = [best_place(journal, stage) for stage in journal.ends]
    chosen = sorted({place for place in places if place is not None and np.isfinite(values[place])})
    if chosen:
        axes.plot(
            [place + 1 for place in chosen],
            values[chosen],
            color=VALIDATION,
            linestyle="none",
            marker="o",
            markersize=8,
            markerfacecolor=PAPER,
            markeredgewidth=1.8,
        )


def best_place(journal: Journal, stage: int) -> int | None:
    """Return where in `journal.epochs` the epoch lies whose weights a stage kept, or None."""
    end = journal.ends.get(stage)
    if end is None or end.best_epoch is None:
        return None
    found = [place for place, epoch in enumerate(journal.epochs) if epoch.epoch == end.best_epoch]
    own = [place for place in found if journal.epochs[place].stage == stage]
    return next(iter(own or found), None)


def _mark_stages(axes: Axes, journal: Journal, stage_names: Sequence[str]) -> None:
    """Rule a line between stages and write each one's name over its part."""
    first = 0
    stages = sorted({epoch.stage for epoch in journal.epochs})
    for stage in stages:
        count = len(journal.of_stage(stage))
        if first:
            axes.axvline(first + 0.5, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        name = stage_names[stage] if stage < len(stage_names) else ""
        # matplotlib's own font measures the text, and warns of letters that it lacks.
        short = name if name.isascii() and name.isprintable() and len(name) <= 12 else f"stage {stage + 1}"
        axes.text(
            first + 0.5 + count / 2,
            1.02,
            short,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=11,
        )
        first += count


def reliability_plot(bins: ReliabilityBins, confidence: float) -> Markup:
    """Reliability diagram: share of right predictions by stated probability, with Wilson's intervals."""
    with drawing_style():
        figure = Figure(figsize=(4.6, 4.6), layout="constrained")
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        filled = np.flatnonzero(bins.counts)
        shares = bins.right[filled] / bins.counts[filled]
        bounds = [wilson_interval(int(bins.right[i]), int(bins.counts[i]), confidence) for i in filled]
        low, high = np.array(bounds).T
        axes.errorbar(
            bins.confidence[filled],
            shares,
            yerr=[shares - low, high - shares],
            color=VALIDATION,
            marker="o",
            markersize=5,
            linewidth=1.2,
            elinewidth=1,
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share right")
        width = 1 / len(bins.counts)
        below.bar(bins.edges[:-1] + width / 2, bins.counts, width=width * 0.9, color=TRAIN)
        below.set(xlabel="probability of the prediction", ylabel="examples")
        below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
        alt = "Reliability diagram: share of right predictions by stated probability"
        return to_svg(figure, "plot-reliability", alt)


def confusion_map(matrix: np.ndarray[Any, np.dtype[np.int64]]) -> Markup:
    """Map of a confusion matrix with too many classes to name: a dot a cell, as strong as its share."""
    support = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shares = matrix / support
    pixels = np.zeros((*matrix.shape, 4))
    pixels[..., :3] = _WRONG
    pixels[np.eye(len(matrix), dtype=bool), :3] = _RIGHT
    # A single mistake among many examples must still be seen.
    pixels[..., 3] = np.where(matrix > 0, 0.6 + 0.4 * shares, 0.0)
    with drawing_style():
        figure = Figure(figsize=(6.4, 6.4), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(pixels, interpolation="nearest", extent=(0.5, len(matrix) + 0.5, len(matrix) + 0.5, 0.5))
        axes.grid(False)
        axes.spines[["top", "right"]].set_visible(True)
        axes.set(xlabel="predicted class (number)", ylabel="true class (number)")
        return to_svg(figure, "plot-confusion", f"Confusion matrix of all {len(matrix)} classes")
