"""Colours and markings of the body: back, breast, belly, flanks, and the spots and streaks over them."""

from __future__ import annotations

import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.guide import Mark
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, Points, fill, fill_all, mix, smooth, stroke

# Outlines in (t, phi), painted in this order; what reaches beyond the body is cut by its silhouette.
_PARTS: tuple[tuple[str, list[list[float]]], ...] = (
    ("breast", [[-0.05, 40], [0.2, 60], [0.42, 72], [0.52, 120], [0.53, 180], [0.5, 260], [-0.05, 260]]),
    ("belly", [[0.5, 112], [0.62, 104], [0.84, 108], [0.9, 180], [0.85, 260], [0.46, 260], [0.43, 180]]),
    ("flanks", [[0.42, 82], [0.55, 78], [0.85, 82], [0.82, 112], [0.62, 128], [0.44, 126]]),
    ("vent", [[0.84, 98], [0.95, 88], [1.25, 90], [1.25, 260], [0.84, 260], [0.8, 180]]),
    ("back", [[0.13, -80], [0.12, 45], [0.2, 72], [0.45, 82], [0.72, 70], [0.86, 55], [0.86, -80]]),
    ("rump", [[0.76, -80], [0.76, 50], [0.88, 78], [1.1, 80], [1.3, 60], [1.3, -80]]),
    ("nape", [[-0.05, -80], [-0.05, 50], [0.1, 62], [0.2, 42], [0.22, -80]]),
    ("throat", [[-0.1, 122], [0.1, 120], [0.19, 140], [0.21, 180], [0.19, 260], [-0.1, 260]]),
)

_CURVES = [smooth(np.array(corners, dtype=np.float64), 4) for _, corners in _PARTS]
_PART_CURVES = np.concatenate(_CURVES)
_PART_STARTS = [0, *np.cumsum([len(curve) for curve in _CURVES]).tolist()]


def paint_body(image: Image, body: Body, look: Look) -> None:
    """Lay the large areas of colour on an image, (height, width, 3) uint8, in place; edges blend like feathers."""
    outlines = body.at(_PART_CURVES[:, 0], _PART_CURVES[:, 1])
    for (part, _), start, end in zip(_PARTS, _PART_STARTS[:-1], _PART_STARTS[1:], strict=True):
        fill(image, outlines[start:end], look.part(part))
    if look.marks.breast_edge is not None:
        _edge_breast(image, body, look.marks.breast_edge, look.part("breast"))


def _edge_breast(image: Image, body: Body, mark: Mark, breast: tuple[float, float, float]) -> None:
    """A band of another colour around the breast's, as the grey that edges a robin's."""
    fill(
        image,
        body.patch(np.array([[-0.05, 62], [0.2, 64], [0.44, 66], [0.56, 110], [0.58, 260], [-0.05, 260]], float)),
        mark.colour,
    )
    fill(
        image,
        body.patch(np.array([[-0.05, 92], [0.2, 90], [0.36, 94], [0.47, 125], [0.5, 260], [-0.05, 260]], float)),
        breast,
    )


def gloss_body(image: Image, body: Body, look: Look, random: np.random.Generator) -> None:
    """Green, purple and blue sheens on dark plumage: all over where the gloss is above 1, else above only."""
    bottom = 180.0 if look.gloss > 1.0 else 60.0
    base = look.part("back")
    sheens = ((46.0, 116.0, 96.0), (104.0, 58.0, 132.0), (52.0, 84.0, 150.0))
    for number, (t, phi) in enumerate(random.uniform((0.0, 0.0), (0.9, bottom), (9, 2)).tolist()):
        corners = np.array([[t - 0.08, phi - 8], [t, phi - 26], [t + 0.1, phi], [t, phi + 22]])
        fill(image, body.patch(corners), mix(base, sheens[number % 3], 0.22 * min(look.gloss, 2.0) + 0.1))


