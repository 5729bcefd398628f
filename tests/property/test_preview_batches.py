"""A preview shows what an epoch of the run itself gives, for the examples that it shows."""

from __future__ import annotations

from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.pipeline import Pipeline
from ftsuite.data.preview_batches import spread_over_classes, training_views, whole_views

LABELS = np.arange(30) % 4


def examples() -> Examples:
    names = tuple(map(str, range(30)))
    texts = tuple(" ".join("w" * (1 + (7 * number) % 11)) for number in range(30))
    return Examples(names, texts, LABELS, ("a", "b", "c", "d"), names, "text")


def single(element: Any, training: bool, key: Any) -> Any:
    noise = tf.random.stateless_uniform((), key, 0.0, 0.5) if training else 0.0
    return tf.cast(element["index"], tf.float32) + noise


def batched(batch: Any, training: bool, keys: Any) -> Any:
    mask = tf.sequence_mask(batch["tokens"].row_lengths())
    return {"token_ids": batch["index"], "padding_mask": mask, "truncated": tf.zeros_like(batch["index"], tf.bool)}


def encode(texts: Any) -> Any:
    return tf.ragged.map_flat_values(tf.strings.length, tf.strings.split(texts))


def test_single_examples_are_those_of_the_epoch() -> None:
    pipeline = Pipeline(single, lambda f, t, k: (f, t), 4, 6, 9)
    run = np.concatenate([x.numpy() for x, _, _ in pipeline.training_epoch(examples(), 2)])
    chosen = np.array([7, 3, 29, 11])
    features, targets = training_views(pipeline, examples(), chosen, 2)
    assert set(features) <= set(run)
    np.testing.assert_array_equal(np.floor(features), chosen)
    np.testing.assert_array_equal(targets.argmax(axis=1), LABELS[chosen])


def test_texts_come_back_in_the_order_asked_for() -> None:
    pipeline = Pipeline(batched, lambda f, t, k: (f, t), 4, 6, 9, encode=encode)
    chosen = np.array([10, 3, 29, 11])
    features, targets = training_views(pipeline, examples(), chosen, 0)
    np.testing.assert_array_equal(features["token_ids"], chosen)
    np.testing.assert_array_equal(targets.argmax(axis=1), LABELS[chosen])
    whole = whole_views(pipeline, examples(), chosen)
    lengths = [len(examples().inputs[position].split()) for position in chosen]
    np.testing.assert_array_equal(whole["padding_mask"].sum(axis=1), lengths)
    assert "truncated" in whole


@hypothesis.given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_each_class_comes_before_a_second_of_any(labels: list[int], count: int, seed: int) -> None:
    chosen = spread_over_classes(np.array(labels), count, seed)
    assert len(chosen) == len(set(chosen)) == min(count, len(labels))
    shown = np.bincount(np.array(labels)[chosen], minlength=7)
    there = np.bincount(labels, minlength=7)
    left = shown < there
    # Who has more to show is at most one behind who shows most.
    assert not left.any() or shown[left].min() >= shown.max() - 1
    assert (np.diff(np.array(labels)[chosen]) >= 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_another_seed_chooses_others(seed: int) -> None:
    chosen = spread_over_classes(LABELS, 8, seed)
    assert list(chosen) == list(spread_over_classes(LABELS, 8, seed))
    assert list(chosen) != list(spread_over_classes(LABELS, 8, seed + 1))
