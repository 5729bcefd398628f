"""Habitats: what is behind the bird.

A habitat is drawn by chance from all of them with equal weight, whatever the species: a background says
nothing about the bird before it. A classifier has to look at the bird.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ftsuite.data.field_guide.pen import Image, Rgb, disc, fill, lit, mix, soften, stroke
from ftsuite.data.field_guide.textures import bokeh, clouds, cut

Random = np.random.Generator


def _gradient(side: int, top: Rgb, bottom: Rgb, bend: float = 1.0) -> Image:
    share = (np.linspace(0.0, 1.0, side) ** bend)[:, None, None]
    column = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    return np.asarray(cv2.resize(column.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST))


def _mottle(image: Image, random: Random, strength: float, width: float, height: float) -> None:
    """Lay fractal noise over an image in place: width and height are its scale in sides of the picture."""
    side = image.shape[0]
    x, y = random.random(2)
    noise = cut(clouds(), side, side, x, y, across=width * side, down=height * side)
    cv2.addWeighted(image, 1.0, cv2.merge([noise, noise, noise]), strength, -128 * strength, image)


def _varied(random: Random, colour: Rgb, by: float = 0.12) -> Rgb:
    factors = 1.0 + random.normal(0, by) + random.normal(0, by * 0.4, 3)
    red, green, blue = np.clip(np.asarray(colour) * factors, 0, 255).tolist()
    return (red, green, blue)


def _pick(random: Random, colours: tuple[Rgb, ...], by: float = 0.12) -> Rgb:
    return _varied(random, colours[int(random.integers(len(colours)))], by)


def woodland(side: int, random: Random) -> Image:
    """Leaves far out of focus, with dark trunks and spots of light."""
    colours: tuple[Rgb, ...] = ((86, 118, 62), (58, 84, 52), (132, 128, 74), (112, 92, 62), (150, 112, 58))
    image = _gradient(side, _pick(random, colours), _pick(random, colours))
    _mottle(image, random, 0.55, 0.9, 0.9)
    for x, width in random.uniform((0.0, 0.02), (1.0, 0.09), (int(random.integers(0, 5)), 2)).tolist():
        trunk = np.array([[x, 0.0], [x + width, 0.0], [x + width * 1.2, 1.0], [x - width * 0.1, 1.0]]) * side
        fill(image, trunk, _varied(random, (62, 52, 44)))
    soften(image, side * random.uniform(0.015, 0.04))
    x, y = random.random(2)
    spots = cut(bokeh(), side, side, x, y, across=side * random.uniform(1.6, 3.2), down=side * 2.4)
    tint = np.clip(np.asarray(_varied(random, (200, 210, 150))), 0, 255)
    light = cv2.merge([cv2.convertScaleAbs(spots, alpha=float(part) / 255 * 0.7) for part in tint])
    return np.asarray(cv2.add(image, light))


def meadow(side: int, random: Random) -> Image:
    """Grass, blade by blade, with a few flowers."""
    base = _pick(random, ((110, 138, 62), (142, 146, 78), (88, 122, 58), (168, 154, 92)))
    image = _gradient(side, lit(base, 1.15), lit(base, 0.72))
    _mottle(image, random, 0.35, 0.7, 0.5)
    for tone in (0.62, 0.85, 1.1, 1.32):
        feet = random.uniform((-0.05, 0.35), (1.05, 1.15), (22, 2))
        lean = random.normal(0.0, 0.09, 22)
        tall = random.uniform(0.2, 0.6, 22)
        blades = np.stack(
            [feet, feet + np.stack([lean * 0.4, -tall * 0.6], 1), feet + np.stack([lean * 1.6, -tall], 1)], 1
        )
        stroke(image, list(blades * side), lit(base, tone), side * 0.009)
    flower = _pick(random, ((238, 226, 120), (240, 240, 236), (196, 122, 190), (222, 96, 80)))
    for x, y in random.uniform((0, 0.15), (1, 0.95), (int(random.integers(0, 10)), 2)).tolist():
        disc(image, x * side, y * side, side * 0.014, flower)
    soften(image, side * random.uniform(0.004, 0.022))
    return image


def marsh(side: int, random: Random) -> Image:
    """Reeds standing in water that mirrors the sky."""
    sky = _pick(random, ((186, 198, 204), (160, 178, 190), (204, 196, 176)))
    image = _gradient(side, sky, lit(sky, 0.7))
    _mottle(image, random, 0.3, 1.4, 0.08)
    straw = _pick(random, ((176, 152, 96), (132, 138, 78), (150, 120, 78)))
    for tone in (0.6, 0.8, 1.0, 1.2):
        x = random.uniform(-0.05, 1.05, 16)
        lean, top = random.normal(0, 0.05, 16), random.uniform(-0.2, 0.55, 16)
        stems = np.stack([np.stack([x, np.full(16, 1.05)], 1), np.stack([x + lean, top], 1)], 1)
        stroke(image, list(stems * side), lit(straw, tone), side * 0.012)
        bent = stems[:6, 1] * 0.6 + stems[:6, 0] * 0.4
        leaves = np.stack([bent, bent + random.normal(0, 0.12, (6, 2))], 1)
        stroke(image, list(leaves * side), lit(straw, tone * 1.05), side * 0.008)
    soften(image, side * random.uniform(0.004, 0.025))
    return image


def snow(side: int, random: Random) -> Image:
    """Snow on the ground, bare wood behind it, now and then falling flakes."""
    image = _gradient(side, _pick(random, ((150, 154, 164), (184, 190, 200), (122, 126, 132)), 0.06), (206, 210, 220))
    for x, width in random.uniform((0.0, 0.01), (1.0, 0.06), (int(random.integers(2, 9)), 2)).tolist():
        fill(
            image,
            np.array([[x, 0], [x + width, 0], [x + width, 0.75], [x, 0.75]]) * side,
            _varied(random, (98, 94, 94)),
        )
    soften(image, side * random.uniform(0.015, 0.04))
    line = random.uniform(0.45, 0.8)
    drift = np.array(
        [
            [-0.1, line],
            [0.2, line - random.uniform(0, 0.06)],
            [0.6, line + 0.03],
            [1.1, line - 0.02],
            [1.1, 1.1],
            [-0.1, 1.1],
        ]
    )
    fill(image, drift * side, _varied(random, (228, 232, 240), 0.03))
    _mottle(image, random, 0.14, 0.6, 0.3)
    soften(image, side * 0.008)
    if random.random() < 0.5:
        for x, y, size in random.uniform((0, 0, 0.004), (1, 1, 0.012), (28, 3)).tolist():
            disc(image, x * side, y * side, size * side, (240, 243, 248))
    return image


def sky(side: int, random: Random) -> Image:
    """Open sky: blue, hazy or overcast, with clouds."""
    top = _pick(random, ((96, 146, 208), (136, 170, 210), (186, 194, 202), (208, 208, 206), (206, 176, 150)), 0.07)
    image = _gradient(side, top, mix(top, (226, 230, 232), 0.55))
    _mottle(image, random, random.uniform(0.05, 0.35), 1.6, 0.7)
    soften(image, side * 0.02)
    return image


def garden(side: int, random: Random) -> Image:
    """A fence or a brick wall behind a hedge and flowers, out of focus."""
    brick = random.random() < 0.4
    base = _pick(
        random,
        ((158, 96, 76), (176, 122, 98)) if brick else ((150, 122, 92), (196, 190, 180), (112, 120, 108)),
    )
    image = _gradient(side, base, lit(base, 0.85))
    gap = lit(base, 0.62) if not brick else lit(base, 1.3)
    if brick:
        rows = np.arange(0.0, 1.05, 0.085)
        stroke(image, [np.array([[0, y], [1, y]]) * side for y in rows], gap, side * 0.012)
        joints = [
            np.array([[x + 0.1 * (n % 2), y], [x + 0.1 * (n % 2), y + 0.085]]) * side
            for n, y in enumerate(rows)
            for x in np.arange(0, 1, 0.2)
        ]
        stroke(image, joints, gap, side * 0.012)
    else:
        shift = random.random() * 0.14
        stroke(
            image,
            [np.array([[x + shift, 0], [x + shift, 1]]) * side for x in np.arange(-0.1, 1.0, 0.14)],
            gap,
            side * 0.018,
        )
    _mottle(image, random, 0.25, 0.5, 0.5)
    leaf = _pick(random, ((74, 104, 54), (96, 128, 70)))
    line = random.uniform(0.35, 0.95)
    for x, y, size in random.uniform((-0.05, line, 0.02), (1.05, line + 0.5, 0.06), (46, 3)).tolist():
        disc(image, x * side, y * side, size * side, lit(leaf, 0.6 + (x * 7 + y * 5) % 0.8))
    bloom = _pick(random, ((214, 92, 120), (236, 206, 96), (236, 236, 232), (150, 106, 196), (226, 120, 64)))
    for x, y, size in random.uniform((0, line, 0.012), (1, 1.0, 0.03), (int(random.integers(0, 9)), 3)).tolist():
        disc(image, x * side, y * side, size * side, bloom)
    soften(image, side * random.uniform(0.008, 0.03))
    return image


def shore(side: int, random: Random) -> Image:
    """Sand or shingle before water."""
    water = _pick(random, ((110, 146, 166), (138, 160, 170), (96, 126, 138)))
    image = _gradient(side, lit(water, 1.3), water)
    _mottle(image, random, 0.4, 1.2, 0.06)
    line = random.uniform(0.3, 0.75)
    sand = _pick(random, ((204, 186, 150), (170, 156, 134), (148, 140, 130)))
    edge = np.array(
        [
            [-0.1, line],
            [0.3, line + random.normal(0, 0.03)],
            [0.7, line + random.normal(0, 0.03)],
            [1.1, line],
            [1.1, 1.1],
            [-0.1, 1.1],
        ]
    )
    fill(image, edge * side, sand)
    _mottle(image, random, 0.2, 0.3, 0.3)
    for x, y, size in random.uniform((0, line + 0.05, 0.006), (1, 1.05, 0.035), (40, 3)).tolist():
        disc(
            image,
            x * side,
            y * side,
            size * side * (0.4 + y - line),
            lit(sand, 0.65 + (x * 13 + size * 90) % 0.6),
        )
    soften(image, side * random.uniform(0.005, 0.022))
    return image


def bark(side: int, random: Random) -> Image:
    """The furrowed trunk of an old tree close behind, with lichen."""
    base = _pick(random, ((122, 104, 86), (98, 88, 78), (150, 134, 112), (104, 78, 60)))
    image = _gradient(side, lit(base, 1.1), lit(base, 0.8))
    _mottle(image, random, 0.75, 0.35, 1.8)
    _mottle(image, random, 0.35, 0.12, 0.7)
    lichen = _pick(random, ((150, 164, 128), (176, 176, 140), (118, 132, 96)))
    for x, y, size in random.uniform((0, 0, 0.01), (1, 1, 0.05), (int(random.integers(0, 14)), 3)).tolist():
        disc(image, x * side, y * side, size * side, mix(base, lichen, 0.6))
    soften(image, side * random.uniform(0.004, 0.02))
    return image


HABITATS: dict[str, Callable[[int, Random], Image]] = {
    "woodland": woodland, "meadow": meadow, "marsh": marsh, "snow": snow,
    "sky": sky, "garden": garden, "shore": shore, "bark": bark,
}  # fmt: skip

GROUNDS: dict[str, Rgb] = {
    "woodland": (104, 82, 58), "meadow": (112, 130, 64), "marsh": (112, 98, 70), "snow": (230, 234, 242),
    "sky": (140, 136, 120), "garden": (96, 122, 62), "shore": (190, 174, 142), "bark": (96, 84, 66),
}  # fmt: skip
