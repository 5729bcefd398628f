"""What comes between the bird and the viewer: twigs, leaves and grass, sharp or out of focus."""

from __future__ import annotations

import cv2
import numpy as np

from ftsuite.data.field_guide.bird import blend
from ftsuite.data.field_guide.pen import Image, Rgb, fill, lit, plain, soften, stroke
from ftsuite.data.field_guide.perch import draw_leaf

_LEAVES: tuple[Rgb, ...] = ((98, 128, 62), (126, 140, 70), (168, 126, 62), (82, 108, 66), (150, 84, 52))


def draw_foreground(canvas: Image, random: np.random.Generator, middle: tuple[float, float], scale: float) -> Image:
    """Lay something over the picture, three times in five; returns the canvas that results.

    Args:
        canvas: (side, side, 3) uint8.
        random: the picture's stream.
        middle: the bird's, in pixels; what is in front mostly misses the head by being drawn anywhere around it.
        scale: pixels for the bird's body length.
    """
    if random.random() > 0.6:
        return canvas
    half = canvas.shape[0] // 2
    middle, scale = (middle[0] / 2, middle[1] / 2), scale / 2
    base = _LEAVES[int(random.integers(len(_LEAVES)))]
    red, green, blue = np.minimum(np.asarray(base) * random.normal(1.0, 0.15), 240.0).tolist()
    colour = (red, green, blue)
    kind = int(random.integers(3))
    front, cover = (
        plain(half, half, (92.0, 76.0, 62.0) if kind == 0 else colour),
        np.zeros((half, half), np.uint8),
    )
    if kind == 0:
        _twigs(cover, random, middle, scale)
    elif kind == 1:
        _leaves(front, cover, random, middle, scale, colour)
    else:
        _grass(front, cover, random, middle, scale, colour)
    soften(cover, scale * (0.004, 0.012, 0.035)[int(random.integers(3))])
    left, top, width, height = (2 * part for part in cv2.boundingRect(cover))
    if width == 0:
        return canvas
    front, cover = (
        cv2.resize(part[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2], (width, height))
        for part in (front, cover)
    )
    place = canvas[top : top + height, left : left + width]
    place[:] = blend(place, np.asarray(front), np.asarray(cover))
    return canvas


def _twigs(cover: Image, random: np.random.Generator, middle: tuple[float, float], scale: float) -> None:
    for _ in range(int(random.integers(1, 4))):
        through = np.asarray(middle) + random.normal(0, 0.42, 2) * scale
        angle, bend = random.uniform(0, np.pi), random.normal(0, 0.12)
        step = np.array([np.cos(angle), np.sin(angle)]) * 2.2 * scale
        line = np.stack([through - step, through + np.array([-step[1], step[0]]) * bend, through + step])
        stroke(cover, [line], 255, scale * random.uniform(0.015, 0.05))


def _leaves(
    front: Image, cover: Image, random: np.random.Generator, middle: tuple[float, float], scale: float, colour: Rgb
) -> None:
    around = random.uniform(0, 2 * np.pi)
    centre = np.asarray(middle) + 0.62 * scale * np.array([np.cos(around), np.sin(around)])
    for _ in range(int(random.integers(3, 10))):
        base, size = centre + random.normal(0, 0.28, 2) * scale, scale * random.uniform(0.14, 0.3)
        angle = float(random.uniform(0, 2 * np.pi))
        draw_leaf(front, base, size, angle, lit(colour, float(random.uniform(0.7, 1.3))))
        draw_leaf(cover, base, size, angle, (255.0, 255.0, 255.0))
        stroke(
            cover,
            [np.stack([base, base + np.array([np.cos(angle), np.sin(angle)]) * size * 0.9])],
            255,
            size * 0.06,
        )


def _grass(
    front: Image, cover: Image, random: np.random.Generator, middle: tuple[float, float], scale: float, colour: Rgb
) -> None:
    for _ in range(int(random.integers(4, 14))):
        x = middle[0] + random.normal(0, 0.7) * scale
        top = middle[1] + random.uniform(-0.5, 0.5) * scale
        low, lean, wide = (
            middle[1] + 1.6 * scale,
            random.normal(0, 0.2) * scale,
            scale * random.uniform(0.012, 0.03),
        )
        blade = np.array(
            [
                [x - wide, low],
                [x + lean * 0.4 - wide, (low + top) / 2],
                [x + lean, top],
                [x + lean * 0.4 + wide, (low + top) / 2],
                [x + wide, low],
            ]
        )
        fill(front, blade, lit(colour, float(random.uniform(0.75, 1.25))))
        fill(cover, blade, 255)
