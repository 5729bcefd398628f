"""One signature for every family of encoders: tokens and a mask in, hidden states out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ftsuite.models.text_families import DEFAULT_MAX_LENGTH, TextFamily


@keras.saving.register_keras_serializable(package="ftsuite")
class EncoderInputs(keras.layers.Layer):
    """What a keras-hub encoder takes, from ``token_ids`` and ``padding_mask`` ``(batch, width)``.

    Args:
        names: of the encoder's inputs; segments are all zero, because a text is one segment.
        fixed_width: the width in tokens that rows are filled up to, None to leave them as they are.
        padding_id: what they are filled up with.
    """

    def __init__(self, names: Sequence[str], fixed_width: int | None, padding_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = tuple(names)
        self.fixed_width = fixed_width
        self.padding_id = padding_id

    def call(self, token_ids: Any, padding_mask: Any) -> dict[str, Any]:
        """The encoder's inputs, ``(batch, width)`` int32 each."""
        ids = keras.ops.cast(token_ids, "int32")
        mask = keras.ops.cast(padding_mask, "int32")
        if self.fixed_width is not None:
            # Padding more than is missing and cutting needs no width known in advance.
            ids = keras.ops.pad(ids, ((0, 0), (0, self.fixed_width)), constant_values=self.padding_id)
            mask = keras.ops.pad(mask, ((0, 0), (0, self.fixed_width)))
            ids, mask = ids[:, : self.fixed_width], mask[:, : self.fixed_width]
        given = {"token_ids": ids, "padding_mask": mask, "segment_ids": keras.ops.zeros_like(ids)}
        return {name: given[name] for name in self.names}

    def compute_output_spec(self, token_ids: Any, padding_mask: Any) -> dict[str, Any]:
        """Shapes of the encoder's inputs."""
        shape = (token_ids.shape[0], self.fixed_width or token_ids.shape[1])
        return {name: keras.KerasTensor(shape, dtype="int32") for name in self.names}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"names": list(self.names), "fixed_width": self.fixed_width, "padding_id": self.padding_id}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="ftsuite")
class CutToWidth(keras.layers.Layer):
    """The hidden states ``(batch, fixed width, channels)`` of the tokens ``(batch, width)`` alone."""

    def call(self, hidden: Any, token_ids: Any) -> Any:
        """The first positions."""
        return hidden[:, : keras.ops.shape(token_ids)[1]]

    def compute_output_spec(self, hidden: Any, token_ids: Any) -> Any:
        """Batch, width of the tokens, and channels."""
        return keras.KerasTensor((hidden.shape[0], token_ids.shape[1], hidden.shape[2]), dtype=hidden.dtype)


def encoder_network(hub: Any, family: TextFamily, padding_id: int) -> Any:
    """A model from ``token_ids`` int32 and ``padding_mask`` bool, ``(batch, width)``, to hidden states.

    BERT's pooler is left out: it was trained for next-sentence prediction, and would be a block that never trains.

    Args:
        hub: a keras-hub backbone; its variables are shared.
        family: of the backbone.
        padding_id: of the tokenizer.

    Returns:
        A Keras model to ``(batch, width, channels)``.
    """
    outputs = hub.output
    # A family without a pooler stays whole: keras-hub's relative embedding (DeBERTa) has no `build` of its own, and a
    # saved model finds its weights again only where the backbone's own constructor makes the layer.
    network = keras.Model(hub.input, outputs["sequence_output"], name=hub.name) if isinstance(outputs, dict) else hub
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="bool", name="padding_mask")
    width = max_length_of(hub) if family.mixes_padding else None
    hidden = network(EncoderInputs(list(hub.input), width, padding_id, name="encoder_inputs")(ids, mask))
    if width is not None:
        hidden = CutToWidth(name="cut_to_width")(hidden, ids)
    return keras.Model({"token_ids": ids, "padding_mask": mask}, hidden, name="encoder")


def max_length_of(hub: Any) -> int:
    """Most tokens, special ones included, that a keras-hub backbone takes."""
    return int(getattr(hub, "max_sequence_length", None) or DEFAULT_MAX_LENGTH)
