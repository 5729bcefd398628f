"""What the bird sits on: twigs, branches, posts, wires and rocks, the ground, or a trunk that it clings to."""

from __future__ import annotations

import cv2
import numpy as np

from ftsuite.data.field_guide.habitat import GROUNDS
from ftsuite.data.field_guide.pen import Image, Points, Rgb, disc, fill, lit, smooth, stroke
from ftsuite.data.field_guide.textures import clouds, cut

Random = np.random.Generator

PERCHES = ("twig", "branch", "post", "wire", "rock", "ground")
_WOODS: tuple[Rgb, ...] = ((104, 84, 66), (134, 118, 100), (84, 68, 58), (150, 138, 122), (112, 96, 62))


def draw_perch(
    image: Image, kind: str, feet: Points, scale: float, slope: float, habitat: str, random: Random, *,
    mirrored: bool,
) -> None:  # fmt: skip
    """Draw a perch under two feet, (2, 2) pixels, on a canvas, in place.

    Args:
        image: (side, side, 3) uint8.
        kind: one of PERCHES, or "trunk".
        feet: where the feet stand.
        scale: pixels for a body length.
        slope: dy by dx of the perch in the picture.
        habitat: decides the colour of the ground.
        random: the picture's stream.
        mirrored: whether the bird faces left, where a trunk would stand.
    """
    wood = tuple(np.clip(np.asarray(_WOODS[int(random.integers(len(_WOODS)))]) * random.normal(1.0, 0.12), 0, 255))
    foot = feet.mean(axis=0)
    side = image.shape[0]
    if kind in ("twig", "branch", "wire"):
        thick = {"twig": random.uniform(0.05, 0.10), "branch": random.uniform(0.14, 0.30), "wire": 0.03}[kind] * scale
        colour: Rgb = (58.0, 58.0, 62.0) if kind == "wire" else (wood[0], wood[1], wood[2])
        _limb(image, foot, slope, thick, colour, random, straight=kind == "wire")
        if kind == "twig":
            _side_twigs(image, foot, slope, thick, colour, scale, random)
    elif kind == "post":
        _post(image, foot, scale, (wood[0], wood[1], wood[2]), random)
    elif kind == "trunk":
        _trunk(image, feet, -1.0 if mirrored else 1.0, scale, (wood[0], wood[1], wood[2]), random)
    else:
        base = (138.0, 134.0, 128.0) if kind == "rock" else GROUNDS[habitat]
        tint = np.clip(np.asarray(base) * random.normal(1.0, 0.09) + random.normal(0, 4.0, 3), 0, 250)
        _ground(image, foot, scale, (tint[0], tint[1], tint[2]), random, rock=kind == "rock", side=side)


def _textured(
    image: Image, outline: Points, colour: Rgb, random: Random, width: float, height: float, degrees: float
) -> None:
    """Fill an outline with a colour and the grain of wood or soil over it."""
    least = np.clip(np.floor(outline.min(axis=0)) - 1, 0, image.shape[0]).astype(int)
    most = np.clip(np.ceil(outline.max(axis=0)) + 1, 0, image.shape[0]).astype(int)
    x, y = random.random(2)
    fill(image, outline, colour)
    if most[0] - least[0] < 2 or most[1] - least[1] < 2:
        return
    part = image[least[1] : most[1], least[0] : most[0]]
    noise = cut(clouds(), part.shape[0], part.shape[1], x, y, across=width, down=height, degrees=degrees)
    grain = cv2.convertScaleAbs(noise, alpha=0.7, beta=38.0)
    mask = np.zeros(part.shape[:2], np.uint8)
    fill(mask, outline - least, 255)
    textured = cv2.multiply(part, cv2.merge([grain, grain, grain]), scale=1 / 128)
    cv2.copyTo(textured, mask, part)


def _limb(image: Image, foot: Points, slope: float, thick: float, wood: Rgb, random: Random, *, straight: bool) -> None:
    """A branch across the whole picture through the feet, lighter above and darker below."""
    side = float(image.shape[0])
    x = np.array([-0.1, 0.15, 0.4, 0.65, 0.9, 1.15]) * side
    y = foot[1] + (x - foot[0]) * slope
    if not straight:
        away = np.abs(x - foot[0]) / side
        y = y + random.normal(0, 0.035, 6) * side * np.minimum(1.0, away * 2.2)
    spine = smooth(np.stack([x, y], 1), 4, closed=False)
    wide = thick * (
        np.ones(len(spine))
        if straight
        else np.interp(np.arange(len(spine)), np.arange(0, 21, 4), random.uniform(0.82, 1.2, 6))
    )
    down = np.array([0.0, 1.0])
    upper, lower = spine - 0.08 * thick * down, spine + wide[:, None] * down
    outline = np.concatenate([upper, lower[::-1]])
    degrees = -float(np.degrees(np.arctan(slope)))
    if thick > 6 and not straight:
        _textured(image, outline, wood, random, thick * 22, thick * 5, degrees)
    else:
        fill(image, outline, wood)
    belly = np.concatenate([spine + 0.66 * wide[:, None] * down, lower[::-1]])
    fill(image, belly, lit(wood, 0.6))
    stroke(image, [spine + 0.08 * thick * down], lit(wood, 1.3), thick * 0.16)


