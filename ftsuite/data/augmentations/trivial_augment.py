"""TrivialAugment (Müller & Hutter, 2021, https://arxiv.org/abs/2103.10158) over the operations of RandAugment.

One operation a picture, each as likely, at a strength drawn evenly from all there are. Of the paper's operations,
histogram equalisation is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from ftsuite.api import Options
from ftsuite.data import rand_augment
from ftsuite.data.augmentations.operation import Operation
from ftsuite.data.augmentations.pixel_options import TrivialAugment

# How much further the paper's wide space goes than RandAugment's highest magnitude: turns of 135 degrees and not 30,
# shears of 0.99 and not 0.3, factors from 0.01 to 1.99 and not 0.1 to 1.9, two bits a colour and not four.
_WIDER: dict[Callable[[Any, Any], Any], float] = {
    rand_augment.rotate: 4.5,
    rand_augment.shear_x: 3.3,
    rand_augment.shear_y: 3.3,
    rand_augment.brightness: 1.1,
    rand_augment.contrast: 1.1,
    rand_augment.colour: 1.1,
    rand_augment.sharpness: 1.1,
    rand_augment.posterize: 1.5,
}


def _draw(item: TrivialAugment, key: Any) -> Any:
    """The operation's number, its strength in [0, 1], and its sign."""
    draws = tf.random.stateless_uniform((3,), key)
    number = tf.minimum(tf.floor(draws[0] * len(rand_augment.OPERATIONS)), len(rand_augment.OPERATIONS) - 1.0)
    return tf.stack([number, draws[1], tf.where(draws[2] < 0.5, -1.0, 1.0)])


def _change(image: Any, item: TrivialAugment, amounts: Any, key: Any) -> Any:
    def branch(operation: Callable[[Any, Any], Any], has_sign: bool) -> Callable[[], Any]:
        wider = _WIDER.get(operation, 1.0) if item.space == "wide" else 1.0
        strength = amounts[1] * wider
        return lambda: operation(image, strength * amounts[2] if has_sign else strength)

    branches = [branch(operation, has_sign) for operation, has_sign in rand_augment.OPERATIONS]
    return tf.switch_case(tf.cast(amounts[0], tf.int32), branches)


TRIVIAL_AUGMENT: Mapping[type[Options], Operation] = {TrivialAugment: Operation(_draw, _change)}
