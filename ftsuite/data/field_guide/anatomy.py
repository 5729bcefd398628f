"""The body of a bird as spheres along a spine, and the way to the picture from any place on it.

A place on the body is (t, phi): t runs along the spine from the head (0) over the breast (0.4) to the root of
the tail (1) and a little beyond, where the folded wings lie; phi in degrees runs around it from the back (0)
over the near side (90) to the belly (180). A place on the head is (forward, up) in head radii as seen from the
side. Both are turned in three dimensions, so that marks move over the body as they do on a real bird that
turns away. Lengths are in body lengths; x points forward, y up, z to the viewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ftsuite.data.field_guide.guide import Shape
from ftsuite.data.field_guide.pen import Points, smooth

_STEPS = 24  # places in the table for each of the spine's segments
_T_MAX = 1.4

# x, y, radius of the spheres at t = 0, 0.2, … 1.4 for a bird with its body level.
_SPINE = np.array(
    [
        [0.46, 0.33, 0.185],
        [0.37, 0.15, 0.215],
        [0.20, 0.01, 0.268],
        [-0.06, -0.02, 0.272],
        [-0.32, 0.015, 0.185],
        [-0.52, 0.045, 0.085],
        [-0.72, 0.085, 0.05],
        [-0.92, 0.105, 0.028],
    ]
)
# The places in the table whose spheres are drawn as the outline.
_DISCS = np.concatenate([np.arange(0, 49, 8), np.arange(57, 121, 9), np.arange(126, 137, 5)])


@dataclass(frozen=True)
class Pose:
    """How a bird holds itself and is seen. Angles in radians; turning is away from the viewer where positive."""

    tilt: float
    turn: float
    head_turn: float
    head_pitch: float
    neck_stretch: float
    puff: float
    tail_pitch: float
    tail_spread: float
    roll: float
    mirrored: bool
    clinging: bool


class Body:
    """A posed bird in picture coordinates.

    Attributes:
        scale: pixels of the canvas for a body length.
        head: (x, y) of the head's centre in pixels; `head_radius` in pixels.
        root: (x, y) of the tail's root in body lengths, before turning; `tail_direction` a unit vector there.
    """

    def __init__(self, shape: Shape, pose: Pose) -> None:
        self.shape, self.pose = shape, pose
        self._cos_turn, self._sin_turn = math.cos(pose.turn), math.sin(pose.turn)
        self._side = -1.0 if pose.mirrored else 1.0
        self._cos_roll, self._sin_roll = math.cos(pose.roll), math.sin(pose.roll)
        table = smooth(_posed_spine(shape, pose), _STEPS, closed=False)
        self._spine, self._radii = table[:, :2], np.maximum(table[:, 2], 0.008)
        ahead = np.gradient(self._spine, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        # The spine runs from head to tail; turned by a right angle its direction points to the back.
        dorsal = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
        # Where the surface turns away from the viewer, in degrees: half a turn of phi from here is visible.
        rim = np.degrees(np.arctan2(dorsal[:, 0] * self._sin_turn, self._cos_turn))
        self._table = np.column_stack([self._spine, dorsal, self._radii, rim])
        self._head_axes = self._turned_head()
        self.root = self._spine[int(1.0 / _T_MAX * (len(self._spine) - 1))]
        self.tail_direction = _tail_direction(self._spine, pose)
        self.place(1.0, 0.0, 0.0)
        self._reach = self._unit_extent()

    def place(self, scale: float, x: float, y: float) -> None:
        """Set the size (pixels for a body length) and where the middle of the body falls in the picture."""
        self.scale = scale
        self._centre = np.array([x, y])
        self.head_radius = float(self._radii[0]) * scale
        self.head = self.project(np.array([[*self._spine[0], 0.0]]))[0]

    @property
    def centre(self) -> tuple[float, float]:
        """Where the middle of the body falls in the picture, in pixels."""
        return float(self._centre[0]), float(self._centre[1])

    def shift(self, x: float, y: float) -> None:
        """Move the bird in the picture by (x, y) pixels."""
        self.place(self.scale, float(self._centre[0]) + x, float(self._centre[1]) + y)

    def extent(self) -> tuple[Points, Points]:
        """Least and greatest (x, y) that the bird reaches with bill, tail and crest, in pixels."""
        return self._centre + self.scale * self._reach[0], self._centre + self.scale * self._reach[1]

    def _unit_extent(self) -> tuple[Points, Points]:
        centres, radii = self.silhouette()
        tail = self.root + self.tail_direction * 0.47 * self.shape.tail
        tips = np.concatenate(
            [
                self.project(np.array([[tail[0], tail[1], 0.0]])),
                self.on_profile(np.array([[1.0 + self.shape.bill.length, 0.0], [-0.8, 0.7 + self.shape.crest]])),
                centres - radii[:, None],
                centres + radii[:, None],
            ]
        )
        return tips.min(axis=0), tips.max(axis=0)

    def project(self, points: Points) -> Points:
        """(n, 3) in body lengths to (n, 2) pixels."""
        return self._project(points[:, 0], points[:, 1], points[:, 2])

    def _project(self, x: Points, y: Points, z: Points) -> Points:
        across = self._side * (x * self._cos_turn + z * self._sin_turn)
        out = np.empty((len(x), 2))
        out[:, 0] = self._centre[0] + self.scale * (across * self._cos_roll - y * self._sin_roll)
        out[:, 1] = self._centre[1] - self.scale * (across * self._sin_roll + y * self._cos_roll)
        return out

    def at(self, t: npt.ArrayLike, phi: npt.ArrayLike, *, hold: bool = True, lift: float = 1.0) -> Points:
        """Places on the surface, as pixels (n, 2). With `hold`, what lies on the far side is held past the rim."""
        along = np.asarray(t, dtype=np.float64)
        around = np.asarray(phi, dtype=np.float64)
        rows = (along * ((len(self._table) - 1) / _T_MAX)).astype(np.intp)
        x, y, dorsal_x, dorsal_y, radius, rim = self._table.take(rows, axis=0, mode="clip").T
        if hold:
            held = np.minimum(np.maximum(around, rim), rim + 180.0)
            radius = np.where(held == around, radius, radius * 1.4)
            around = held
        if lift != 1.0:
            radius = radius * lift
        angle = around * (math.pi / 180.0)
        up = np.cos(angle) * radius
        return self._project(x + dorsal_x * up, y + dorsal_y * up, np.sin(angle) * radius)

    def patch(self, corners: Points, steps: int = 4) -> Points:
        """A smooth outline through corners (t, phi) on the body, as pixels (n, 2)."""
        curve = smooth(corners, steps)
        return self.at(curve[:, 0], curve[:, 1])

    def on_head(self, places: Points) -> Points:
        """Places (forward, up) on the head in head radii, as pixels (n, 2); beyond the rim they stay beyond it."""
        axes = self._head_axes
        squared = np.einsum("ij,ij->i", places, places)
        flat = places @ axes[:2]
        depth = np.sqrt(np.maximum(0.0, 1.0 - squared))
        inside = flat + depth[:, None] * axes[2]
        length = np.sqrt(np.einsum("ij,ij->i", flat, flat)) + 1e-9
        outside = flat * (np.sqrt(squared) / length)[:, None]
        return self.head + self.head_radius * np.where((squared < 1.0)[:, None], inside, outside)

    def head_patch(self, corners: Points, steps: int = 4) -> Points:
        """A smooth outline through corners (forward, up) on the head, as pixels (n, 2)."""
        return self.on_head(smooth(corners, steps))

    def on_profile(self, places: Points) -> Points:
        """Places (forward, up) in the head's middle plane, where bill and crest stand, as pixels (n, 2)."""
        return self.head + self.head_radius * (places @ self._head_axes[:2])

    def silhouette(self) -> tuple[Points, npt.NDArray[np.float64]]:
        """Centres (n, 2) and radii (n,) in pixels of discs that together are the body's outline."""
        discs = self._table[_DISCS]
        return self._project(discs[:, 0], discs[:, 1], np.zeros(len(_DISCS))), discs[:, 4] * self.scale

    def direction_degrees(self) -> float:
        """The direction of the body in the picture, anticlockwise from right, for textures that follow it."""
        ends = self.at([1.0, 0.4], [90.0, 90.0], hold=False)
        step = ends[1] - ends[0]
        return math.degrees(math.atan2(-step[1], step[0]))

    def _turned_head(self) -> Points:
        """Rows: forward, up and out-to-the-near-side of the head as (x, y) in the picture, y down."""
        pose = self.pose
        turn = pose.turn + pose.head_turn
        cos_turn, sin_turn = math.cos(turn), math.sin(turn)
        cos_pitch, sin_pitch = math.cos(pose.head_pitch), math.sin(pose.head_pitch)
        side = 1.0 if cos_turn >= 0 else -1.0
        axes = np.array([[cos_turn * cos_pitch, sin_pitch], [-cos_turn * sin_pitch, cos_pitch], [side * sin_turn, 0.0]])
        if pose.mirrored:
            axes[:, 0] = -axes[:, 0]
        rolled = axes @ np.array([[self._cos_roll, self._sin_roll], [-self._sin_roll, self._cos_roll]])
        return rolled * np.array([1.0, -1.0])


