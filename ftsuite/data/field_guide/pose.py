"""Poses by chance: how the bird holds itself, which way it faces, and how it is turned to the viewer."""

from __future__ import annotations

import math

import numpy as np

from ftsuite.data.field_guide.anatomy import Pose
from ftsuite.data.field_guide.guide import Shape


def draw_pose(random: np.random.Generator, shape: Shape, *, clinging: bool) -> Pose:
    """A pose for a species, perched or on the ground, or clinging to a trunk."""
    tilt = random.normal(shape.tilt_degrees * 0.8, 11.0)
    if clinging:
        tilt = random.normal(74.0, 7.0)
    turn = float(np.clip(random.normal(0.0, 24.0), -48.0, 48.0))
    head_turn = float(np.clip(random.normal(0.0, 20.0), -46.0, 46.0))
    # Beyond these both eyes, or none, would be seen.
    head_turn = float(np.clip(turn + head_turn, -50.0, 44.0)) - turn
    if random.random() < 0.07 and not clinging:
        head_turn = 180.0 - turn + random.normal(0.0, 18.0)
    return Pose(
        tilt=math.radians(float(np.clip(tilt, -12.0, 84.0))),
        turn=math.radians(turn),
        head_turn=math.radians(head_turn),
        head_pitch=math.radians(random.normal(2.0 + (12.0 if clinging else 0.0), 9.0)),
        neck_stretch=float(np.clip(random.normal(1.0, 0.09), 0.82, 1.25)),
        puff=float(np.clip(random.normal(1.0, 0.05), 0.9, 1.14)),
        tail_pitch=math.radians(random.normal(0.0 if clinging else -4.0, 9.0 if not clinging else 4.0)),
        tail_spread=math.radians(abs(random.normal(4.0, 6.0)) + 2.0),
        roll=math.radians(random.normal(0.0, 3.0)),
        mirrored=bool(random.random() < 0.5),
        clinging=clinging,
    )
