"""A task's scatter plot as SVG in the page's colours; many points are counted in squares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from ftsuite.api import Scatter
from ftsuite.report.figures import shortened
from ftsuite.report.measures import MINUS

# Of the picture, in units of its own: about as wide as a phone, so that its letters stay legible there.
_WIDTH, _HEIGHT = 400.0, 310.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 10.0, 8.0, 48.0
_SQUARES_ACROSS, _SQUARES_UP = 42, 32
# Beyond, points hide each other and a page grows by megabytes.
MOST_POINTS = 1500
_LONGEST_LABEL = 46


def scatter_svg(part: Scatter) -> Markup:
    """The plot as an inline `<svg>`; its texts are escaped."""
    x, y = np.asarray(part.x, np.float64), np.asarray(part.y, np.float64)
    both = np.concatenate([x, y])
    across, up = (_Axis(both), _Axis(both)) if part.diagonal else (_Axis(x), _Axis(y))
    alt = f"{part.title}: {len(x)} points, {part.x_label} to the right, {part.y_label} upwards"
    return Markup('<svg class="plot scatter" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH,
        _HEIGHT,
        alt,
        Markup("").join([_frame(part, across, up), _diagonal(part, across, up), _points(x, y, across, up)]),
    )


class _Axis:
    """A range with some room around the values, and round numbers in it."""

    def __init__(self, values: np.ndarray) -> None:
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
        self.low, self.high = low - room, high + room
        ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        self.ticks = [float(tick) for tick in ticks if self.low <= tick <= self.high]

    def share(self, values: np.ndarray | float) -> np.ndarray:
        """Where values lie, from 0 at the lower end to 1."""
        return np.asarray((np.asarray(values) - self.low) / (self.high - self.low))

    def texts(self) -> list[str]:
        """What stands beside the ticks."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        rounded = [0.0 if abs(tick) < 1e-9 * step else tick for tick in self.ticks]
        return [f"{tick:.6g}".replace("-", MINUS) for tick in rounded]


def _across(axis: _Axis, values: np.ndarray | float) -> np.ndarray:
    return _LEFT + axis.share(values) * (_WIDTH - _LEFT - _RIGHT)


def _up(axis: _Axis, values: np.ndarray | float) -> np.ndarray:
    return _HEIGHT - _BOTTOM - axis.share(values) * (_HEIGHT - _TOP - _BOTTOM)


def _frame(part: Scatter, across: _Axis, up: _Axis) -> Markup:
    floor, right, middle = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _TOP + (_HEIGHT - _TOP - _BOTTOM) / 2
    lines = [f"M{_across(across, tick):.1f} {_TOP:g}V{floor:g}" for tick in across.ticks]
    lines += [f"M{_LEFT:g} {_up(up, tick):.1f}H{right:g}" for tick in up.ticks]
    found = [Markup('<path class="mesh" d="{}"/>').format("".join(lines))]
    found.append(Markup('<path class="axes" d="M{:g} {:g}V{:g}H{:g}"/>').format(_LEFT, _TOP, floor, right))
    for tick, text in zip(across.ticks, across.texts(), strict=True):
        found.append(_text(float(_across(across, tick)), floor + 16, "middle", text))
    for tick, text in zip(up.ticks, up.texts(), strict=True):
        found.append(_text(_LEFT - 6, float(_up(up, tick)) + 4, "end", text))
    found.append(_text((_LEFT + right) / 2, _HEIGHT - 8, "middle", shortened(part.x_label, _LONGEST_LABEL)))
    label = Markup('<text transform="translate(13 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>')
    found.append(label.format(middle, shortened(part.y_label, _LONGEST_LABEL)))
    return Markup("").join(found)


def _text(x: float, y: float, anchor: str, text: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _diagonal(part: Scatter, across: _Axis, up: _Axis) -> Markup:
    if not part.diagonal:
        return Markup("")
    ends = [f"{_across(across, end):.1f} {_up(up, end):.1f}" for end in (across.low, across.high)]
    return Markup('<path class="equal" d="M{}L{}"/>').format(*ends)


def _points(x: np.ndarray, y: np.ndarray, across: _Axis, up: _Axis) -> Markup:
    if len(x) > MOST_POINTS:
        return _squares(across.share(x), up.share(y))
    radius, opacity = (3.2, 0.75) if len(x) <= 100 else (2.4, 0.5) if len(x) <= 500 else (1.8, 0.4)
    dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}"/>')
    places = zip(_across(across, x).tolist(), _up(up, y).tolist(), strict=True)
    dots: Sequence[Markup] = [dot.format(left, top, radius) for left, top in places]
    return Markup('<g class="dots" fill-opacity="{}">{}</g>').format(opacity, Markup("").join(dots))


def _squares(x: np.ndarray, y: np.ndarray) -> Markup:
    """Counts of points, stronger the more there are, by the logarithm."""
    counts, _, _ = np.histogram2d(x, y, bins=(_SQUARES_ACROSS, _SQUARES_UP), range=((0, 1), (0, 1)))
    wide, high = (_WIDTH - _LEFT - _RIGHT) / _SQUARES_ACROSS, (_HEIGHT - _TOP - _BOTTOM) / _SQUARES_UP
    strongest = math.log1p(counts.max())
    cell = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.2f}" fill-opacity="{:.2f}"/>')
    cells = [
        cell.format(
            _LEFT + column * wide,
            _HEIGHT - _BOTTOM - (row + 1) * high,
            wide,
            high,
            0.12 + 0.88 * math.log1p(counts[column, row]) / strongest,
        )
        for column, row in np.argwhere(counts).tolist()
    ]
    return Markup('<g class="dots">{}</g>').format(Markup("").join(cells))
