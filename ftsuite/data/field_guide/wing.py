"""The folded wing: lesser, median and greater coverts, tertials, secondaries and primaries, bars and edges.

A place on the wing is (u, v): u from the bend of the wing (0) to the tip of the primaries (1), v from the upper
edge along the back (0) to the lower edge over the flank (1). The wing lies on the body's surface.
"""

from __future__ import annotations

import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.guide import Marks
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, Points, Rgb, fill, fill_all, lit, mix, stroke

_U = np.array([0.0, 0.08, 0.2, 0.45, 0.7, 0.88, 1.0])
_UPPER = np.array([72.0, 52.0, 40.0, 34.0, 36.0, 52.0, 72.0])
_LOWER = np.array([74.0, 96.0, 112.0, 118.0, 112.0, 98.0, 78.0])
_FINE = np.linspace(0.0, 1.0, 101)
_FINE_UPPER, _FINE_LOWER = np.interp(_FINE, _U, _UPPER), np.interp(_FINE, _U, _LOWER)

# Start, end (u), top, bottom (v) and length of the rounded tip of each feather, from the outermost primary up to
# the last tertial; those that come later lie over those before.
_FLIGHT = np.array(
    [
        [0.40, 1.00, 0.74, 1.0, 0.05], [0.40, 0.985, 0.64, 0.9, 0.05], [0.40, 0.955, 0.55, 0.82, 0.05],
        [0.40, 0.915, 0.47, 0.74, 0.05], [0.38, 0.84, 0.40, 0.66, 0.05], [0.36, 0.79, 0.32, 0.56, 0.05],
        [0.34, 0.75, 0.24, 0.46, 0.05], [0.32, 0.71, 0.15, 0.35, 0.05], [0.30, 0.66, 0.06, 0.25, 0.05],
        [0.28, 0.60, 0.0, 0.14, 0.05],
    ]
)  # fmt: skip
_GREATER = np.array(
    [[0.22, 0.44 - 0.02 * abs(row - 2), row / 5.6, min(0.99, (row + 1.35) / 5.6), 0.03] for row in (4, 3, 2, 1)]
)
_MEDIAN = np.array([[0.12, 0.26, 0.18 + 0.17 * row, 0.40 + 0.17 * row, 0.03] for row in range(4)])
_OUTLINE = np.stack([np.concatenate([_U, _U[::-1]]), np.repeat([0.0, 1.0], len(_U))], axis=1)
_LESSER = np.array([[0.0, 0.5], [0.06, 0.15], [0.14, 0.12], [0.19, 0.35], [0.19, 0.75], [0.14, 0.95], [0.06, 0.9]])
_SCAPULARS = np.array([[0.0, 0.2], [0.1, -0.3], [0.25, -0.3], [0.42, -0.1], [0.36, 0.16], [0.2, 0.26], [0.08, 0.3]])
_LOWER_EDGE = np.array([[0.45, 0.98], [0.62, 0.98], [0.8, 0.975], [0.97, 0.97]])
_SHAPES = np.concatenate([_OUTLINE, _LESSER, _SCAPULARS, _LOWER_EDGE])
_CUTS = np.cumsum([len(_OUTLINE), len(_LESSER), len(_SCAPULARS)]).tolist()


class Wing:
    """The near wing of a posed bird, laid a little away from the body."""

    def __init__(self, body: Body, droop: float) -> None:
        self.body = body
        self.droop = droop
        self.start = 0.27
        self.end = min(1.36, 0.27 + 0.83 * (0.55 + 0.45 * body.shape.wing))

    def at(self, u: Points, v: Points) -> Points:
        """Places on the wing, of any shape, as pixels (..., 2)."""
        row = np.minimum((u * 100.0).astype(np.intp), 100)
        upper, lower = _FINE_UPPER[row], _FINE_LOWER[row]
        t = self.start + (self.end - self.start) * u
        phi = upper + (lower - upper) * v + self.droop * (1.0 - u)
        return self.body.at(t.ravel(), phi.ravel(), hold=False, lift=1.06).reshape(*u.shape, 2)

    def feathers(self, rows: Points) -> Points:
        """Outlines (n, 7, 2) of feathers given as (n, 5): start, end, top, bottom, length of the rounded tip."""
        start, end, top, bottom, tip = rows.T
        half, middle = (start + end) / 2, (top + bottom) / 2
        u = np.stack([start, half, end - tip, end, end - tip * 0.6, half, start], axis=1)
        v = np.stack([top, top, top * 0.7 + middle * 0.3, middle, bottom * 0.9 + middle * 0.1, bottom, bottom], axis=1)
        return self.at(u, v)


