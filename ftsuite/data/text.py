"""From texts to the arrays that a text model sees, inside tf.data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ftsuite.data.text_augment import TextChanges


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
        changes: random changes of training texts; None for none.
    """

    def __init__(self, encoder: Encoder, changes: TextChanges | None = None) -> None:
        self.encoder = encoder
        self.changes = changes
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
            training: whether to change texts at random.
            keys: ``(batch, 2)`` int32.

        Returns:
            ``token_ids`` int32 and ``padding_mask`` bool, both ``(batch, width)``, or ``(batch, windows, width)``, with
            the width of the longest row of the batch; and ``truncated`` ``(batch,)`` bool, which
            `ftsuite.data.pipeline.Pipeline` counts and takes off.
        """
        tokens = batch["tokens"]
        if training and self.changes is not None:
            tokens = self._changed(tokens, keys)
        token_ids, mask, truncated = tf.numpy_function(
            self._pack, [tokens.values, tokens.row_lengths()], (tf.int32, tf.bool, tf.bool), stateful=False
        )
        for array in (token_ids, mask):
            array.set_shape((None,) * self._rank)
        truncated.set_shape((None,))
        return {"token_ids": token_ids, "padding_mask": mask, "truncated": truncated}

    def _changed(self, tokens: tf.RaggedTensor, keys: Any) -> tf.RaggedTensor:
        inputs = [tokens.values, tokens.row_lengths(), keys]
        values, lengths = tf.numpy_function(self._change, inputs, (tf.int32, tf.int64), stateful=False)
        values.set_shape((None,))
        lengths.set_shape((None,))
        return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)

    def _change(self, values: np.ndarray, lengths: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self.changes is not None
        rows = np.split(values, np.cumsum(lengths)[:-1])
        return _joined([self.changes(row, key) for row, key in zip(rows, keys, strict=True)])

    def _tokens(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _joined(self.encoder.tokens([text.decode("utf-8") for text in texts]))

    def _pack(self, values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.split(values, np.cumsum(lengths)[:-1])
        packed = self.encoder.pack(rows)
        truncated = np.asarray(self.encoder.truncated(lengths), dtype=np.bool_)
        return packed["token_ids"].astype(np.int32), packed["padding_mask"].astype(np.bool_), truncated


def _joined(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All tokens one after the other, int32, and how many each row has, int64."""
    lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
    return np.concatenate([*rows, np.zeros((0,), np.int32)]).astype(np.int32), lengths
