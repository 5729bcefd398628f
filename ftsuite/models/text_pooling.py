"""From the hidden states of tokens to one vector a text, and from the logits of windows to those of a text."""

from __future__ import annotations

from typing import Any

import keras

from ftsuite.errors import ConfigError
from ftsuite.models.heads import FirstToken


@keras.saving.register_keras_serializable(package="ftsuite")
class MaskedMean(keras.layers.Layer):
    """The average of the hidden states ``(batch, width, channels)`` over tokens that are no padding.

    Summed in float32, because 512 tokens in float16 can overflow; gives ``(batch, channels)`` in the layer's type.
    """

    def call(self, hidden: Any, padding_mask: Any) -> Any:
        """The average; zero for a row of padding alone."""
        weights = keras.ops.cast(keras.ops.expand_dims(padding_mask, -1), "float32")
        total = keras.ops.sum(keras.ops.cast(hidden, "float32") * weights, axis=1)
        count = keras.ops.maximum(keras.ops.sum(weights, axis=1), 1.0)
        return keras.ops.cast(total / count, self.compute_dtype)

    def compute_output_spec(self, hidden: Any, padding_mask: Any) -> Any:
        """Batch and channels."""
        return keras.KerasTensor((hidden.shape[0], hidden.shape[2]), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="ftsuite")
class FlattenWindows(keras.layers.Layer):
    """Windows ``(batch, windows, width)`` as texts of their own, ``(batch * windows, width)``."""

    def call(self, windows: Any) -> Any:
        """The rows of all windows."""
        return keras.ops.reshape(windows, (-1, keras.ops.shape(windows)[2]))

    def compute_output_spec(self, windows: Any) -> Any:
        """Any number of rows."""
        return keras.KerasTensor((None, windows.shape[2]), dtype=windows.dtype)


@keras.saving.register_keras_serializable(package="ftsuite")
class WindowAverage(keras.layers.Layer):
    """The average of each text's logits over its real windows, those that are not padding alone.

    Takes logits ``(batch * windows, classes)`` and the padding mask ``(batch, windows, width)``, gives
    ``(batch, classes)`` float32.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, logits: Any, padding_mask: Any) -> Any:
        """The average."""
        shape = keras.ops.shape(padding_mask)
        by_text = keras.ops.reshape(keras.ops.cast(logits, "float32"), (shape[0], shape[1], logits.shape[-1]))
        real = keras.ops.expand_dims(keras.ops.any(keras.ops.cast(padding_mask, "bool"), axis=-1), -1)
        total = keras.ops.sum(keras.ops.where(real, by_text, 0.0), axis=1)
        return total / keras.ops.maximum(keras.ops.sum(keras.ops.cast(real, "float32"), axis=1), 1.0)

    def compute_output_spec(self, logits: Any, padding_mask: Any) -> Any:
        """Batch and classes."""
        return keras.KerasTensor((padding_mask.shape[0], logits.shape[-1]), dtype="float32")


def pool_tokens(hidden: Any, padding_mask: Any, pooling: str) -> Any:
    """One vector ``(batch, channels)`` a text.

    Args:
        hidden: ``(batch, width, channels)``.
        padding_mask: ``(batch, width)`` bool.
        pooling: ``cls`` for the first token, ``mean`` for the average of all.

    Raises:
        ConfigError: for another word.
    """
    if pooling == "cls":
        return FirstToken(name="class_token")(hidden)
    if pooling == "mean":
        return MaskedMean(name="pooled")(hidden, padding_mask)
    raise ConfigError(f"options.pooling must be auto, cls or mean. Received: {pooling!r}.", "Choose one of them.")
