"""Order and augmentation are pure functions of (seed, epoch, example)."""

from __future__ import annotations

from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data import augment
from ftsuite.data.image_options import Colour, CropResize, CutMix, Flip, MixUp, RandAugment
from ftsuite.data.kept_pictures import KeptPictures
from ftsuite.data.pipeline import Pipeline, balanced_class_weights, epoch_order
from ftsuite.data.training_pictures import TrainingPictures


def _examples(count: int) -> Examples:
    return Examples(
        ids=tuple(f"{number:04d}" for number in range(count)),
        inputs=tuple(str(number) for number in range(count)),
        labels=np.arange(count) % 3,
        class_names=("a", "b", "c"),
        content_hashes=tuple(f"{number:064d}" for number in range(count)),
        kind="text",
    )


def _noisy(element: Any, training: bool, key: Any) -> Any:
    number = tf.strings.to_number(element["input"])
    return number + (tf.random.stateless_uniform((), key) if training else 0.0)


def _pipeline(batch_size: int = 4, seed: int = 0, weights: np.ndarray | None = None) -> Pipeline:
    return Pipeline(_noisy, lambda features, targets, key: (features, targets), 3, batch_size, seed, weights)


@hypothesis.given(st.integers(1, 300), st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_order_is_a_permutation_and_repeats_itself(count: int, seed: int, epoch: int) -> None:
    order = epoch_order(count, seed, epoch)
    assert sorted(order) == list(range(count))
    assert (order == epoch_order(count, seed, epoch)).all()


def test_an_epoch_can_be_made_again_alone_and_differs_from_the_next() -> None:
    def epoch(number: int) -> np.ndarray:
        batches = _pipeline().training_epoch(_examples(40), number)
        return np.concatenate([features.numpy() for features, _, _ in batches])

    np.testing.assert_array_equal(epoch(3), epoch(3))
    assert not np.array_equal(epoch(3), epoch(4))


def test_augmentation_belongs_to_the_example_and_not_to_its_place() -> None:
    """Another batch size changes the places of all examples and must not change what they become."""

    def by_example(batch_size: int) -> dict[int, float]:
        batches = _pipeline(batch_size).training_epoch(_examples(24), 1)
        values = np.concatenate([features.numpy() for features, _, _ in batches])
        return {int(value): value for value in values}

    assert by_example(4) == by_example(12)


def test_partial_training_batches_are_dropped_and_evaluation_keeps_all() -> None:
    pipeline = _pipeline(batch_size=7)
    examples = _examples(17)
    assert [len(features) for features, _, _ in pipeline.training_epoch(examples, 0)] == [7, 7]
    assert pipeline.steps_per_epoch(examples) == 2
    batches = pipeline.evaluation(examples)
    values = np.concatenate([features.numpy() for features in batches.dataset])
    np.testing.assert_array_equal(values, np.arange(17, dtype=np.float32))
    np.testing.assert_array_equal(batches.order, np.arange(17))
    assert batches.token_counts() is None
    assert pipeline.token_counts(2) is None


def test_fewer_examples_than_a_batch_still_train() -> None:
    assert [len(features) for features, _, _ in _pipeline(batch_size=32).training_epoch(_examples(5), 0)] == [5]


def test_balanced_weights_have_mean_one_over_the_examples() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    weights = balanced_class_weights(labels, 3)
    assert weights[labels].mean() == pytest.approx(1.0)
    assert weights[1] == pytest.approx(4 * weights[0])
    assert weights[2] == 0.0
    _, targets, sample_weights = next(iter(_pipeline(weights=weights).training_epoch(_examples(8), 0)))
    np.testing.assert_allclose(sample_weights, targets.numpy() @ weights)


PICTURE = np.random.default_rng(0).integers(0, 256, (48, 40, 3), np.uint8)
EVERYTHING = (
    CropResize(name="crop-resize"),
    Flip(name="flip"),
    Colour(name="colour"),
    RandAugment(name="rand-augment", layers=3, magnitude=10.0),
)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)))
def test_augmented_pictures_keep_shape_and_range_and_repeat_themselves(key: tuple[int, int]) -> None:
    made = TrainingPictures(32, EVERYTHING, KeptPictures())

    def once() -> np.ndarray:
        images = made.augmented([PICTURE], np.array([key], np.int32))
        image = tf.cast(images[0], tf.float32)
        return augment.augment_image(image, EVERYTHING, tf.constant(key, tf.int32), 3).numpy()

    first = once()
    assert first.shape == (32, 32, 3)
    assert np.isfinite(first).all()
    assert first.min() >= 0.0
    assert first.max() <= 255.0 + 1e-3
    np.testing.assert_array_equal(first, once())


@pytest.mark.parametrize("mixer", [MixUp(name="mixup", alpha=1.0), CutMix(name="cutmix", probability=1.0)])
def test_mixing_keeps_targets_sums_and_matches_pixels(mixer: MixUp | CutMix) -> None:
    """Pictures of one value each: the share of a partner's pixels is its share of the target."""
    images = tf.ones((4, 32, 32, 3)) * tf.reshape(tf.constant([0.0, 1.0, 2.0, 3.0]), (4, 1, 1, 1))
    targets = tf.one_hot([0, 1, 2, 3], 4)
    mixed, mixed_targets = augment.mix_batch(images, targets, (mixer,), tf.constant([3, 4], tf.int32))
    np.testing.assert_allclose(mixed_targets.numpy().sum(axis=1), 1.0, atol=1e-6)
    means = mixed.numpy().mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, mixed_targets.numpy() @ np.arange(4.0), atol=1e-4)
    assert not np.allclose(mixed, images)


def test_no_mixer_changes_nothing() -> None:
    images, targets = tf.ones((2, 4, 4, 3)), tf.one_hot([0, 1], 2)
    mixed, mixed_targets = augment.mix_batch(images, targets, EVERYTHING, tf.constant([1, 2], tf.int32))
    assert mixed is images
    assert mixed_targets is targets
