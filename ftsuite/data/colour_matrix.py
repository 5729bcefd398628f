"""Brightness, contrast and saturation of a picture as one affine map of its three channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftsuite.data.image_options import Colour

COLOUR_STREAM = 2
GREY = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class ColourChanges:
    """Random changes of n pictures; the contrast still needs each picture's own mean.

    Attributes:
        matrices: ``(n, 3, 4)`` float32, whose last column is the brightness alone.
        mean_shares: ``(n,)`` float32, how much of the picture's mean grey is added to every channel.
    """

    matrices: np.ndarray
    mean_shares: np.ndarray

    def of(self, number: int, means: Sequence[float]) -> np.ndarray:
        """The ``(3, 4)`` float32 map of picture `number`, whose channels have these means (R, G, B)."""
        matrix: np.ndarray = self.matrices[number]
        mean = GREY[0] * means[0] + GREY[1] * means[1] + GREY[2] * means[2]
        matrix[:, 3] += self.mean_shares[number] * mean
        return matrix


def sample_colours(colour: Colour, draws: np.ndarray) -> ColourChanges:
    """Draw the changes of n pictures, each amount evenly between minus and plus what `colour` says.

    Saturation ``s`` moves pixels from their grey by ``1 + s``, contrast ``c`` moves them from the mean grey of the
    picture by ``1 + c``, and brightness ``b`` adds ``255 b``; the picture is clipped once, at the end. Since a change
    of saturation leaves all greys alone, the mean grey is that of the picture as it was.

    Args:
        colour: the largest amounts.
        draws: ``(n, 4)`` in [0, 1), `ftsuite.data.counter_random.uniforms` of `COLOUR_STREAM`. Use each result once.
    """
    amounts = 2.0 * draws[:, :3] - 1.0
    saturation = 1.0 + colour.saturation * amounts[:, 0]
    contrast = 1.0 + colour.contrast * amounts[:, 1]
    kept = saturation[:, None, None] * np.eye(3) + (1.0 - saturation)[:, None, None] * GREY
    matrices = np.empty((len(draws), 3, 4), np.float32)
    matrices[:, :, :3] = contrast[:, None, None] * kept
    matrices[:, :, 3] = (255.0 * colour.brightness * amounts[:, 2])[:, None]
    return ColourChanges(matrices, (1.0 - contrast).astype(np.float32))
