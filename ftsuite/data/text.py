"""From texts to the arrays that a text model sees, inside tf.data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf


class Encoder(Protocol):
    """What turns texts into tokens and rows of tokens into arrays (`ftsuite.models.text_encoder.TextEncoder`)."""

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """A row of int32 tokens a text, neither cut nor padded, without special ones."""
        ...

    def pack(self, rows: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """``token_ids`` int32 and ``padding_mask`` bool, ``(batch, width)`` or ``(batch, windows, width)``."""
        ...

    def truncated(self, row_lengths: np.ndarray) -> np.ndarray:
        """Of rows of so many tokens, ``(batch,)`` bool: which the model does not see all of."""
        ...

    def padded_width(self, longest: int) -> int:
        """The width of a batch whose longest row has so many tokens, special ones included."""
        ...


class TextReader:
    """Tokenises texts and packs batches; one instance serves a run.

    Args:
        encoder: the same that serving uses, so that a model is trained on what it will see.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        # (batch, width), or (batch, windows, width): the encoder's affair, and the same for every batch.
        self._rank = encoder.pack([np.zeros((0,), np.int32)])["token_ids"].ndim

    def encode(self, texts: Any) -> tf.RaggedTensor:
        """Texts ``(n,)`` string to tokens, ragged ``(n, None)`` int32; no special tokens, nothing cut."""
        values, lengths = tf.numpy_function(self._tokens, [texts], (tf.int32, tf.int64), stateful=False)
        values.set_shape((None,))
        lengths.set_shape((None,))
        return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)

    def __call__(self, batch: Mapping[str, Any], training: bool, keys: Any) -> dict[str, Any]:
        """One batch of tokens as features.

        Args:
            batch: ``tokens``, ragged ``(batch, None)`` int32 as `encode` gives them.
            training: texts are not changed at random, so it changes nothing.
            keys: ``(batch, 2)`` int32, not used.

        Returns:
            ``token_ids`` int32 and ``padding_mask`` bool, both ``(batch, width)``, or ``(batch, windows, width)``, with
            the width of the longest row of the batch; and ``truncated`` ``(batch,)`` bool, which
            `ftsuite.data.pipeline.Pipeline` counts and takes off.
        """
        tokens = batch["tokens"]
        token_ids, mask, truncated = tf.numpy_function(
            self._pack, [tokens.values, tokens.row_lengths()], (tf.int32, tf.bool, tf.bool), stateful=False
        )
        for array in (token_ids, mask):
            array.set_shape((None,) * self._rank)
        truncated.set_shape((None,))
        return {"token_ids": token_ids, "padding_mask": mask, "truncated": truncated}

    def _tokens(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = self.encoder.tokens([text.decode("utf-8") for text in texts])
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        return np.concatenate([*rows, np.zeros((0,), np.int32)]).astype(np.int32), lengths

    def _pack(self, values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.split(values, np.cumsum(lengths)[:-1])
        packed = self.encoder.pack(rows)
        truncated = np.asarray(self.encoder.truncated(lengths), dtype=np.bool_)
        return packed["token_ids"].astype(np.int32), packed["padding_mask"].astype(np.bool_), truncated
