"""What one augmentation is: numbers drawn from a key, and what they make of a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

# Added to a key, so that the draws that it is for do not depend on each other.
_CHOICE, _FIELD = 50_331_653, 12_582_917


@dataclass(frozen=True)
class Operation:
    """One random change of a picture.

    Attributes:
        draw: options and key ``(2,)`` int32 to the amounts of the change, ``(k,)`` float32 with a fixed k.
        change: a picture ``(height, width, 3)`` float32 with values 0-255, options, amounts, and a key for random
            values of single pixels, to the changed picture of the same size and range.
    """

    draw: Callable[[Any, Any], Any]
    change: Callable[[Any, Any, Any, Any], Any]

    def __call__(self, image: Any, item: Any, key: Any) -> Any:
        """Change a picture with the probability that the options give."""

        def changed() -> Any:
            return tf.ensure_shape(self.change(image, item, self.draw(item, key), key + _FIELD), image.shape)

        return changed() if item.probability >= 1.0 else tf.cond(is_chosen(item, key), changed, lambda: image)


def is_chosen(item: Any, key: Any) -> Any:
    """Whether the picture of a key is changed at all: scalar bool."""
    return tf.random.stateless_uniform((), key + _CHOICE) < item.probability


def signed(key: Any, count: int) -> Any:
    """``(count,)`` float32 between -1 and 1."""
    return tf.random.stateless_uniform((count,), key, -1.0, 1.0)


def between(key: Any, low: float, high: float, count: int = 1) -> Any:
    """``(count,)`` float32 between two bounds."""
    return low + (high - low) * tf.random.stateless_uniform((count,), key)
