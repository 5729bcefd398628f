"""The plot of a learning-rate range test: loss over rate, with the rate that is suggested and the plan's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ftsuite.report.svg import INK, TRAIN, VALIDATION, drawing_style, to_svg

_SIZE_INCHES = (7.2, 3.9)
# Beyond these shares of the curve's fall, the rise at its end is cut off: it would press all else flat.
_ROOM_ABOVE, _ROOM_BELOW = 0.8, 0.15
_DASHED = (0, (5, 3))


def range_plot(stage: Mapping[str, Any]) -> Markup:
    """Draw a stage's entry of ``learning_rates.json``: single losses as dots, the smoothed loss as a line."""
    rates = np.asarray(stage["rates"], dtype=float)
    losses, smoothed = (np.asarray(stage[name], dtype=float) for name in ("losses", "smoothed_losses"))
    with drawing_style():
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        axes.plot(rates, losses, color=TRAIN, linestyle="none", marker=".", markersize=4)
        axes.plot(rates, smoothed, color=TRAIN, linewidth=2)
        axes.set_xscale("log")
        axes.set_xlim(rates[0], max(rates[-1], stage["planned_rate"]) * 1.2)
        axes.xaxis.set_major_locator(LogLocator(base=10.0, numticks=20))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:.0e}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(False, which="minor")
        _limit_loss(axes, losses, smoothed)
        _mark(axes, stage["planned_rate"], "plan", INK, _DASHED, 1.02)
        if stage["suggested_rate"] is not None:
            _mark(axes, stage["suggested_rate"], "suggested", VALIDATION, "-", 1.09)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        alt = f"Training loss by learning rate at the beginning of stage {stage['stage'] + 1}"
        return to_svg(figure, f"plot-rates-{stage['stage']}", alt)


def _mark(axes: Axes, rate: float, name: str, color: str, style: Any, height: float) -> None:
    axes.axvline(rate, color=color, linewidth=1.4, linestyle=style)
    axes.text(
        rate,
        height,
        f"{name} {rate:.1e}",
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="bottom",
        color=color,
        fontsize=11,
    )


def _limit_loss(axes: Axes, losses: np.ndarray[Any, Any], smoothed: np.ndarray[Any, Any]) -> None:
    finite = smoothed[np.isfinite(smoothed)]
    if not len(finite):
        return
    lowest = int(np.argmin(finite))
    before = losses[: lowest + 1]
    top, bottom = float(finite[: lowest + 1].max()), float(finite[lowest])
    # The dots before the lowest point are shown whole.
    top, bottom = max(top, float(np.nanmax(before))), min(bottom, float(np.nanmin(before)))
    span = max(top - bottom, 0.05 * abs(top), 1e-6)
    axes.set_ylim(max(bottom - _ROOM_BELOW * span, 0.0), top + _ROOM_ABOVE * span)
