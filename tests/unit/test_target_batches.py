"""Batches of examples with targets: each example brings its own, in whatever order and by whatever path it comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.cached_batches import CachedPart, CachedPipeline
from ftsuite.data.pipeline import Pipeline

COUNT, OUTPUTS = 23, 2


def _examples() -> Examples:
    ids = tuple(str(number) for number in range(COUNT))
    numbers = np.arange(COUNT, dtype=np.float32)
    return Examples(
        ids,
        tuple("x" * (1 + number % 7) + f" {number}" for number in range(COUNT)),
        np.arange(COUNT, dtype=np.int64) % 3,
        ("low", "middle", "high"),
        ids,
        "text",
        targets=np.stack([numbers, -0.5 * numbers], axis=1),
        target_names=("a", "b"),
    )


def _encode(texts: Any) -> Any:
    return tf.strings.unicode_decode(texts, "UTF-8")


def _pipeline(kind: str) -> Pipeline:
    def single(element: Any, training: bool, key: Any) -> Any:
        return tf.cast(element["index"], tf.float32)[None]

    def batch(elements: Any, keys: Any) -> Any:
        return tf.cast(elements["index"], tf.float32)[:, None]

    def texts(elements: Any, training: bool, keys: Any) -> Any:
        return tf.cast(elements["index"], tf.float32)[:, None]

    return Pipeline(
        preprocess=texts if kind == "texts" else single,
        mix=lambda features, targets, key: (features, targets),
        num_classes=OUTPUTS,
        batch_size=4,
        seed=3,
        encode=_encode if kind == "texts" else None,
        preprocess_batch=batch if kind == "at once" else None,
        sampling="balanced" if kind == "sampled" else "natural",
    )


def _require_own(batches: Any, steps: int) -> None:
    found = list(batches)
    assert len(found) == steps
    for features, targets, weights in found:
        numbers = np.asarray(features).reshape(-1)
        np.testing.assert_array_equal(np.asarray(targets), np.stack([numbers, -0.5 * numbers], axis=1))
        assert targets.dtype == tf.float32
        np.testing.assert_array_equal(np.asarray(weights), np.ones(4, np.float32))


@pytest.mark.parametrize("kind", ["single", "at once", "texts", "sampled"])
def test_every_example_brings_its_targets(kind: str) -> None:
    pipeline, examples = _pipeline(kind), _examples()
    _require_own(pipeline.training_epoch(examples, 1), 5)
    _require_own(pipeline.training_epoch(examples, 1, 3), 2)


def test_kept_activations_have_the_same_targets() -> None:
    class Rows:
        def gather(self, rows: np.ndarray, *, width: int | None = None) -> dict[str, np.ndarray]:
            return {"made": rows[:, None].astype(np.float32)}

    rows = Rows()
    part = CachedPart(rows, COUNT, 1, {"made": (tf.float32, (1,))})
    cached = CachedPipeline(_pipeline("single"), part, None)
    batches = [(made["made"], *rest) for made, *rest in cached.training_epoch(_examples(), 2)]
    _require_own(batches, 5)


def test_classes_stay_one_hot() -> None:
    examples = replace(_examples(), targets=None, target_names=())
    pipeline = replace(_pipeline("single"), num_classes=3)
    for features, targets, _ in pipeline.training_epoch(examples, 0):
        labels = examples.labels[np.asarray(features).reshape(-1).astype(np.int64)]
        np.testing.assert_array_equal(np.asarray(targets), np.eye(3, dtype=np.float32)[labels])
