"""The head: crown, face and throat, its marks, the bill, the eye and the crest."""

from __future__ import annotations

import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.guide import Bill, Mark
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, Points, disc, fill, lit, mix, smooth, stroke

EYE = np.array([[0.40, 0.20]])

# Outlines in (forward, up), head radii. What reaches beyond the head is cut by its silhouette.
_CROWN = np.array(
    [
        [1.15, 0.22],
        [0.8, 0.3],
        [0.4, 0.44],
        [-0.2, 0.42],
        [-0.7, 0.2],
        [-1.1, -0.05],
        [-3.2, 0.6],
        [-2.5, 3.0],
        [0.6, 3.0],
        [1.8, 0.9],
    ]
)
_NAPE = np.array([[-0.62, 0.5], [-0.66, 0.0], [-0.6, -0.5], [-0.7, -1.2], [-1.6, -1.2], [-1.6, 0.5]])
_THROAT = np.array([[1.25, -0.16], [0.8, -0.22], [0.35, -0.46], [0.0, -0.75], [-0.1, -1.4], [1.0, -1.6], [1.6, -0.7]])
_CHEEK = np.array(
    [[0.5, -0.1], [0.2, 0.0], [-0.3, 0.0], [-0.66, -0.22], [-0.55, -0.52], [-0.15, -0.66], [0.25, -0.52], [0.52, -0.3]]
)
_MASK = np.array(
    [[1.5, 0.34], [0.95, 0.3], [0.62, 0.26], [0.5, 0.0], [0.5, -0.35], [0.6, -0.68], [0.9, -1.1], [1.5, -0.9]]
)
_EYE_STRIPE = np.array(
    [
        [0.95, 0.1],
        [0.65, 0.24],
        [0.4, 0.31],
        [0.0, 0.27],
        [-0.5, 0.1],
        [-0.85, -0.2],
        [-0.6, -0.2],
        [-0.1, 0.03],
        [0.4, 0.07],
        [0.95, -0.06],
    ]
)
_EYEBROW = np.array(
    [[0.92, 0.24], [0.4, 0.50], [-0.1, 0.49], [-0.7, 0.2], [-0.8, 0.04], [-0.3, 0.27], [0.3, 0.34], [0.9, 0.14]]
)
_FOREHEAD = np.array([[1.5, 0.05], [0.93, 0.1], [0.68, 0.36], [0.45, 0.62], [0.4, 1.4], [1.5, 1.4]])
_MOUSTACHE = np.array(
    [[0.86, -0.22], [0.4, -0.42], [0.0, -0.72], [-0.16, -1.08], [0.1, -1.1], [0.22, -0.92], [0.5, -0.62], [0.88, -0.38]]
)
_NAPE_SPOT = np.array([[-0.56, 0.46], [-0.62, 0.1], [-0.72, -0.22], [-1.5, -0.3], [-1.5, 0.6]])

_BASE_CURVES = [smooth(corners, 4) for corners in (_NAPE, _THROAT, _CROWN)]
_BASE = np.concatenate(_BASE_CURVES)
_BASE_CUTS = np.cumsum([len(curve) for curve in _BASE_CURVES[:-1]]).tolist()


def _grown(corners: Points, size: float) -> Points:
    """An outline made larger or smaller about its middle."""
    if size == 1.0:
        return corners
    middle = corners.mean(axis=0)
    return np.asarray(middle + (corners - middle) * size)


def _thickened(corners: Points, size: float) -> Points:
    """A stripe made thicker or thinner without changing its length: only across, about its middle line."""
    if size == 1.0:
        return corners
    half = len(corners) // 2
    top, bottom = corners[:half], corners[half:][::-1]
    middle = (top + bottom) / 2
    return np.concatenate([middle + (top - middle) * size, (middle + (bottom - middle) * size)[::-1]])


def paint_head(image: Image, body: Body, look: Look) -> None:
    """Lay face, nape, throat and crown on the body's image, (height, width, 3) uint8, in place."""
    disc(image, body.head[0], body.head[1], body.head_radius * 1.06, look.part("face"))
    nape, throat, crown = np.split(body.on_head(_BASE), _BASE_CUTS)
    fill(image, nape, look.part("nape"))
    fill(image, throat, look.part("throat"))
    fill(image, crown, look.part("crown"))


def mark_head(image: Image, body: Body, look: Look) -> None:
    """Draw the head's marks, in place, from the large ones to those that lie over them."""
    marks = look.marks
    layers: tuple[tuple[Mark | None, Points, bool], ...] = (
        (marks.forehead, _FOREHEAD, False),
        (marks.cheek, _CHEEK, False),
        (marks.nape_spot, _NAPE_SPOT, False),
        (marks.eyebrow, _EYEBROW, True),
        (_edge_of(marks.mask_edge, marks.eye_stripe), _EYE_STRIPE, True),
        (marks.eye_stripe, _EYE_STRIPE, True),
        (marks.mask, _MASK, False),
        (marks.moustache, _MOUSTACHE, True),
    )
    for mark, corners, is_stripe in layers:
        if mark is not None:
            outline = _thickened(corners, mark.size) if is_stripe else _grown(corners, mark.size)
            fill(image, body.head_patch(outline), mark.colour)
    if marks.bib is not None:
        _chin(image, body, marks.bib)
    if marks.cheek_spot is not None:
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = np.stack(
            [-0.14 + 0.2 * marks.cheek_spot.size * np.cos(angle), -0.3 + 0.17 * marks.cheek_spot.size * np.sin(angle)],
            1,
        )
        fill(image, body.on_head(ring), marks.cheek_spot.colour)


