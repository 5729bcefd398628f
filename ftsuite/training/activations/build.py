"""Computing activations: examples, or activations of an earlier boundary, through a trunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.pipeline import Pipeline
from ftsuite.training.activations.layouts import RowLayout
from ftsuite.training.activations.store import Activations, ActivationWriter

# Of each text, beside its activations: tokens that the model sees, tokens before truncation, whether some were lost.
TOKENS, LENGTH, TRUNCATED = "example_tokens", "example_length", "example_truncated"
META_LAYOUTS = (RowLayout(TOKENS, "int32", ()), RowLayout(LENGTH, "int32", ()), RowLayout(TRUNCATED, "bool", ()))
_SAMPLED = 64


@dataclass(frozen=True)
class Source:
    """What activations are computed from.

    Attributes:
        trunk: compiled; features, or activations of an earlier boundary, to tensors by name.
        pipeline: that makes features.
        examples: of one split.
        views: as `Pipeline.fixed_batches` takes them.
        rows: activations of an earlier boundary; None where the trunk takes features.
        padded_width: of texts: the width of a batch whose longest row has so many tokens.
    """

    trunk: Any
    pipeline: Pipeline
    examples: Examples
    views: Sequence[int | None]
    rows: Activations | None = None
    padded_width: Callable[[int], int] = int


def layouts_of(source: Source) -> tuple[list[RowLayout], float | None]:
    """What a row holds, and the mean number of tokens that the model sees; told from a first batch."""
    if source.rows is not None:
        made = _through(source.trunk, _gathered(source, np.arange(min(source.pipeline.batch_size, source.rows.count))))
        is_text = any(layout.name == TOKENS for layout in source.rows.layouts)
        lengths = source.rows.lengths
    else:
        count = min(_SAMPLED, len(source.examples))
        some = source.examples.take(np.linspace(0, len(source.examples) - 1, count).astype(np.int64))
        batches = source.pipeline.fixed_batches(some, source.views[0])
        batch = FeatureBatch.of(next(iter(batches.dataset.as_numpy_iterator())))
        made = _through(source.trunk, batch.features)
        is_text, lengths = batch.seen is not None, batch.seen
    layouts = [
        RowLayout(name, array.dtype.name, _row_shape(source.trunk.output[name].shape, array, is_text))
        for name, array in made.items()
    ]
    mean = float(np.mean(lengths)) if lengths is not None and len(lengths) else None
    return [*layouts, *(META_LAYOUTS if is_text else ())], mean


def write_from_examples(source: Source, writer: ActivationWriter, on_rows: Callable[[int], None]) -> np.ndarray:
    """Append what the trunk makes of the examples, view by view; gives the order for `ActivationWriter.finish`."""
    count, orders = len(source.examples), []
    for number, view in enumerate(source.views):
        batches, arrived = source.pipeline.fixed_batches(source.examples, view), 0
        for features in batches.dataset.as_numpy_iterator():
            batch = FeatureBatch.of(features)
            arrays = _through(source.trunk, batch.features)
            size = len(next(iter(arrays.values())))
            if batch.seen is not None:
                assert batches.noted is not None
                mine = batches.noted.examples[arrived : arrived + size]
                arrays[TOKENS] = batch.seen.astype(np.int32)
                arrays[LENGTH] = batches.noted.lengths[mine].astype(np.int32)
                arrays[TRUNCATED] = batch.truncated
            writer.append(arrays, batch.seen if _is_ragged(source, arrays) else None)
            arrived += size
            on_rows(number * count + arrived)
        orders.append(number * count + np.argsort(batches.order))
    return np.concatenate(orders)


def write_from_rows(source: Source, writer: ActivationWriter, on_rows: Callable[[int], None]) -> np.ndarray:
    """Append what the trunk makes of the rows of an earlier boundary, the longest first."""
    rows = source.rows
    assert rows is not None
    order = np.arange(rows.count) if rows.lengths is None else np.argsort(-rows.lengths, kind="stable")
    size = source.pipeline.batch_size
    for start in range(0, rows.count, size):
        mine = order[start : start + size]
        kept = _gathered(source, mine)
        arrays = _through(source.trunk, kept)
        arrays.update({layout.name: kept[layout.name] for layout in META_LAYOUTS if layout.name in kept})
        ragged = rows.lengths is not None and _is_ragged(source, arrays)
        writer.append(arrays, rows.lengths[mine] if ragged and rows.lengths is not None else None)
        on_rows(start + len(mine))
    return np.argsort(order)


@dataclass(frozen=True)
class FeatureBatch:
    """Features for the model, and of texts what else is known: tokens seen, and whether some were lost."""

    features: Any
    seen: np.ndarray | None
    truncated: np.ndarray

    @classmethod
    def of(cls, features: Any) -> FeatureBatch:
        """Take apart what `Pipeline.fixed_batches` gives."""
        if not isinstance(features, Mapping) or "padding_mask" not in features:
            return cls(features, None, np.zeros(0, np.bool_))
        features = dict(features)
        seen = np.asarray(features["padding_mask"]).sum(axis=-1).astype(np.int64)
        lost = np.asarray(features.pop("truncated", np.zeros(len(seen), np.bool_)))
        return cls(features, seen, lost)


def _through(trunk: Any, inputs: Any) -> dict[str, np.ndarray]:
    if isinstance(inputs, Mapping) and isinstance(trunk.input, Mapping):
        inputs = {name: inputs[name] for name in trunk.input}
    return {name: np.asarray(array) for name, array in trunk.predict_on_batch(inputs).items()}


def _gathered(source: Source, rows: np.ndarray) -> dict[str, np.ndarray]:
    assert source.rows is not None
    lengths = source.rows.lengths
    width = None if lengths is None else source.padded_width(int(lengths[rows].max()))
    return source.rows.gather(rows, width=width)


def _row_shape(symbolic: Any, array: np.ndarray, is_text: bool) -> tuple[int | None, ...]:
    """Of texts the axis that has no size of its own holds tokens; pictures have one size."""
    shape: tuple[int | None, ...] = array.shape[1:]
    return (None, *shape[1:]) if is_text and len(symbolic) > 1 and symbolic[1] is None else shape


def _is_ragged(source: Source, arrays: Mapping[str, np.ndarray]) -> bool:
    shapes = [source.trunk.output[name].shape for name in arrays if name in source.trunk.output]
    return any(len(shape) > 1 and shape[1] is None for shape in shapes)