def mark_body(image: Image, body: Body, look: Look, random: np.random.Generator) -> None:
    """Draw the markings of the underparts and the back, crisper than the areas of colour, in place."""
    marks = look.marks
    if marks.breast_band is not None:
        half = 0.055 * marks.breast_band.size
        fill(image, _band(body, 0.30 - half, 0.30 + half, 62.0), marks.breast_band.colour)
    if marks.collar is not None:
        half = 0.05 * marks.collar.size
        fill(image, _band(body, 0.205 - half, 0.205 + half, -20.0), marks.collar.colour)
    if marks.bib is not None:
        reach = 0.19 * marks.bib.size
        corners = np.array(
            [[-0.1, 132], [reach * 0.6, 134], [reach, 160], [reach * 1.06, 180], [reach, 260], [-0.1, 260]], float
        )
        fill(image, body.patch(corners), marks.bib.colour)
    if marks.breast_stripe is not None:
        half = 26.0 * marks.breast_stripe.size
        corners = np.array(
            [
                [0.1, 180 - 1.8 * half],
                [0.3, 180 - half],
                [0.55, 180 - 0.9 * half],
                [0.8, 180 - 0.5 * half],
                [0.8, 260],
                [0.1, 260],
            ]
        )
        fill(image, body.patch(corners), marks.breast_stripe.colour)
    if marks.back_stripe is not None:
        fill(
            image,
            body.patch(np.array([[0.24, -60], [0.24, 18], [0.5, 30], [0.78, 16], [0.78, -60]], float)),
            marks.back_stripe.colour,
        )
    if marks.breast_spots is not None:
        _spots(image, body, marks.breast_spots, random, (0.16, 0.86), (96.0, 190.0), pointed=True)
    if marks.under_streaks is not None:
        low = 100.0 if marks.under_streaks.count > 10 else 150.0
        top = (0.34, 0.9) if marks.under_streaks.count > 10 else (0.02, 0.2)
        _streaks(image, body, marks.under_streaks, random, top, (low, 185.0))
    if marks.back_streaks is not None:
        _streaks(
            image,
            body,
            Mark(colour=marks.back_streaks.colour, size=marks.back_streaks.size * 1.3, count=18),
            random,
            (0.2, 0.7),
            (-5.0, 62.0),
        )
    if marks.all_spots is not None:
        _spots(image, body, marks.all_spots, random, (0.04, 0.95), (-5.0, 185.0), pointed=False)


def _band(body: Body, start: float, end: float, top: float) -> Points:
    """The outline of a band around the body from phi `top` on the near side down to the belly."""
    around = np.linspace(top, 250.0, 9)
    sag = 0.05 * np.sin(np.radians(np.clip(around, 0, 180)))
    t = np.concatenate([start + sag, (end + sag)[::-1]])
    return body.at(t, np.concatenate([around, around[::-1]]))


def _spread(random: np.random.Generator, count: int, low: float, high: float, step: float) -> Points:
    """Numbers spread evenly but not regularly over a range: a golden-ratio sequence with a random start."""
    return np.asarray(low + (high - low) * ((random.random() + step * np.arange(count)) % 1.0), dtype=np.float64)


def _spots(
    image: Image, body: Body, mark: Mark, random: np.random.Generator, ts: tuple[float, float],
    phis: tuple[float, float], *, pointed: bool,
) -> None:  # fmt: skip
    """Spots in rows over a region of the body: drops with the point forward, or small chevrons."""
    count = mark.count
    t = _spread(random, count, *ts, 0.7548776662) + random.normal(0, 0.01, count)
    phi = _spread(random, count, *phis, 0.5698402910)
    long = 0.030 * mark.size * random.uniform(0.7, 1.3, count) * (1.0 if pointed else 0.62)
    wide = (8.0 if pointed else 5.5) * mark.size * random.uniform(0.8, 1.2, count)
    shape_t = np.array([-1.1, 0.1, 0.7, 0.8, 0.7, 0.1])
    shape_phi = np.array([0.0, -0.55, -0.8, 0.0, 0.8, 0.55])
    ts_all = (t[:, None] + long[:, None] * shape_t).ravel()
    phis_all = (phi[:, None] + wide[:, None] * shape_phi).ravel()
    outlines = body.at(ts_all, phis_all).reshape(count, 6, 2)
    fill_all(image, outlines, mark.colour)


def _streaks(
    image: Image, body: Body, mark: Mark, random: np.random.Generator, ts: tuple[float, float],
    phis: tuple[float, float],
) -> None:  # fmt: skip
    """Short lines along the body."""
    count = mark.count
    t = _spread(random, count, *ts, 0.7548776662)
    phi = _spread(random, count, *phis, 0.5698402910) + random.normal(0, 2.0, count)
    long = 0.042 * random.uniform(0.7, 1.4, count)
    ends_t = t[:, None] + long[:, None] * np.array([-1.0, 0.0, 1.0])
    ends_phi = np.repeat(phi, 3)
    lines = body.at(ends_t.ravel(), ends_phi).reshape(count, 3, 2)
    stroke(image, lines, mark.colour, 0.020 * mark.size * body.scale)


def base_colour(look: Look) -> tuple[float, float, float]:
    """The colour that shows where no part has been painted."""
    return mix(look.part("belly"), look.part("flanks"), 0.5)
