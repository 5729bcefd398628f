"""Logit adjustment: what a class's share of the training split says is added in training, and left out in use."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


class LogitAdjustedLoss(keras.losses.Loss):
    """A loss over logits to which a number a class is added first.

    With the logarithm of the classes' shares this is the loss of Menon et al., 2021
    (https://arxiv.org/abs/2007.07314): a model that is best by it is, without the numbers, best for the mean accuracy
    of the classes. It wraps the loss of any task, so that tasks need not know of it.

    Args:
        inner: a Keras loss, the name of one, or a function, over (targets, logits).
        offsets: ``(num_classes,)`` what is added.
    """

    def __init__(self, inner: Any, offsets: np.ndarray) -> None:
        inner = keras.losses.get(inner) if isinstance(inner, str) else inner
        is_loss = isinstance(inner, keras.losses.Loss)
        super().__init__(
            name="logit_adjusted", reduction=inner.reduction if is_loss else "sum_over_batch_size",
            dtype=inner.dtype if is_loss else None,
        )  # fmt: skip
        self._each = inner.call if is_loss else inner
        self._offsets = np.asarray(offsets, dtype=np.float32)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example, ``(batch,)``."""
        return self._each(y_true, y_pred + keras.ops.cast(self._offsets, y_pred.dtype))
