"""What a vision backbone expects of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras

Fit = Literal["crop", "pad", "stretch"]


@dataclass(frozen=True)
class ImagePreprocessing:
    """How a picture with values 0-255 becomes a backbone's input: ``resized * scale + offset``.

    Attributes:
        image_size: height and width in pixels after resizing.
        scale: one factor, or one a channel.
        offset: one number, or one a channel, added after scaling.
        interpolation: of the resizing.
        antialias: whether shrinking filters out what the smaller grid cannot hold.
    """

    image_size: int
    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...]
    interpolation: str = "bicubic"
    antialias: bool = True

    def resizing(self, fit: Fit) -> Any:
        """A layer from pictures ``(batch, height, width, 3)`` of any size to ``(batch, image_size, image_size, 3)``.

        Args:
            fit: ``crop`` keeps the centre in the right shape, ``pad`` adds black bars, ``stretch`` distorts.
        """
        return keras.layers.Resizing(
            self.image_size,
            self.image_size,
            interpolation=self.interpolation,
            crop_to_aspect_ratio=fit == "crop",
            pad_to_aspect_ratio=fit == "pad",
            antialias=self.antialias,
            data_format="channels_last",
            dtype="float32",
            name="resizing",
        )

    def rescaling(self) -> Any:
        """A layer from values 0-255 to the backbone's range."""
        return keras.layers.Rescaling(_plain(self.scale), offset=_plain(self.offset), name="rescaling")


def _plain(value: float | Sequence[float]) -> float | list[float]:
    return float(value) if isinstance(value, int | float) else [float(item) for item in value]
