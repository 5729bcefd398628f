"""Options of image tasks: size, fit and augmentation. Imports no TensorFlow, so a task's spec can use them."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from ftsuite.api import Options
from ftsuite.data.augmentations.geometric_options import Affine, Perspective, QuarterTurns, Rotate, VerticalFlip
from ftsuite.data.augmentations.order import order_can_be_kept
from ftsuite.data.augmentations.pixel_options import (
    Blur,
    Erasing,
    Gamma,
    Greyscale,
    Jpeg,
    Noise,
    Sharpness,
    TrivialAugment,
)
from ftsuite.data.augmentations.ranges import Share


class Flip(Options):
    """Mirror left and right."""

    name: Literal["flip"]
    probability: Share = Field(0.5, description="share of the pictures that are mirrored")


class CropResize(Options):
    """Cut out a random part and resize it (Szegedy et al., 2015, https://arxiv.org/abs/1409.4842)."""

    name: Literal["crop-resize"]
    scale: tuple[float, float] = Field((0.35, 1.0), description="share of the area that is kept, lowest and highest")
    ratio: tuple[float, float] = Field((0.75, 1.3333), description="width over height, lowest and highest")

    @pydantic.field_validator("scale", "ratio", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> CropResize:
        if not 0.0 < self.scale[0] <= self.scale[1] <= 1.0:
            raise ValueError("scale must be two numbers in (0, 1], the lower first")
        if not 0.0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError("ratio must be two positive numbers, the lower first")
        return self


class Colour(Options):
    """Change brightness, contrast, saturation and hue by random amounts."""

    name: Literal["colour"]
    brightness: Share = Field(0.2, description="largest change, as a share of the full range")
    contrast: Share = Field(0.2, description="largest change of the factor around 1")
    saturation: Share = Field(0.2, description="largest change of the factor around 1")
    hue: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        0.0, description="largest turn of the hues, as a share of their circle: 0.5 makes any colour of any other"
    )


class RandAugment(Options):
    """A few operations drawn from a list (Cubuk et al., 2020, https://arxiv.org/abs/1909.13719)."""

    name: Literal["rand-augment"]
    layers: Annotated[int, Field(ge=1, le=5)] = Field(2, description="operations a picture")
    magnitude: Annotated[float, Field(ge=0.0, le=10.0)] = Field(7.0, description="strength, of 10")


class MixUp(Options):
    """Blend pairs of pictures and their labels (Zhang et al., 2018, https://arxiv.org/abs/1710.09412)."""

    name: Literal["mixup"]
    alpha: Annotated[float, Field(gt=0.0, le=10.0)] = Field(0.2, description="of the Beta distribution of the blend")
    probability: Share = Field(1.0, description="share of the batches that are blended")


class CutMix(Options):
    """Paste a box of another picture and mix labels by area (Yun et al., 2019, https://arxiv.org/abs/1905.04899)."""

    name: Literal["cutmix"]
    alpha: Annotated[float, Field(gt=0.0, le=10.0)] = Field(1.0, description="of the Beta distribution of the area")
    probability: Share = Field(0.5, description="share of the batches that are pasted")


Augmentation = Annotated[
    CropResize
    | Flip
    | VerticalFlip
    | QuarterTurns
    | Rotate
    | Affine
    | Perspective
    | Colour
    | Greyscale
    | Gamma
    | Sharpness
    | Blur
    | Noise
    | Jpeg
    | Erasing
    | RandAugment
    | TrivialAugment
    | MixUp
    | CutMix,
    Field(discriminator="name"),
]


def _default_augment() -> tuple[Augmentation, ...]:
    return (CropResize(name="crop-resize"), Flip(name="flip"), Colour(name="colour"))


class ImageOptions(Options):
    """What every image task can be told under ``options:``."""

    image_size: Annotated[int, Field(ge=32, le=2048)] | None = Field(
        None,
        description="height and width in pixels that the model sees; left out: the size the backbone was trained at",
    )
    train_image_size: Annotated[int, Field(ge=32, le=2048)] | None = Field(
        None,
        description="pixels of training pictures, where other than image_size: smaller trains faster, and random crops "
        "show a subject larger than a whole picture does (Touvron et al., 2019, https://arxiv.org/abs/1906.06423); "
        "probabilities become less sure than they should be",
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop", description="how a picture that is not square is fitted when it is not augmented"
    )
    augment: tuple[Augmentation, ...] = Field(
        default_factory=_default_augment,
        description="random changes of training pictures, in this order; crop-resize comes first, and what mixes "
        "pictures (mixup, cutmix) last",
    )

    augment_on: Literal["auto", "cpu", "accelerator"] = Field(
        "auto",
        description="where pictures are augmented after they are cut out: while batches are made, or inside the "
        "training step, which is faster on an accelerator whose CPU cannot keep up; auto: on an accelerator where "
        "there is one. What is done together with the crop stays outside. Pictures are the same up to rounding",
    )

    _order = pydantic.field_validator("augment")(order_can_be_kept)

    @pydantic.field_validator("augment", mode="before")
    @classmethod
    def _sequence(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value