def _side_twigs(
    image: Image, foot: Points, slope: float, thick: float, wood: Rgb, scale: float, random: Random
) -> None:
    """Thin side shoots, some with leaves."""
    leaf = tuple(np.clip(np.asarray((104, 132, 66)) * random.normal(1.0, 0.2, 3), 0, 250))
    leafy = random.random() < 0.6
    for _ in range(int(random.integers(1, 5))):
        x = random.uniform(0.0, 1.0) * image.shape[0]
        start = np.array([x, foot[1] + (x - foot[0]) * slope + thick * 0.4])
        away = np.array([random.normal(0, 0.5), random.choice([-1.0, 1.0]) * random.uniform(0.2, 0.6)]) * scale
        if abs(x - foot[0]) < 0.5 * scale:
            away[1] = abs(away[1])
        stroke(image, [np.stack([start, start + away])], lit(wood, 0.9), thick * 0.35)
        if leafy:
            for at in (0.55, 1.0):
                draw_leaf(
                    image,
                    start + away * at,
                    scale * random.uniform(0.12, 0.22),
                    random.uniform(0, 6.28),
                    (leaf[0], leaf[1], leaf[2]),
                )


def draw_leaf(image: Image, base: Points, size: float, angle: float, colour: Rgb) -> None:
    """One leaf with its midrib, pointing along `angle` (radians, y down), on a canvas, in place."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    shape = smooth(np.array([[0, 0], [0.3, 0.24], [0.7, 0.2], [1.0, 0.0], [0.7, -0.2], [0.3, -0.24]]), 3) * size
    fill(image, base + shape @ turn, colour)
    stroke(image, [base + np.array([[0.0, 0.0], [0.9 * size, 0.0]]) @ turn], lit(colour, 0.75), size * 0.06)


def _post(image: Image, foot: Points, scale: float, wood: Rgb, random: Random) -> None:
    half, side = scale * random.uniform(0.2, 0.42), float(image.shape[0])
    left, right = foot[0] - half, foot[0] + half
    top = foot[1] - 0.01 * scale
    _textured(
        image,
        np.array([[left, top], [right, top], [right, side + 9], [left, side + 9]]),
        wood,
        random,
        half * 2.2,
        half * 14,
        0.0,
    )
    edge = np.array(
        [
            [left, top],
            [left + half * 0.2, top - 0.07 * scale],
            [right - half * 0.2, top - 0.07 * scale],
            [right, top],
            [right, top + 0.05 * scale],
            [left, top + 0.05 * scale],
        ]
    )
    fill(image, edge, lit(wood, 1.22))
    fill(
        image,
        np.array(
            [
                [right - half * 0.5, top + 0.05 * scale],
                [right, top + 0.05 * scale],
                [right, side + 9],
                [right - half * 0.5, side + 9],
            ]
        ),
        lit(wood, 0.68),
    )


def _trunk(image: Image, feet: Points, ahead: float, scale: float, wood: Rgb, random: Random) -> None:
    """An upright trunk whose near edge passes through the feet; it lies on the side that the feet reach to."""
    side = float(image.shape[0])
    x = feet[:, 0].mean()
    lean = random.normal(0.0, 0.03)
    wide = scale * random.uniform(0.7, 1.8)
    near = np.array([[x + lean * side, -9.0], [x - lean * side * 0.2, feet[0, 1]], [x - lean * side, side + 9]])
    far = near + np.array([ahead * wide, 0.0])
    _textured(image, np.concatenate([near, far[::-1]]), wood, random, wide * 0.9, wide * 4.5, 0.0)
    rim = np.concatenate([near, (near + np.array([ahead * wide * 0.12, 0.0]))[::-1]])
    fill(image, rim, lit(wood, 0.72))


def _ground(image: Image, foot: Points, scale: float, colour: Rgb, random: Random, *, rock: bool, side: int) -> None:
    """Soil, grass, snow or sand under the feet, or a boulder; with the bird's shadow."""
    level = foot[1] - 0.06 * scale
    if rock:
        wide = scale * random.uniform(0.7, 1.4)
        corners = np.array(
            [
                [-wide, 0.5 * scale],
                [-wide * 0.8, 0.12 * scale],
                [-wide * 0.35, 0.0],
                [0.0, 0.03 * scale],
                [wide * 0.4, 0.0],
                [wide * 0.85, 0.2 * scale],
                [wide, 0.6 * scale],
                [wide, side],
                [-wide, side],
            ]
        )
        outline = smooth(corners + np.array([foot[0], level + 0.03 * scale]), 4)
    else:
        rise = random.normal(0, 0.02, 4) * side
        outline = np.array(
            [
                [-9, level + rise[0]],
                [side * 0.33, level - abs(rise[1])],
                [side * 0.66, level - abs(rise[2])],
                [side + 9, level + rise[3]],
                [side + 9, side + 9],
                [-9, side + 9],
            ]
        )
    _textured(image, outline, colour, random, scale * 2.2, scale * 1.1, 0.0)
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    shadow = foot + np.stack([np.cos(angle) * 0.42, np.sin(angle) * 0.055 + 0.03], 1) * scale
    fill(image, shadow, lit(colour, 0.55))
    if not rock:
        for x, y, size in random.uniform((0, 0.0, 0.008), (1, 1.0, 0.03), (14, 3)).tolist():
            disc(
                image,
                x * side,
                level + (0.05 + y) * (side - level),
                size * scale,
                lit(colour, 0.6 + (x * 11) % 0.7),
            )
