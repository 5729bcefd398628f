"""Options of what changes the values of pixels where they are. Imports no TensorFlow."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ftsuite.api import Options
from ftsuite.data.augmentations.ranges import Pair, Share, as_pair, rising


class Greyscale(Options):
    """Take the colour out, as in contrastive learning (Chen et al., 2020, https://arxiv.org/abs/2002.05709)."""

    name: Literal["greyscale"]
    probability: Share = Field(0.2, description="share of the pictures that lose their colour")


class Gamma(Options):
    """Lighten or darken the middle of the range: values to a random power."""

    name: Literal["gamma"]
    gamma: Pair = Field((0.7, 1.4), description="the power, lowest and highest; above 1 darkens")
    probability: Share = Field(1.0, description="share of the pictures that are changed")

    _list = field_validator("gamma", mode="before")(as_pair)
    _range = field_validator("gamma")(rising(0.1, 10.0))


class Sharpness(Options):
    """Sharpen or soften by a random amount."""

    name: Literal["sharpness"]
    amount: Share = Field(0.5, description="largest change of the factor around 1: 0 is soft, 2 is sharp")
    probability: Share = Field(1.0, description="share of the pictures that are changed")


class Blur(Options):
    """Blur by a Gaussian of random width (Chen et al., 2020, https://arxiv.org/abs/2002.05709)."""

    name: Literal["blur"]
    sigma: Pair = Field((0.1, 2.0), description="standard deviation in pixels, lowest and highest")
    probability: Share = Field(0.5, description="share of the pictures that are blurred")

    _list = field_validator("sigma", mode="before")(as_pair)
    _range = field_validator("sigma")(rising(0.05, 5.0))


class Noise(Options):
    """Add Gaussian noise of random strength to each value."""

    name: Literal["noise"]
    deviation: Pair = Field((0.0, 15.0), description="standard deviation in levels of 255, lowest and highest")
    probability: Share = Field(0.5, description="share of the pictures that get noise")

    _list = field_validator("deviation", mode="before")(as_pair)
    _range = field_validator("deviation")(rising(0.0, 128.0))


class Jpeg(Options):
    """Compress as a JPEG of random quality: for models whose pictures will have been sent around."""

    name: Literal["jpeg"]
    quality: tuple[int, int] = Field((40, 95), description="of 100, lowest and highest")
    probability: Share = Field(0.5, description="share of the pictures that are compressed")

    _list = field_validator("quality", mode="before")(as_pair)
    _range = field_validator("quality")(rising(1, 100))


class Erasing(Options):
    """Random erasing: hide a random box (Zhong et al., 2017, https://arxiv.org/abs/1708.04896)."""

    name: Literal["erasing"]
    area: Pair = Field((0.02, 0.33), description="share of the picture that is hidden, lowest and highest")
    ratio: Pair = Field((0.3, 3.3333), description="width over height of the box, lowest and highest")
    fill: Literal["noise", "grey"] = Field("noise", description="what stands in the box: random values, or mid-grey")
    probability: Share = Field(0.5, description="share of the pictures in which a box is hidden")

    _list = field_validator("area", "ratio", mode="before")(as_pair)
    _area = field_validator("area")(rising(0.001, 1.0))
    _ratio = field_validator("ratio")(rising(0.05, 20.0))


class TrivialAugment(Options):
    """One operation of a list, at a random strength (Müller & Hutter, 2021, https://arxiv.org/abs/2103.10158).

    It has nothing to tune; the paper found it as good as policies that were searched for.
    """

    name: Literal["trivial-augment"]
    space: Literal["wide", "standard"] = Field(
        "wide", description="how strong operations get: as the paper's wide space, or as those of rand-augment at 10"
    )
    probability: Share = Field(1.0, description="share of the pictures that are changed")
