"""What the accelerator makes of drawn numbers is what the CPU makes of the same keys."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.data import augment
from ftsuite.data.accelerator_augment import AMOUNTS, DrawnAugmentation, split_list
from ftsuite.data.augmentations import geometric_options as geometry
from ftsuite.data.augmentations import pixel_options as pixels
from ftsuite.data.image_options import Colour, CropResize, CutMix, Flip, MixUp, RandAugment
from ftsuite.models.accelerator_augment import CHANGES, AugmentPictures, in_front

SIZE = 36
PICTURES = np.kron(np.random.default_rng(1).uniform(20, 235, (6, 9, 9, 3)), np.ones((1, 4, 4, 1))).astype(np.float32)
KEYS = tf.constant([[7, number] for number in range(6)], tf.int32)

EVERY: tuple[Any, ...] = (
    Flip(name="flip"),
    geometry.VerticalFlip(name="vertical-flip"),
    geometry.QuarterTurns(name="rotate-90"),
    geometry.Rotate(name="rotate", degrees=170.0),
    geometry.Rotate(name="rotate", degrees=60.0, fill="grey"),
    geometry.Affine(name="affine", degrees=40.0, shear=30.0, translate=0.5, scale=(0.5, 2.0)),
    geometry.Perspective(name="perspective", distortion=0.7, probability=0.8),
    Colour(name="colour", brightness=0.3, hue=0.4),
    pixels.Greyscale(name="greyscale", probability=0.5),
    pixels.Gamma(name="gamma"),
    pixels.Sharpness(name="sharpness", amount=1.0),
    pixels.Blur(name="blur", sigma=(0.3, 3.0)),
    pixels.Erasing(name="erasing", fill="grey", probability=0.7),
)


def by_cpu(items: tuple[Any, ...]) -> np.ndarray:
    rows = zip(PICTURES, KEYS, strict=True)
    return np.stack([augment.augment_image(tf.constant(picture), items, key).numpy() for picture, key in rows])


def drawn(items: tuple[Any, ...]) -> DrawnAugmentation:
    host, _ = split_list(items)

    def read(element: Any, training: bool, key: Any) -> Any:
        return augment.augment_image(element, host, key)

    return DrawnAugmentation(items, SIZE, read)


def features_of(items: tuple[Any, ...]) -> dict[str, np.ndarray]:
    made = drawn(items)
    rows = [made.preprocess(tf.constant(picture), True, key) for picture, key in zip(PICTURES, KEYS, strict=True)]
    return {name: np.stack([row[name].numpy() for row in rows]) for name in rows[0]}


def layer_of(items: tuple[Any, ...]) -> AugmentPictures:
    return AugmentPictures([(item, AMOUNTS[type(item)]) for item in split_list(items)[1] if type(item) in AMOUNTS])


def test_what_can_be_drawn_can_be_made() -> None:
    names = {made.model_fields["name"].annotation.__args__[0] for made in AMOUNTS}
    assert names == set(CHANGES)
    assert {type(item) for item in EVERY} == set(AMOUNTS)


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item.name)
def test_each_change_is_that_of_the_cpu(item: Any) -> None:
    made = keras.ops.convert_to_numpy(layer_of((item,))(features_of((item,))))
    np.testing.assert_allclose(made, by_cpu((item,)), atol=0.2)
    assert not np.allclose(made, PICTURES, atol=1.0)


def test_a_whole_list_and_what_stands_before_it() -> None:
    items = (
        CropResize(name="crop-resize"),
        RandAugment(name="rand-augment"),
        Flip(name="flip"),
        Colour(name="colour", hue=0.1),
        geometry.Rotate(name="rotate"),
        pixels.Erasing(name="erasing", fill="grey"),
    )
    assert [item.name for item in split_list(items)[0]] == ["crop-resize", "rand-augment"]
    made = keras.ops.convert_to_numpy(layer_of(items)(features_of(items)))
    np.testing.assert_allclose(made, by_cpu(items), atol=0.5)


def test_what_a_cpu_alone_can_make_keeps_its_place() -> None:
    flip, jpeg = Flip(name="flip"), pixels.Jpeg(name="jpeg")
    assert split_list((flip, jpeg)) == ((flip, jpeg), ())
    assert split_list((flip, jpeg, flip)) == ((flip, jpeg), (flip,))


@pytest.mark.parametrize("seed", range(6))
def test_mixing_is_that_of_the_cpu(seed: int) -> None:
    items = (MixUp(name="mixup", alpha=1.0, probability=0.8), CutMix(name="cutmix", probability=0.8))
    targets, key = tf.one_hot([0, 1, 2, 3, 0, 1], 4), tf.constant([11, seed], tf.int32)
    wanted, wanted_targets = augment.mix_batch(tf.constant(PICTURES), targets, items, key)
    features, mixed_targets = drawn(items).mix(
        {"image": PICTURES, "amounts": np.zeros((6, 0), np.float32)}, targets, key
    )
    made = keras.ops.convert_to_numpy(layer_of(items)(features))
    np.testing.assert_allclose(made, wanted, atol=0.05)
    np.testing.assert_allclose(mixed_targets, wanted_targets, atol=1e-5)


def test_noise_in_a_box_is_spread_over_the_range_and_differs_between_pictures() -> None:
    item = pixels.Erasing(name="erasing", area=(1.0, 1.0), ratio=(1.0, 1.0), probability=1.0)
    made = keras.ops.convert_to_numpy(layer_of((item,))(features_of((item,))))
    counts = np.histogram(made, bins=10, range=(0, 255))[0] / made.size
    np.testing.assert_allclose(counts, 0.1, atol=0.02)
    flat = made.reshape(6, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(6)).max() < 0.1
    assert abs(np.corrcoef(flat[0][:-1], flat[0][1:])[0, 1]) < 0.1


def test_the_model_behind_it_has_the_same_variables() -> None:
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image)))
    items = (Flip(name="flip"), MixUp(name="mixup"))
    fronted = in_front(layer_of(items), model, 1, True)
    assert [v.path for v in fronted.trainable_variables] == [v.path for v in model.trainable_variables]
    features, _ = drawn(items).mix(features_of(items), tf.one_hot([0] * 6, 2), tf.constant([1, 2], tf.int32))
    assert fronted.predict({name: np.asarray(value) for name, value in features.items()}, verbose=0).shape == (6, 2)


def test_a_batch_at_once_is_its_examples_one_by_one() -> None:
    items = (Flip(name="flip"), Colour(name="colour"), geometry.Affine(name="affine"), MixUp(name="mixup"))

    def read(element: Any, training: bool, key: Any) -> Any:
        return element

    made = DrawnAugmentation(items, SIZE, read, 2, lambda elements, keys: elements)
    at_once = made.preprocess_batch(PICTURES, KEYS)
    single = np.stack([made.preprocess(PICTURES[0], True, key)["amounts"] for key in KEYS])
    np.testing.assert_array_equal(at_once["amounts"], single)
    assert made.count == single.shape[1] == 9, "the first two are the CPU's"