def _edge_of(edge: Mark | None, stripe: Mark | None) -> Mark | None:
    """The pale border of a mask: the same stripe, a little thicker."""
    if edge is None or stripe is None:
        return None
    return Mark(colour=edge.colour, size=min(4.0, stripe.size + 0.75 * edge.size))


def _chin(image: Image, body: Body, mark: Mark) -> None:
    """The part of a bib that lies on the head."""
    # Large bibs reach back below the cheek; small ones are a spot under the bill.
    corners = _THROAT + np.array([0.30, -0.06]) * (1.3 - min(mark.size, 1.3))
    fill(image, body.head_patch(corners), mark.colour)


def draw_crest(images: tuple[tuple[Image, object], ...], body: Body, raised: float) -> None:
    """Fill the crest into each image with its colour; `raised` is 0 (flat) to 1 (erect)."""
    size = body.shape.crest
    if size <= 0.15:
        return
    tip = np.array([-0.72 - 0.5 * size * (1.0 - 0.5 * raised), 0.62 + size * (0.28 + 0.75 * raised)])
    corners = np.array(
        [
            [0.72, 0.55],
            [0.3, 0.95 + 0.12 * size],
            tip * 0.62 + np.array([0.05, 0.42]),
            tip,
            tip * 0.75 + np.array([-0.16, -0.08]),
            [-0.86, 0.3],
            [-0.5, 0.2],
        ]
    )
    outline = body.on_profile(smooth(corners, 4))
    for image, colour in images:
        fill(image, outline, colour)


def _bill_outline(bill: Bill, gape: float) -> tuple[Points, Points, Points]:
    """Upper mandible, lower mandible and the line between, in (forward, up)."""
    base, tip = 0.80, 1.0 + bill.length * 0.9
    half = bill.depth / 2
    middle = -0.06
    bulge = {"cone": 0.86, "needle": 0.5, "stout": 0.8, "chisel": 0.62, "hooked": 0.95}[bill.form]
    droop = {"cone": 0.10, "needle": 0.03, "stout": 0.10, "chisel": 0.0, "hooked": 0.22}[bill.form] * bill.depth
    one, two = base + (tip - base) * 0.38, base + (tip - base) * 0.74
    line = np.array([[base, middle], [one, middle + 0.01], [tip, middle - droop]])
    upper = np.array(
        [
            [base, middle + half * 1.15],
            [one, middle + half * (bulge + 0.1)],
            [two, middle + half * bulge * 0.62],
            [tip, middle - droop],
            [one, middle - 0.02],
            [base, middle - 0.02],
        ]
    )
    lower = np.array(
        [
            [base, middle],
            [one, middle + 0.01],
            [tip - 0.05, middle - droop - gape * 0.3],
            [two, middle - half * bulge * 0.55 - gape * 0.2],
            [one, middle - half * (bulge - 0.02) - gape * 0.08],
            [base, middle - half * 0.95],
        ]
    )
    return upper, lower, line


def draw_bill(image: Image, mask: Image, body: Body, look: Look, gape: float) -> None:
    """Draw both mandibles on the bird's image and its mask, in place; `gape` is how far it is open, 0 to 1."""
    upper, lower, line = _bill_outline(body.shape.bill, gape)
    colour = look.part("bill")
    below = lit(look.part("bill_lower"), 0.82)
    for outline, shade in ((lower, below), (upper, colour)):
        points = body.on_profile(smooth(outline, 3))
        fill(image, points, shade)
        fill(mask, points, 255)
    ridge = upper[:4] * np.array([1.0, 0.55]) + np.array([0.0, 0.02])
    stroke(image, [body.on_profile(ridge[:3])], mix(colour, (255.0, 255.0, 255.0), 0.28), 0.05 * body.head_radius)
    stroke(image, [body.on_profile(line)], lit(below, 0.55), 0.05 * body.head_radius)


def draw_eye(image: Image, body: Body, look: Look, light: tuple[float, float]) -> None:
    """Draw the eye with its ring and the light's reflection, in place; `light` points to the light, y down."""
    x, y = body.on_head(EYE)[0]
    radius = body.head_radius * 0.165 * body.shape.eye
    ring = look.marks.eye_ring
    dark = mix(look.part("face"), (10.0, 8.0, 8.0), 0.55)
    if ring is not None:
        disc(image, x, y, radius * (1.14 + 0.24 * ring.size), ring.colour)
    disc(image, x, y, radius * (1.2 if ring is None else 1.04), dark)
    disc(image, x, y, radius, look.part("eye"))
    disc(image, x, y, radius * 0.62, (8.0, 7.0, 8.0))
    disc(
        image,
        x + light[0] * radius * 0.42,
        y + light[1] * radius * 0.42,
        radius * 0.33,
        (246.0, 248.0, 252.0),
    )
    disc(image, x - light[0] * radius * 0.5, y - light[1] * radius * 0.5, radius * 0.16, (92.0, 92.0, 98.0))
