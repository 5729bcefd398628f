"""The layer that lets a saved model take texts: the encoder of training, inside the model."""

from __future__ import annotations

from typing import Any

import keras

# Imported for their registration, these and `exact_backbones`: a saved model holds layers of theirs.
import keras_hub  # noqa: F401
import numpy as np

from ftsuite.errors import ConfigError
from ftsuite.models import exact_backbones  # noqa: F401
from ftsuite.models.text_encoder import TextEncoder


@keras.saving.register_keras_serializable(package="ftsuite")
class TextToTokens(keras.layers.Layer):
    """Texts ``(batch,)`` string to ``token_ids`` int32 and ``padding_mask`` bool, as the encoder packs them.

    It runs on TensorFlow alone, the one backend that has strings. Elsewhere a model that holds it can be built, saved
    and loaded; take its ``classifier`` and its `encoder` there.

    Args:
        encoder: a `TextEncoder`, or what its `get_config` gave.

    Attributes:
        encoder: the `TextEncoder`.
    """

    def __init__(self, encoder: TextEncoder | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = TextEncoder.from_config(encoder) if isinstance(encoder, dict) else encoder
        # Keras would make the backend's tensors of strings, which other backends than TensorFlow do not have.
        self._convert_input_args = False
        self.supports_jit = False

    def call(self, texts: Any) -> dict[str, Any]:
        """The packed tokens.

        Raises:
            ConfigError: on another backend than TensorFlow.
        """
        _require_tensorflow()
        import tensorflow as tf

        ids, mask = tf.numpy_function(self._packed, [texts], (tf.int32, tf.bool))
        shape = self._shape(tf.convert_to_tensor(texts).shape[0])
        ids.set_shape(shape)
        mask.set_shape(shape)
        return {"token_ids": ids, "padding_mask": mask}

    def compute_output_spec(self, texts: Any) -> dict[str, Any]:
        """Shapes and types, on every backend."""
        shape = self._shape(texts.shape[0])
        ids, mask = keras.KerasTensor(shape, dtype="int32"), keras.KerasTensor(shape, dtype="bool")
        return {"token_ids": ids, "padding_mask": mask}

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, the encoder with its vocabulary among them."""
        return {**super().get_config(), "encoder": self.encoder.get_config()}

    def _packed(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        decoded = [text if isinstance(text, str) else bytes(text).decode("utf-8", "replace") for text in texts]
        packed = self.encoder(decoded)
        return packed["token_ids"], packed["padding_mask"]

    def _shape(self, batch: int | None) -> tuple[int | None, ...]:
        return (batch, None, None) if self.encoder.reads_windows else (batch, None)


@keras.saving.register_keras_serializable(package="ftsuite")
class TextServing(keras.Model):
    """A functional model from texts, which says plainly where it cannot run.

    Other backends than TensorFlow fail on strings before any layer is called, each with a message of its own.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The functional model's outputs.

        Raises:
            ConfigError: on another backend than TensorFlow.
        """
        if not any(isinstance(value, keras.KerasTensor) for value in (*args, *kwargs.values())):
            _require_tensorflow()
        return super().__call__(*args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """As Keras' own.

        Raises:
            ConfigError: on another backend than TensorFlow.
        """
        _require_tensorflow()
        return super().predict(*args, **kwargs)


def _require_tensorflow() -> None:
    if keras.config.backend() != "tensorflow":
        raise ConfigError(
            "A model that takes texts runs on the TensorFlow backend alone. "
            f"Received: the backend {keras.config.backend()!r}.",
            'Encode them first: model.get_layer("classifier")(model.get_layer("text_to_tokens").encoder(texts)).',
        )
