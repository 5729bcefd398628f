"""The masked-language head: guesses hidden tokens, its output tied to the token embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from ftsuite.models.text_backbones import LoadedTextBackbone

_EPSILON = 1e-12


@keras.saving.register_keras_serializable(package="ftsuite")
class AtPositions(keras.layers.Layer):
    """The hidden states ``(batch, width, channels)`` at positions ``(batch, M)``: ``(batch, M, channels)``."""

    def call(self, hidden: Any, positions: Any) -> Any:
        """Gather along the width."""
        return keras.ops.take_along_axis(hidden, keras.ops.expand_dims(keras.ops.cast(positions, "int32"), -1), axis=1)

    def compute_output_spec(self, hidden: Any, positions: Any) -> Any:
        """Batch, positions and channels."""
        return keras.KerasTensor((*positions.shape, hidden.shape[-1]), dtype=hidden.dtype)


@keras.saving.register_keras_serializable(package="ftsuite")
class TiedLogits(keras.layers.Layer):
    """Products with every token's embedding, and a bias a token, float32 (Press and Wolf, 2017).

    https://arxiv.org/abs/1608.05859. Maps ``(batch, M, embedding size)`` to ``(batch, M, rows)``.

    Args:
        token_embedding: the layer whose ``embeddings`` ``(rows, embedding size)`` are shared.
    """

    def __init__(self, token_embedding: Any, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.token_embedding = token_embedding

    def build(self, input_shape: Any) -> None:
        """Make the bias."""
        rows = self.token_embedding.embeddings.shape[0]
        self.bias = self.add_weight(name="output_bias", shape=(rows,), initializer="zeros")
        self.built = True

    def call(self, features: Any) -> Any:
        """Logits."""
        embeddings = keras.ops.cast(keras.ops.convert_to_tensor(self.token_embedding.embeddings), features.dtype)
        logits = keras.ops.matmul(features, keras.ops.transpose(embeddings))
        return keras.ops.cast(logits, "float32") + keras.ops.cast(self.bias, "float32")

    def compute_output_spec(self, features: Any) -> Any:
        """A logit for each row of the embeddings."""
        rows = self.token_embedding.embeddings.shape[0]
        return keras.KerasTensor((*features.shape[:-1], rows), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {**super().get_config(), "token_embedding": keras.saving.serialize_keras_object(self.token_embedding)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TiedLogits:
        """Make the layer of what `get_config` gave."""
        return cls(**{**config, "token_embedding": keras.saving.deserialize_keras_object(config["token_embedding"])})


def masked_language_model(backbone: LoadedTextBackbone) -> Any:
    """The encoder with a masked-language head, that of BERT (Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

    Dense, exact GELU and layer normalisation; then the transposed token embeddings and a bias. Only the given
    positions are computed, because the vocabulary is far wider than the hidden states.

    Args:
        backbone: as `ftsuite.models.text_backbones.load_text_backbone` gives it; its variables are shared.

    Returns:
        A Keras model from ``token_ids`` int32 and ``padding_mask`` bool ``(batch, width)`` and ``mask_positions``
        int32 ``(batch, M)`` to logits ``(batch, M, rows)`` float32. Rows are those of the token embeddings, at least
        ``backbone.tokenizer.vocabulary_size``.
    """
    inputs = {
        "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
        "padding_mask": keras.Input((None,), dtype="bool", name="padding_mask"),
        "mask_positions": keras.Input((None,), dtype="int32", name="mask_positions"),
    }
    embedding = backbone.hub.token_embedding
    size = int(embedding.embeddings.shape[1])
    hidden = backbone.model({name: inputs[name] for name in ("token_ids", "padding_mask")})
    chosen = AtPositions(name="at_positions")(hidden, inputs["mask_positions"])
    dense = keras.layers.Dense(
        size,
        activation="gelu",
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="masked_language_dense",
    )
    features = keras.layers.LayerNormalization(epsilon=_EPSILON, name="masked_language_norm")(dense(chosen))
    logits = TiedLogits(embedding, name="masked_language_logits")(features)
    return keras.Model(inputs, logits, name="masked_language_model")
