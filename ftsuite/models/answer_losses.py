"""Losses that fit an answer layer: of numbers by their spread, of labels each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="ftsuite")
class ScaledHuber(keras.losses.Loss):
    """Huber's loss of numbers in units of their scale: squared within one unit, absolute beyond it.

    So outliers do not rule, and a rate that fits one data set fits another whose numbers are a thousand times larger.
    Source: P. J. Huber, 1964, https://doi.org/10.1214/aoms/1177703732.

    Args:
        activation: of the logits, by its name in `keras.activations`.
        scale: ``(outputs,)`` that activated logits are multiplied by.
        offset: ``(outputs,)`` added to that.
    """

    def __init__(self, activation: str, scale: Sequence[float], offset: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**{"name": "scaled_huber", **kwargs})
        self.activation = activation
        self.scale, self.offset = list(scale), list(offset)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example, ``(batch,)``: the mean over its outputs."""
        said = getattr(keras.activations, self.activation)(keras.ops.cast(y_pred, "float32"))
        scale, offset = (keras.ops.array(values, "float32") for values in (self.scale, self.offset))
        far = keras.ops.abs((keras.ops.cast(y_true, "float32") - offset) / scale - said)
        return keras.ops.mean(keras.ops.where(far <= 1.0, 0.5 * far * far, far - 0.5), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"activation": self.activation, "scale": self.scale, "offset": self.offset}
        return {**super().get_config(), **own}


def label_loss(label_smoothing: float, focal_gamma: float) -> Any:
    """Binary cross-entropy of logits, the mean over labels; focal where `focal_gamma` is above 0."""
    if focal_gamma > 0:
        return keras.losses.BinaryFocalCrossentropy(
            gamma=focal_gamma, from_logits=True, label_smoothing=label_smoothing
        )
    return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=label_smoothing)
