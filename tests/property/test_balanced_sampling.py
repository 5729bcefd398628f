"""Orders in which some examples come more often: exact in their counts, pure, and the same with kept activations."""

from __future__ import annotations

from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.balanced_sampling import Sampling, class_shares, sampled_epoch_order
from ftsuite.data.cached_batches import CachedPart, CachedPipeline
from ftsuite.data.pipeline import Pipeline, epoch_order, epoch_seed
from ftsuite.data.sampling_order import weighted_epoch_order

COUNTS = (120, 30, 6)
LABELS = np.repeat(np.arange(3), COUNTS)


def examples() -> Examples:
    count = len(LABELS)
    return Examples(
        ids=tuple(map(str, range(count))),
        inputs=tuple(" ".join("w" * (1 + number % 5)) for number in range(count)),
        labels=LABELS,
        class_names=("many", "some", "few"),
        content_hashes=tuple(map(str, range(count))),
        kind="text",
    )


@hypothesis.given(
    st.lists(st.floats(0, 100), min_size=1, max_size=200).filter(lambda weights: sum(weights) > 1e-3),
    st.integers(0, 2**32 - 1),
    st.integers(0, 50),
)
def test_each_comes_as_often_as_expected_rounded_down_or_up(weights: list[float], seed: int, epoch: int) -> None:
    order = weighted_epoch_order(np.array(weights), seed, epoch)
    assert order.dtype == np.int64
    expected = np.array(weights) * len(weights) / sum(weights)
    counts = np.bincount(order, minlength=len(weights))
    assert counts.sum() == len(weights)
    assert (counts >= np.floor(expected - 1e-6)).all()
    assert (counts <= np.ceil(expected + 1e-6)).all()
    np.testing.assert_array_equal(order, weighted_epoch_order(np.array(weights), seed, epoch))


def test_equal_weights_show_each_once_in_another_order_each_epoch() -> None:
    orders = [weighted_epoch_order(np.ones(50), 3, epoch) for epoch in range(4)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize(("sampling", "expected"), [("balanced", [52, 52, 52]), ("square-root", [91, 45, 20])])
def test_classes_come_by_the_power_of_their_size(sampling: Sampling, expected: list[int]) -> None:
    """Over some epochs, because within one the counts of examples are rounded."""
    orders = [sampled_epoch_order(LABELS, sampling, 0, epoch).positions for epoch in range(20)]
    shown = np.mean([np.bincount(LABELS[order], minlength=3) for order in orders], axis=0)
    np.testing.assert_allclose(shown, expected, rtol=0.05)
    np.testing.assert_allclose(shown / shown.sum(), class_shares(LABELS, 3, sampling), rtol=0.05)


def test_a_class_without_examples_has_no_share() -> None:
    np.testing.assert_allclose(class_shares(np.array([0, 0, 2]), 4, "balanced"), [0.5, 0, 0.5, 0])


def test_repeats_count_how_often_an_example_came_before() -> None:
    order, repeats = sampled_epoch_order(LABELS, "balanced", 1, 2)
    seen: dict[int, int] = {}
    for position, repeat in zip(order, repeats, strict=True):
        assert repeat == seen.get(position, 0)
        seen[position] = repeat + 1
    assert max(repeats) >= 7


def noisy(element: Any, training: bool, key: Any) -> Any:
    return tf.cast(element["index"], tf.float32) + tf.random.stateless_uniform((), key, 0.0, 0.5)


def pipeline(sampling: Sampling, batch_size: int = 8) -> Pipeline:
    return Pipeline(noisy, lambda features, targets, key: (features, targets), 3, batch_size, 5, sampling=sampling)


def test_an_example_that_comes_again_is_augmented_another_way() -> None:
    values = np.concatenate([x.numpy() for x, _, _ in pipeline("balanced").training_epoch(examples(), 1)])
    few = values[values >= 150]
    assert len(few) > 40
    assert len(np.unique(few)) > 0.9 * len(few)


def test_natural_sampling_has_the_order_and_the_keys_of_old() -> None:
    """Kept activations and runs to resume depend on them."""
    order = epoch_order(len(LABELS), 5, 2)[:8]
    features, targets, _ = next(iter(pipeline("natural").training_epoch(examples(), 2)))
    keys = [tf.constant([epoch_seed(5, 2), index], tf.int32) for index in order]
    wanted = [
        index + float(tf.random.stateless_uniform((), key, 0.0, 0.5)) for index, key in zip(order, keys, strict=True)
    ]
    np.testing.assert_allclose(features, wanted, rtol=1e-6)
    np.testing.assert_array_equal(targets.numpy().argmax(axis=1), LABELS[order])


def test_an_epoch_goes_on_from_any_step() -> None:
    whole = [x.numpy() for x, _, _ in pipeline("square-root").training_epoch(examples(), 3)]
    rest = [x.numpy() for x, _, _ in pipeline("square-root").training_epoch(examples(), 3, first_step=7)]
    np.testing.assert_array_equal(whole[7:], rest)
    positions = pipeline("square-root").batch_positions(examples(), 3, 7)
    np.testing.assert_array_equal(np.floor(rest[0]), positions)


class Rows:
    """Activations that say which row they are."""

    def gather(self, rows: np.ndarray, *, width: int | None = None) -> dict[str, np.ndarray]:
        return {"row": rows.astype(np.float32)}


@pytest.mark.parametrize("sampling", ["natural", "balanced"])
@pytest.mark.parametrize("is_text", [False, True])
def test_kept_activations_come_in_the_same_order(sampling: Sampling, is_text: bool) -> None:
    given = examples()
    lengths = np.array([len(text.split()) for text in given.inputs])
    made = pipeline(sampling)
    if is_text:

        def encode(texts: Any) -> Any:
            return tf.ragged.map_flat_values(lambda words: tf.strings.length(words), tf.strings.split(texts))

        def whole(batch: Any, training: bool, keys: Any) -> Any:
            return tf.cast(batch["index"], tf.float32)

        made = Pipeline(whole, made.mix, 3, 8, 5, encode=encode, sampling=sampling)
    part = CachedPart(Rows(), len(LABELS), 3, {"row": (np.float32, ())}, lengths if is_text else None)
    cached = CachedPipeline(made, part, None)
    kept = [x["row"].numpy() for x, _, _ in cached.training_epoch(given, 2, first_step=3)]
    seen = [np.floor(x.numpy()) for x, _, _ in made.training_epoch(given, 2, first_step=3)]
    np.testing.assert_array_equal(np.array(kept) % len(LABELS), seen)
    if sampling == "balanced":
        views = {(row % len(LABELS), row // len(LABELS)) for row in np.concatenate(kept) if row % len(LABELS) >= 150}
        assert len(views) == 18, "a repeated example shows all its views"
