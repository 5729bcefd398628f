"""Light: where it comes from, how warm and how strong it is, and the shading that it gives the body."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ftsuite.data.field_guide.pen import Image, soften


@dataclass(frozen=True)
class Light:
    """The light of a picture.

    Attributes:
        towards: unit vector to the light in the picture, y down.
        strength: depth of the shading, 0 (overcast) to 1 (low sun).
        gains: factor a channel, red, green, blue: warmth and exposure together.
        gamma: above 1 darkens the middle tones.
        contrast: about the middle grey.
    """

    towards: tuple[float, float]
    strength: float
    gains: tuple[float, float, float]
    gamma: float
    contrast: float


def draw_light(random: np.random.Generator) -> Light:
    """A light by chance: mostly from above, from cool shade to a low warm sun, a stop darker or lighter."""
    angle = math.radians(random.normal(90.0, 42.0))
    warmth, exposure = random.normal(0.0, 0.06), math.exp(random.normal(0.0, 0.18))
    tint = random.normal(0.0, 0.02)
    return Light(
        towards=(math.cos(angle), -math.sin(angle)),
        strength=random.uniform(0.15, 1.0),
        gains=(exposure * (1 + warmth), exposure * (1 + tint), exposure * (1 - warmth)),
        gamma=math.exp(random.normal(0.0, 0.12)),
        contrast=random.uniform(0.8, 1.12),
    )


def shade(image: Image, body: Image, wing: Image, scale: float, light: Light, relief: npt.NDArray[np.uint8]) -> None:
    """Shade the bird in place as a rounded body: the masks, blurred, are its height, their slope its tilt.

    Args:
        image: (height, width, 3) uint8.
        body: (height, width) uint8, 255 on the bird.
        wing: the same for the near wing.
        scale: pixels for a body length.
        light: the picture's light.
        relief: (height, width) uint8, feather texture as factors of 1/128.
    """
    height, width = body.shape
    step = max(1, int(scale / 40))
    small = (max(1, width // step), max(1, height // step))
    total = np.ones((small[1], small[0]), np.float32)
    for mask, sigma, weight in ((body, 0.12, 1.0), (wing, 0.045, 0.42)):
        blurred = cv2.resize(mask, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        sigma = sigma * scale / step
        soften(blurred, sigma)
        slope = weight * (0.25 + light.strength * 0.6) * sigma * 2.5 / 255.0
        total -= cv2.Sobel(blurred, cv2.CV_32F, 1, 0, scale=slope * light.towards[0] / 8)
        total -= cv2.Sobel(blurred, cv2.CV_32F, 0, 1, scale=slope * light.towards[1] / 8)
    # Feathers reflect softly: what faces the light gains less than what faces away from it loses.
    total -= 0.6 * np.maximum(total - 1.0, 0.0)
    factors = np.minimum(np.maximum(total * 122.0, 40.0), 158.0).astype(np.uint8)
    full = cv2.resize(factors, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.multiply(full, relief, full, scale=1 / 128)
    cv2.multiply(image, cv2.merge([full, full, full]), image, scale=1 / 122)


def develop(image: Image, light: Light) -> Image:
    """Exposure, warmth, contrast and gamma over a whole picture, (height, width, 3) uint8."""
    value = np.minimum(_RAMP * np.asarray(light.gains), 1.6) ** light.gamma
    value = 0.5 + (value - 0.5) * light.contrast
    # A soft shoulder keeps white plumage from burning out.
    value = np.where(value > 0.8, 0.8 + 0.2 * np.tanh((value - 0.8) / 0.2), value)
    table = np.maximum(np.rint(value * 255.0), 0.0).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]))


_RAMP = np.linspace(0.0, 1.0, 256)[:, None]