def draw_wing(image: Image, mask: Image, body: Body, look: Look, droop: float) -> Points:
    """Draw the wing on the bird's image and mask, in place; returns its outline (n, 2) for the shading."""
    wing = Wing(body, droop)
    outline, lesser, scapulars, lower_edge = np.split(wing.at(_SHAPES[:, 0], _SHAPES[:, 1]), _CUTS)
    flight, coverts, marks = look.part("flight"), look.part("wing"), look.marks
    fill(image, outline, lit(flight, 0.8))
    fill(mask, outline, 255)
    _flight_feathers(image, wing, flight, marks)
    stroke(image, [lower_edge], lit(flight, 0.6), body.scale * 0.006)
    _coverts(image, wing, coverts, marks)
    fill(image, lesser, lit(coverts, 1.05))
    fill(image, scapulars, mix(look.part("back"), coverts, 0.25))
    if marks.wing_spots is not None:
        _spot_rows(image, wing, marks)
    return outline


def _flight_feathers(image: Image, wing: Wing, flight: Rgb, marks: Marks) -> None:
    """Primaries low and long, then secondaries, then the tertials that lie uppermost."""
    edge = marks.wing_edges
    outlines = wing.feathers(_FLIGHT)
    barred = _bars_across(wing) if marks.wing_barring is not None else None
    tips = wing.feathers(_FLIGHT[4:8] + np.array([0.0, 0.005, 0.04, -0.02, -0.03])) if marks.wing_tips else None
    for number, outline in enumerate(outlines):
        fill(image, outline, lit(flight, (0.86, 1.04)[number % 2] * (1.0 + 0.012 * number)))
        if barred is not None and marks.wing_barring is not None and number >= 4:
            stroke(image, barred[number - 4], marks.wing_barring.colour, wing.body.scale * 0.012)
        if tips is not None and marks.wing_tips is not None and 4 <= number <= 7:
            fill(image, tips[number - 4][1:6] * 0.3 + tips[number - 4][3] * 0.7, marks.wing_tips.colour)
    width = wing.body.scale * (0.0075 * edge.size if edge is not None else 0.004)
    stroke(image, outlines[:, 3:6], edge.colour if edge is not None else lit(flight, 1.3), width)


def _bars_across(wing: Wing) -> Points:
    """Lines (6, 5, 2, 2): five bars across each of the inner flight feathers."""
    share = np.linspace(0.0, 1.0, 5)[None, :, None]
    start = np.maximum(_FLIGHT[4:, 0], 0.45)[:, None, None]
    u = np.broadcast_to(start + (_FLIGHT[4:, 1][:, None, None] - 0.05 - start) * share, (6, 5, 2))
    v = np.broadcast_to(np.stack([_FLIGHT[4:, 2], _FLIGHT[4:, 3] - 0.03], 1)[:, None, :], (6, 5, 2))
    return wing.at(u, v)


def _coverts(image: Image, wing: Wing, coverts: Rgb, marks: Marks) -> None:
    """Greater and median coverts as rows of short feathers, each row with its bar."""
    bars = marks.wing_bars
    size = bars.size if bars is not None else 0.0
    two = bars is not None and bars.count >= 2
    reach = 0.055 * size if bars is not None else 0.012
    shorter = 0.045 * size if two else 0.01
    step = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    rows = np.concatenate([_GREATER, _GREATER - reach * step, _MEDIAN, _MEDIAN - shorter * step])
    outlines = wing.feathers(rows)
    greater_tip = bars.colour if bars is not None else lit(coverts, 1.12)
    median_tip = bars.colour if bars is not None and two else lit(coverts, 1.1)
    for row in range(4):
        fill(image, outlines[row], greater_tip)
        fill(image, outlines[4 + row], lit(coverts, 0.93))
    for row in range(4):
        fill(image, outlines[8 + row], median_tip)
        fill(image, outlines[12 + row], coverts)


def _spot_rows(image: Image, wing: Wing, marks: Marks) -> None:
    """White spots in rows across the closed wing, as woodpeckers have."""
    assert marks.wing_spots is not None
    mark = marks.wing_spots
    size = 0.022 * mark.size
    rows = np.linspace(0.16, 0.86, mark.count + 1)
    u = np.repeat(rows, 4)
    v = np.tile(np.linspace(0.16, 0.86, 4), len(rows)) + 0.04 * (np.arange(len(u)) // 4 % 2)
    corners_u = u[:, None] + size * np.array([-1.0, 0.0, 1.0, 0.0])
    corners_v = v[:, None] + size * 2.3 * np.array([0.0, -1.0, 0.0, 1.0])
    fill_all(image, wing.at(corners_u, corners_v), mark.colour)
