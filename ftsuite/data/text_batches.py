"""From examples with texts to batches of tokens, chunk by chunk, with no more than a few chunks in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.asked_targets import TARGET
from ftsuite.data.length_batches import CHUNK_BATCHES

Encode = Callable[[Any], Any]
# Lengths of a chunk's texts and its number to the order of its rows.
Arrange = Callable[[np.ndarray, int], np.ndarray]


def read_inputs(examples: Examples, positions: np.ndarray) -> np.ndarray:
    """Inputs at the given positions as UTF-8, ``(n,)`` object; the same way for texts in memory and on disk."""
    take = getattr(examples.inputs, "take", None)
    chosen = take(positions) if take is not None else (examples.inputs[i] for i in positions)
    return np.asarray([text.encode("utf-8") for text in chosen], dtype=object)


def token_batches(
    examples: Examples,
    order: np.ndarray,
    batch_size: int,
    encode: Encode,
    arrange: Arrange,
    repeats: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Batches of tokens.

    Args:
        examples: with texts as inputs.
        order: ``(n,)`` int64 positions of the examples that are used, cut into chunks as they stand.
        batch_size: texts a batch; the last batch of the last chunk may hold fewer.
        encode: texts ``(n,)`` string to tokens, ragged ``(n, None)`` int32.
        arrange: the order of rows within a chunk.
        repeats: ``(n,)`` int64, how often each example came before in `order`; None for never.

    Returns:
        Elements ``tokens`` (ragged ``(batch, None)`` int32), ``label``, ``index`` and ``repeat`` (``(batch,)`` int64;
        `index` is the example's position), and ``target`` (``(batch, outputs)`` float32) where the examples have some.
    """

    targets = examples.targets

    # TensorFlow keeps every Python function that a graph calls for as long as the process lives. So the functions hold
    # nothing that is made anew each epoch: the order goes through the data set.
    def read(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return read_inputs(examples, positions), examples.labels[positions].astype(np.int64)

    def rows_of(lengths: np.ndarray, number: np.ndarray) -> np.ndarray:
        return arrange(lengths, int(number))

    def asked_for(positions: np.ndarray) -> np.ndarray:
        assert targets is not None, "asked for where there are some"
        return targets[positions].astype(np.float32, copy=False)

    def chunk(number: Any, columns: tuple[Any, Any]) -> dict[str, Any]:
        positions, repeated = columns
        texts, labels = tf.numpy_function(read, [positions], (tf.string, tf.int64))
        for column in (texts, labels):
            column.set_shape((None,))
        tokens = encode(texts)
        rows = tf.numpy_function(rows_of, [tokens.row_lengths(), number], tf.int64)
        rows.set_shape((None,))
        made = {
            "tokens": tf.gather(tokens, rows),
            "label": tf.gather(labels, rows),
            "index": tf.gather(positions, rows),
            "repeat": tf.gather(repeated, rows),
        }
        if targets is not None:
            asked = tf.numpy_function(asked_for, [made["index"]], tf.float32)
            asked.set_shape((None, targets.shape[1]))
            made[TARGET] = asked
        return made

    def batches(whole: dict[str, Any]) -> tf.data.Dataset:
        count = tf.shape(whole["label"], tf.int64)[0]
        starts = tf.data.Dataset.range(0, count, batch_size)
        return starts.map(lambda start: {name: column[start : start + batch_size] for name, column in whole.items()})

    repeats = np.zeros(len(order), np.int64) if repeats is None else repeats
    columns = (order.astype(np.int64), repeats.astype(np.int64))
    chunks = tf.data.Dataset.from_tensor_slices(columns).batch(CHUNK_BATCHES * batch_size)
    dataset = chunks.enumerate().map(chunk, num_parallel_calls=1).prefetch(1).flat_map(batches)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-len(order) // batch_size)))
