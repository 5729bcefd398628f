"""Legs and feet: from the belly's feathers down to toes that grip a perch, stand on the ground or cling."""

from __future__ import annotations

import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, Points, lit, stroke


def feet(body: Body) -> Points:
    """Where the two feet stand, as pixels (2, 2): near foot, then far foot."""
    hips = body.at([0.56, 0.60], [150.0, 206.0], hold=False, lift=0.9)
    drop = body.scale * (0.10 + 0.15 * body.shape.leg)
    if body.pose.clinging:
        forward = -1.0 if body.pose.mirrored else 1.0
        chest = body.at([0.44, 0.58], [160.0, 200.0], hold=False)
        return np.asarray(
            chest + np.array([[forward * drop * 0.55, -0.02 * drop], [forward * drop * 0.55, 0.2 * drop]])
        )
    lean = body.scale * 0.10 * (-1.0 if body.pose.mirrored else 1.0)
    return np.asarray(hips + np.array([[lean, drop], [lean * 0.6, drop * 0.94]]))


def draw_legs(image: Image, mask: Image, body: Body, look: Look, slope: float, *, grips: bool) -> None:
    """Draw both legs on the bird's image and mask, in place, before the body; `slope` is the perch's, dy by dx."""
    hips = body.at([0.58, 0.62], [152.0, 206.0], hold=False, lift=0.8)
    ends = feet(body)
    colour = look.part("legs")
    forward = -1.0 if body.pose.mirrored else 1.0
    thick = body.scale * 0.026
    knees = hips * 0.45 + ends * 0.55 - np.array([forward * body.scale * 0.055, 0.0])
    toes = _toes(body, forward, slope, grips=grips)
    for number, shade in ((1, lit(colour, 0.72)), (0, colour)):
        leg = np.array([hips[number], knees[number], ends[number]])
        for target, tone in ((image, shade), (mask, 255)):
            stroke(target, [leg[:2]], tone, thick * 1.5)
            stroke(target, [leg[1:], *(ends[number] + toes)], tone, thick)


def _toes(body: Body, forward: float, slope: float, *, grips: bool) -> Points:
    """Lines (toes, 3, 2) from the foot: three toes ahead and one behind; on a perch they bend around it."""
    reach = body.scale * 0.085
    if body.pose.clinging:
        tips = reach * np.array([[forward * 0.35, -1.0], [forward * 0.35, -0.75], [forward * 0.3, 0.7]])
        return np.stack([tips * 0.0, tips * 0.5, tips], axis=1)
    side = forward * reach * np.array([1.1, 0.75, 0.4, -0.8])
    lines = np.zeros((4, 3, 2))
    lines[:, 1, 0], lines[:, 2, 0] = side * 0.7, side
    lines[:, 1, 1] = side * 0.7 * slope - reach * 0.05
    lines[:, 2, 1] = side * slope + reach * (0.42 if grips else 0.04)
    return lines