def _posed_spine(shape: Shape, pose: Pose) -> Points:
    """(8, 3): x, y and radius of the spine's spheres for this species in this pose."""
    spine = _SPINE.copy()
    spine[:, 2] *= np.array([shape.head, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    spine[1:6, 2] *= np.array([0.5 + 0.5 * shape.girth, 1.0, 1.0, 1.0, 1.0]) * shape.girth * pose.puff
    breast = spine[2, :2].copy()
    # An upright bird carries its head level above its shoulders rather than thrown back.
    bend = -0.30 * pose.tilt
    reach = np.array([1.0, 0.6]) * 1.0
    for row, part in zip((0, 1), reach, strict=True):
        arm = (spine[row, :2] - breast) * (1.0 + part * (shape.neck * pose.neck_stretch - 1.0))
        spine[row, :2] = breast + _rotated(arm, bend * part)
    spine[:, :2] = _rotated(spine[:, :2], pose.tilt)
    return spine


def _rotated(points: Points, angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]))


def _tail_direction(spine: Points, pose: Pose) -> Points:
    """The unit vector along which the tail points: on from the back, bent by its own pitch."""
    row = int(1.0 / _T_MAX * (len(spine) - 1))
    ahead = spine[row] - spine[row - 20]
    return _rotated(ahead / np.linalg.norm(ahead), pose.tail_pitch)
