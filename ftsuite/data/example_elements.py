"""Examples as elements of tf.data: one by one, or cut into batches already."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.asked_targets import target_columns
from ftsuite.data.text_batches import read_inputs

Columns = Mapping[str, np.ndarray]

# Added to the epoch's number of a key for each time that an example came before; odd, so that no two agree.
REPEAT_STEP = 0x3C6EF35F
_READ_TOGETHER = 1024
_RECORD_BLOCKS_AT_ONCE = 4


def keys_of(first: int, repeats: np.ndarray, order: np.ndarray) -> np.ndarray:
    """``(n, 2)`` int32, the keys of examples: the first number of each and the index."""
    return np.stack([first + repeats * REPEAT_STEP, order], axis=1).astype(np.int32)


def _columns(examples: Examples, order: np.ndarray, more: Columns) -> dict[str, np.ndarray]:
    decoders = examples.decoders if examples.decoders is not None else np.zeros(len(examples), np.uint8)
    columns = {"decoder": decoders[order], "label": examples.labels[order], "index": order}
    return {**columns, **target_columns(examples, order), **more}


def whole_batches(examples: Examples, order: np.ndarray, size: int, more: Columns) -> tf.data.Dataset:
    """Elements ``(size,)`` each, a last partial batch left out. Arguments as of `elements`."""
    if hasattr(examples.inputs, "take"):
        return elements(examples, order, more).batch(size, drop_remainder=True)
    # Cut here: TensorFlow takes longer to put a batch together, one example after the other, than to hand it over.
    steps = len(order) // size
    columns = {"input": np.asarray(examples.inputs, dtype=object)[order], **_columns(examples, order, more)}
    return tf.data.Dataset.from_tensor_slices(
        {name: column[: steps * size].reshape(steps, size, *column.shape[1:]) for name, column in columns.items()}
    )


def elements(examples: Examples, order: np.ndarray, more: Columns = MappingProxyType({})) -> tf.data.Dataset:
    """Examples one by one: their ``input``, maybe ``contents``, ``decoder``, ``label``, ``index`` and what is added.

    Args:
        examples: any.
        order: ``(n,)`` int64, which of them, in order.
        more: columns ``(n, …)`` of further names.
    """
    columns = _columns(examples, order, more)
    if not hasattr(examples.inputs, "take"):
        return tf.data.Dataset.from_tensor_slices(
            {"input": np.asarray(examples.inputs, dtype=object)[order], **columns}
        )

    contents = getattr(examples.inputs, "contents", None)

    def read(positions: np.ndarray) -> list[np.ndarray]:
        found = [read_inputs(examples, positions)]
        return found if contents is None else [*found, np.asarray(contents(positions), dtype=object)]

    names = ("input",) if contents is None else ("input", "contents")

    def with_texts(batch: dict[str, Any]) -> dict[str, Any]:
        texts = tf.numpy_function(read, [batch["index"]], [tf.string] * len(names))
        for text in texts:
            text.set_shape((None,))
        return {**dict(zip(names, texts, strict=True)), **batch}

    # What is no tuple is read a block at a time, when it is asked for; of records several blocks at once.
    together = getattr(examples.inputs, "rows_together", _READ_TOGETHER)
    at_once = 1 if contents is None else _RECORD_BLOCKS_AT_ONCE
    blocks = tf.data.Dataset.from_tensor_slices(columns).batch(together)
    found = blocks.map(with_texts, num_parallel_calls=at_once).unbatch()
    return found.apply(tf.data.experimental.assert_cardinality(len(order)))
