"""How long to train, at which resolution, and with MixUp or not, from the size of the data alone.

The BiT-HyperRule of Kolesnikov et al., 2020 (https://arxiv.org/abs/1912.11370, section 3.3), made so that a new data
set needs no search. It was tried on over 20 data sets with batches of 512, stochastic gradient descent with momentum
0.9 and a rate of 0.003, random crops and flips, and no weight decay:

| training examples | steps of 512 | rate divided by 10 at | MixUp alpha |
|---|---|---|---|
| below 20,000 | 500 | 30 %, 60 %, 90 % | none |
| below 500,000 | 10,000 | 30 %, 60 %, 90 % | 0.1 |
| 500,000 and more | 20,000 | 30 %, 60 %, 90 % | 0.1 |

| area of a picture | resized to | cropped to |
|---|---|---|
| below 96 x 96 pixels | 160 | 128 |
| 96 x 96 pixels and more | 448 | 384 |

The authors' published program differs a little from the paper: it warms up over 100 steps (500 for more than 20,000
examples), divides the shortest schedule's rate after 200, 300 and 400 steps, and crops 480 from 512 pixels, which the
paper does for its largest network only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Training examples from which a data set is no longer small, or medium.
_MEDIUM, _LARGE = 20_000, 500_000
_STEPS = {"small": 500, "medium": 10_000, "large": 20_000}
# The authors' program's; the paper has none.
_WARMUP_STEPS = {"small": 100, "medium": 500, "large": 500}
_DECAYS = (0.3, 0.6, 0.9)
_BATCH_SIZE, _LEARNING_RATE, _MIXUP_ALPHA = 512, 3e-3, 0.1
# Pixels squared from which a picture is large; side to resize to, and side of the crop.
_LARGE_AREA, _SMALL_SIDES, _LARGE_SIDES = 96 * 96, (160, 128), (448, 384)


@dataclass(frozen=True)
class DataSizeSchedule:
    """What the rule says.

    Attributes:
        size: ``small``, ``medium`` or ``large``.
        steps: batches to train on.
        decay_steps: from these batches on the rate is a tenth of what it was before.
        learning_rate: at the beginning, for gradient descent with momentum 0.9.
        resize_pixels: side of the square that training pictures are resized to.
        crop_pixels: side of the random crop of it, the input of the network.
        mixup_alpha: of MixUp; 0 for none.
    """

    size: str
    steps: int
    decay_steps: tuple[int, int, int]
    learning_rate: float
    resize_pixels: int
    crop_pixels: int
    mixup_alpha: float

    def learning_rate_at(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        return self.learning_rate / 10.0 ** sum(step >= milestone for milestone in self.decay_steps)


@dataclass(frozen=True)
class TrainingLength:
    """The rule's part on time, which needs no pictures.

    Attributes:
        size: ``small``, ``medium`` or ``large``.
        steps: batches to train on.
        warmup_steps: of them, those in which the rate rises, as in the authors' program.
        steps_of_512: what the rule says for its own batches.
    """

    size: str
    steps: int
    warmup_steps: int
    steps_of_512: int


def training_length(examples: int, batch_size: int = _BATCH_SIZE) -> TrainingLength:
    """How long to train: as many examples in all as the rule's steps of 512 show.

    Args:
        examples: training examples, all classes together.
        batch_size: examples that a step shows.

    Raises:
        ValueError: for a number below 1.
    """
    if min(examples, batch_size) < 1:
        raise ValueError(f"Examples and batch size must be at least 1. Received: {(examples, batch_size)}")
    size = "small" if examples < _MEDIUM else "medium" if examples < _LARGE else "large"
    steps, warmup = (math.ceil(table[size] * _BATCH_SIZE / batch_size) for table in (_STEPS, _WARMUP_STEPS))
    return TrainingLength(size, steps, warmup, _STEPS[size])


def data_size_schedule(
    examples: int, image_height_pixels: int, image_width_pixels: int, batch_size: int = _BATCH_SIZE
) -> DataSizeSchedule:
    """The rule for a data set.

    Args:
        examples: training examples, all classes together.
        image_height_pixels: of a typical picture, for instance the median.
        image_width_pixels: likewise.
        batch_size: where it is not 512, the steps show as many pictures in all, and the rate is scaled with the batch
            (Goyal et al., 2017, https://arxiv.org/abs/1706.02677); that is not in the paper.

    Raises:
        ValueError: for a number below 1.
    """
    given = (examples, image_height_pixels, image_width_pixels, batch_size)
    if min(given) < 1:
        raise ValueError(f"Examples, sides and batch size must be at least 1. Received: {given}")
    length = training_length(examples, batch_size)
    size, steps = length.size, length.steps
    first, second, third = (round(steps * share) for share in _DECAYS)
    is_small_picture = image_height_pixels * image_width_pixels < _LARGE_AREA
    resize_pixels, crop_pixels = _SMALL_SIDES if is_small_picture else _LARGE_SIDES
    return DataSizeSchedule(
        size=size,
        steps=steps,
        decay_steps=(first, second, third),
        learning_rate=_LEARNING_RATE * batch_size / _BATCH_SIZE,
        resize_pixels=resize_pixels,
        crop_pixels=crop_pixels,
        mixup_alpha=0.0 if size == "small" else _MIXUP_ALPHA,
    )
