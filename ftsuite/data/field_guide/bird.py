"""One bird, drawn in layers: tail and legs, body and head, wing, bill and eye; then feathers and shading."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ftsuite.data.field_guide import head, legs, tail, wing
from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.light import Light, shade
from ftsuite.data.field_guide.look import Look
from ftsuite.data.field_guide.pen import Image, disc, fill, plain, soften
from ftsuite.data.field_guide.plumage import base_colour, gloss_body, mark_body, paint_body
from ftsuite.data.field_guide.textures import cut, feathers


@dataclass(frozen=True)
class Layer:
    """A bird cut out of its surroundings: its place in the canvas, its pixels and how far they cover.

    Attributes:
        x: left edge in the canvas, in pixels; `y` the upper edge.
        image: (height, width, 3) uint8.
        mask: (height, width) uint8, 255 where the bird covers what is behind.
    """

    x: int
    y: int
    image: Image
    mask: Image


def draw_bird(
    body: Body,
    look: Look,
    light: Light,
    random: np.random.Generator,
    canvas: int,
    *,
    slope: float,
    grips: bool,
) -> Layer | None:
    """Draw a placed bird; None where none of it falls into the canvas.

    Args:
        body: the posed body, placed in the canvas.
        look: what it wears.
        light: the picture's light.
        random: the picture's stream.
        canvas: side of the canvas in pixels.
        slope: of the perch, dy by dx in the picture.
        grips: whether the toes bend around a perch.
    """
    least, greatest = body.extent()
    margin = 0.16 * body.scale
    left, top = np.clip(least - margin, 0, canvas).astype(int)
    right, bottom = np.clip(greatest + margin + np.array([0, 0.2 * body.scale]), 0, canvas).astype(int)
    if right - left < 4 or bottom - top < 4:
        return None
    body.shift(-float(left), -float(top))
    shape = (int(bottom - top), int(right - left))
    image, mask = _behind(body, look, shape, slope, grips=grips)
    skin, skin_mask = _skin(body, look, random, shape)
    image = blend(image, skin, skin_mask)
    cv2.max(mask, skin_mask, mask)
    gape = max(0.0, float(random.normal(-0.4, 0.5)))
    head.draw_bill(image, mask, body, look, gape)
    outline = wing.draw_wing(image, mask, body, look, float(random.uniform(-6.0, 8.0)))
    wing_mask = np.zeros(shape, np.uint8)
    fill(wing_mask, outline, 255)
    cv2.max(skin_mask, wing_mask, skin_mask)
    place = random.random(2)
    span = 1.9 * body.scale
    relief = cut(feathers(), *shape, place[0], place[1], across=span, down=span, degrees=body.direction_degrees())
    shade(image, skin_mask, wing_mask, body.scale, light, relief)
    head.draw_eye(image, body, look, light.towards)
    body.shift(float(left), float(top))
    return Layer(int(left), int(top), image, mask)


def blend(behind: Image, front: Image, mask: Image) -> Image:
    """`front` over `behind` where the mask is 255, in between where it is less; all of one size."""
    cover = cv2.merge([mask, mask, mask])
    shown = cv2.multiply(front, cover, scale=1 / 255)
    rest = cv2.multiply(behind, cv2.bitwise_not(cover), scale=1 / 255)
    return np.asarray(cv2.add(shown, rest))


def _behind(body: Body, look: Look, shape: tuple[int, int], slope: float, *, grips: bool) -> tuple[Image, Image]:
    """Tail and legs, which the body's feathers cover in part."""
    image = plain(*shape, look.part("tail"))
    mask = np.zeros(shape, np.uint8)
    legs.draw_legs(image, mask, body, look, slope, grips=grips)
    tail.draw_tail(image, mask, body, look)
    return image, mask


def _skin(body: Body, look: Look, random: np.random.Generator, shape: tuple[int, int]) -> tuple[Image, Image]:
    """Body and head: areas of colour, softened, then the crisper marks; and their silhouette."""
    image, mask = _soft_parts(body, look, random, shape)
    mark_body(image, body, look, random)
    head.mark_head(image, body, look)
    soften(image, 0.006 * body.scale)
    head.draw_crest(((mask, 255), (image, look.part("crown"))), body, float(random.beta(3.0, 1.6)))
    return image, mask


def _soft_parts(body: Body, look: Look, random: np.random.Generator, shape: tuple[int, int]) -> tuple[Image, Image]:
    """The soft-edged areas and the outline, drawn at half the resolution, which they do not need, and enlarged."""
    small = ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    scale, x, y = body.scale, *body.centre
    body.place(scale / 2, x / 2, y / 2)
    image = plain(*small, base_colour(look))
    paint_body(image, body, look)
    head.paint_head(image, body, look)
    if look.gloss > 0:
        gloss_body(image, body, look, random)
    soften(image, 0.018 * body.scale)
    mask = np.zeros(small, np.uint8)
    centres, radii = body.silhouette()
    for (disc_x, disc_y), radius in zip(centres.tolist(), radii.tolist(), strict=True):
        disc(mask, disc_x, disc_y, radius, 255)
    soften(mask, 0.045 * body.scale)
    body.place(scale, x, y)
    size = (2 * small[1], 2 * small[0])
    image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)[: shape[0], : shape[1]]
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)[: shape[0], : shape[1]]
    # Steepening the blurred outline again rounds the nook between head and body into a neck.
    return np.ascontiguousarray(image), np.asarray(cv2.LUT(np.ascontiguousarray(mask), _STEEP))


_STEEP = np.clip((np.arange(256, dtype=np.float32) - 88) * 6.4, 0, 255).astype(np.uint8)
