"""Options of what moves the pixels of a picture. Imports no TensorFlow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ftsuite.api import Options
from ftsuite.data.augmentations.ranges import Pair, Share, as_pair, rising

Degrees = Annotated[float, Field(ge=0.0, le=180.0)]
Fill = Literal["reflect", "grey"]
_FILL = "what stands where the picture ends: its mirror image, or mid-grey"


class VerticalFlip(Options):
    """Mirror top and bottom: for pictures without an up, such as aerial ones and those of microscopes."""

    name: Literal["vertical-flip"]
    probability: Share = Field(0.5, description="share of the pictures that are mirrored")


class QuarterTurns(Options):
    """Turn by 0, 90, 180 or 270 degrees, each as likely: for pictures without an up."""

    name: Literal["rotate-90"]
    probability: Share = Field(1.0, description="share of the pictures that are turned (a quarter of them by 0)")


class Rotate(Options):
    """Turn by a random angle."""

    name: Literal["rotate"]
    degrees: Degrees = Field(15.0, description="largest angle to either side")
    fill: Fill = Field("reflect", description=_FILL)
    probability: Share = Field(1.0, description="share of the pictures that are turned")


class Affine(Options):
    """Turn, move, scale and shear at once, each by a random amount."""

    name: Literal["affine"]
    degrees: Degrees = Field(10.0, description="largest angle to either side")
    translate: Annotated[float, Field(ge=0.0, le=0.9)] = Field(0.1, description="largest move, as a share of the side")
    scale: Pair = Field((0.9, 1.1), description="factor of the size of what is seen, lowest and highest")
    shear: Annotated[float, Field(ge=0.0, le=60.0)] = Field(5.0, description="largest shear of each axis in degrees")
    fill: Fill = Field("reflect", description=_FILL)
    probability: Share = Field(1.0, description="share of the pictures that are changed")

    _list = field_validator("scale", mode="before")(as_pair)
    _range = field_validator("scale")(rising(0.1, 10.0))


class Perspective(Options):
    """Look at the picture from another side: its corners move inward, each by a random amount."""

    name: Literal["perspective"]
    distortion: Annotated[float, Field(ge=0.0, le=0.9)] = Field(
        0.3, description="largest move of a corner, as a share of half the side"
    )
    probability: Share = Field(0.5, description="share of the pictures that are changed")
