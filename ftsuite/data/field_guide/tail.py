"""The tail: a fan of feathers from the outermost below to the middle pair above, in the form of the species."""

from __future__ import annotations

import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, Points, fill, fill_all, lit, stroke

# How much longer (above 1) or shorter than the middle pair the feathers are, from the middle outwards.
_FORMS = {
    "square": (1.0, 1.0, 1.0, 0.99), "notched": (0.93, 0.96, 1.0, 1.0), "rounded": (1.0, 0.98, 0.93, 0.86),
    "graduated": (1.0, 0.85, 0.7, 0.55), "forked": (0.42, 0.46, 0.56, 1.0), "pointed": (1.0, 0.93, 0.84, 0.68),
}  # fmt: skip
_STATIONS = np.array([0.0, 0.45, 0.88, 1.0])
# Place from the middle (0) to the outside (3) and side of each feather, in the order of drawing.
_ORDER = np.array([[place, side] for place in (3, 2, 1, 0) for side in (-1.0, 1.0)])


class Tail:
    """The tail's plane: where a feather's place (along, across) falls in the picture."""

    def __init__(self, body: Body) -> None:
        self.body = body
        shape = body.shape
        self.length = 0.47 * shape.tail
        x, y = body.tail_direction
        self.direction = np.array([x, y, 0.0])
        # Seen from the side a level fan would be a line; it is canted a little, as on a bird that balances.
        self.across = np.array([-0.5 * y, 0.5 * x, 0.86]) / np.hypot(0.5, 0.86)
        self.half_width = 0.075 * shape.tail_width
        self.forked, self.pointed = shape.tail_form == "forked", shape.tail_form in ("forked", "pointed")
        self.lengths = np.asarray(_FORMS[shape.tail_form])

    def feathers(self, low: float = 0.0, high: float = 1.0) -> Points:
        """Outlines (8, 8, 2) of the feathers in drawing order, cut to the part of their length from low to high."""
        place, side = _ORDER[:, 0].astype(int), _ORDER[:, 1:]
        length = self.length * self.lengths[place][:, None]
        angle = side * self.body.pose.tail_spread * (place[:, None] + 0.35) / 3.35
        outer = (place == 3)[:, None]
        stations = low + (high - low) * _STATIONS
        profile = np.interp(stations, [0.0, 0.45, 0.9, 1.0], [0.55, 0.95, 0.95, 0.1 if self.pointed else 0.62])
        streamer = np.interp(stations, [0.0, 0.45, 0.9, 1.0], [0.5, 0.5, 0.18, 0.06])
        width = self.half_width * 0.42 * np.where(outer & self.forked, streamer, profile)
        centre = side * self.half_width * 0.28 * place[:, None]
        centre = centre * (1.0 + 0.25 * (outer & self.forked) * stations**2)
        along = np.concatenate([np.broadcast_to(stations, (8, 4)), np.broadcast_to(stations[::-1], (8, 4))], 1) * length
        across = np.concatenate([centre + width, (centre - width)[:, ::-1]], axis=1)
        cos, sin = np.cos(angle), np.sin(angle)
        return self._at(along * cos - across * sin * 0.3, along * sin + across * cos)

    def _at(self, along: Points, across: Points) -> Points:
        root = np.array([*self.body.root, 0.0])
        points = root + np.outer(along.ravel(), self.direction) + np.outer(across.ravel(), self.across)
        return self.body.project(points).reshape(*along.shape, 2)


def draw_tail(image: Image, mask: Image, body: Body, look: Look) -> None:
    """Draw the tail on the bird's image and mask, in place, before the body."""
    tail = Tail(body)
    marks, colour = look.marks, look.part("tail")
    outlines = tail.feathers()
    bars: list[Points] = []
    if marks.tail_barring is not None:
        half = 0.03 * marks.tail_barring.size
        bars = [
            tail.feathers(float(at) - half, float(at) + half) for at in np.linspace(0.3, 0.9, marks.tail_barring.count)
        ]
    tips = tail.feathers(1.0 - 0.13 * marks.tail_tip.size) if marks.tail_tip is not None else None
    for number, (place, _) in enumerate(_ORDER.tolist()):
        sides = marks.tail_sides
        pale = sides is not None and (place == 3 or (place == 2 and sides.size >= 1.0))
        fill(
            image,
            outlines[number],
            sides.colour if sides is not None and pale else lit(colour, (1.06, 0.94)[int(place) % 2]),
        )
        if marks.tail_barring is not None and (pale or sides is None):
            fill_all(image, np.stack([bar[number] for bar in bars]), marks.tail_barring.colour)
        if tips is not None and marks.tail_tip is not None:
            fill(image, tips[number], marks.tail_tip.colour)
    fill_all(mask, outlines, 255)
    stroke(image, outlines, lit(colour, 0.72), body.scale * 0.004)
