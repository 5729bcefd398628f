"""Every augmentation of single pictures: pure in its key, in range, and what its name says."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from ftsuite.config import load_config
from ftsuite.data import augment, image_options
from ftsuite.data.augmentations import geometric_options as geometry
from ftsuite.data.augmentations import pixel_options as pixels
from ftsuite.data.augmentations.hue import turn_hue
from ftsuite.data.augmentations.table import OPERATIONS
from ftsuite.data.image_options import Colour, Flip, ImageOptions
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry

PICTURE = np.random.default_rng(0).uniform(0, 255, size=(40, 40, 3)).astype(np.float32)
# Large areas, on which a warp or a blur can be told from noise.
SMOOTH = np.kron(np.random.default_rng(1).uniform(30, 225, size=(5, 5, 3)), np.ones((8, 8, 1))).astype(np.float32)
KEYS = st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1))
ONES = tuple(
    made(name=typing.get_args(made.model_fields["name"].annotation)[0], probability=1.0) for made in OPERATIONS
)


def applied(item: Any, key: tuple[int, int] = (3, 5), picture: np.ndarray = SMOOTH) -> np.ndarray:
    return augment.augment_image(tf.constant(picture), (item,), tf.constant(key, tf.int32)).numpy()


def listed() -> set[type]:
    union = typing.get_args(image_options.Augmentation)[0]
    return set(typing.get_args(union))


def test_what_is_registered_can_be_written_in_a_config() -> None:
    assert set(OPERATIONS) < listed()


@pytest.mark.parametrize("item", ONES, ids=lambda item: item.name)
def test_each_keeps_shape_and_range_repeats_itself_and_differs_between_keys(item: Any) -> None:
    made = [applied(item, (key, 7), PICTURE) for key in range(6)]
    for image in made:
        assert image.shape == PICTURE.shape
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert image.min() >= -1e-3
        assert image.max() <= 255.0 + 1e-3
    np.testing.assert_array_equal(made[0], applied(item, (0, 7), PICTURE))
    assert not all(np.allclose(image, PICTURE) for image in made), "it changes nothing"
    if item.name not in ("vertical-flip", "greyscale"):
        assert any(not np.array_equal(made[0], other) for other in made[1:]), "one key is as good as another"


@pytest.mark.parametrize("item", [*ONES, Flip(name="flip")], ids=lambda item: item.name)
def test_probability_zero_changes_nothing(item: Any) -> None:
    for key in range(4):
        np.testing.assert_array_equal(applied(item.model_copy(update={"probability": 0.0}), (key, 1)), SMOOTH)


def test_probability_is_the_share_of_pictures_that_change() -> None:
    item = geometry.VerticalFlip(name="vertical-flip", probability=0.3)
    tiny = tf.constant([[[0.0] * 3], [[1.0] * 3]])
    numbers = tf.data.Dataset.range(2000).map(
        lambda number: augment.augment_image(tiny, (item,), tf.stack([11, tf.cast(number, tf.int32)]))[0, 0, 0]
    )
    assert np.mean(list(numbers.as_numpy_iterator())) == pytest.approx(0.3, abs=0.04)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(KEYS)
def test_a_long_list_holds_together(key: tuple[int, int]) -> None:
    image = augment.augment_image(tf.constant(PICTURE), ONES, tf.constant(key, tf.int32)).numpy()
    assert image.shape == PICTURE.shape
    assert np.isfinite(image).all()
    assert -1e-3 <= image.min() <= image.max() <= 255.0 + 1e-3


def test_quarter_turns_are_numpys_and_all_four_come() -> None:
    item = geometry.QuarterTurns(name="rotate-90")
    seen = set()
    for key in range(24):
        image = applied(item, (key, 0), PICTURE)
        seen |= {turns for turns in range(4) if np.array_equal(image, np.rot90(PICTURE, turns))}
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "item",
    [
        geometry.Rotate(name="rotate", degrees=0.0),
        geometry.Affine(name="affine", degrees=0.0, translate=0.0, scale=(1.0, 1.0), shear=0.0),
        geometry.Perspective(name="perspective", distortion=0.0, probability=1.0),
        pixels.Gamma(name="gamma", gamma=(1.0, 1.0)),
        pixels.Noise(name="noise", deviation=(0.0, 0.0), probability=1.0),
        pixels.Sharpness(name="sharpness", amount=0.0),
        Colour(name="colour", brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0),
    ],
    ids=lambda item: item.name,
)
def test_the_smallest_range_leaves_the_picture(item: Any) -> None:
    np.testing.assert_allclose(applied(item), SMOOTH, atol=0.05)


def test_a_turn_goes_about_the_centre_and_fills_its_corners() -> None:
    cross = np.zeros((41, 41, 3), np.float32)
    cross[20, 20] = 255.0
    item = geometry.Rotate(name="rotate", degrees=180.0, fill="grey")
    image = applied(item, (1, 2), cross)
    np.testing.assert_allclose(image[20, 20], 255.0, atol=1.0)
    reflected = applied(item.model_copy(update={"fill": "reflect"}), (1, 2), cross)
    assert (np.abs(image - 128.0) < 1.0).any()
    assert not (np.abs(reflected - 128.0) < 1.0).any()


def test_moves_are_a_share_of_the_side() -> None:
    item = geometry.Affine(name="affine", degrees=0.0, translate=0.25, scale=(1.0, 1.0), shear=0.0, fill="grey")
    bright = np.full((40, 40, 3), 255.0, np.float32)
    filled = [1.0 - (applied(item, (key, 0), bright) > 250.0).mean() for key in range(40)]
    assert max(filled) <= 1.0 - 0.75 * 0.75 + 0.06
    assert max(filled) > 0.25


def test_colour_operations() -> None:
    grey = applied(pixels.Greyscale(name="greyscale", probability=1.0))
    assert np.ptp(grey, axis=-1).max() < 1e-3
    luminance = np.array([0.299, 0.587, 0.114])
    turned = turn_hue(tf.constant(SMOOTH), 0.5, tf.constant([1, 2], tf.int32)).numpy()
    np.testing.assert_allclose(turned @ luminance, SMOOTH @ luminance, atol=0.05)
    assert np.abs(turned - SMOOTH).max() > 5.0
    dark = applied(pixels.Gamma(name="gamma", gamma=(2.0, 2.0)))
    assert (dark <= SMOOTH + 1e-3).all()


def test_blur_smooths_and_keeps_the_mean_inside() -> None:
    image = applied(pixels.Blur(name="blur", sigma=(2.0, 2.0), probability=1.0), picture=PICTURE)
    assert image.std() < 0.3 * PICTURE.std()
    assert image.mean() == pytest.approx(PICTURE.mean(), abs=4.0)


def test_lower_quality_loses_more() -> None:
    def error(quality: int) -> float:
        item = pixels.Jpeg(name="jpeg", quality=(quality, quality), probability=1.0)
        return float(np.abs(applied(item) - SMOOTH).mean())

    assert error(10) > 2 * error(95)


@pytest.mark.parametrize("fill", ["noise", "grey"])
def test_the_hidden_box_is_one_box_of_the_given_share(fill: typing.Literal["noise", "grey"]) -> None:
    item = pixels.Erasing(name="erasing", area=(0.2, 0.3), ratio=(0.5, 2.0), fill=fill, probability=1.0)
    for key in range(12):
        hidden = (applied(item, (key, 3)) != SMOOTH).any(axis=-1)
        rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
        assert hidden[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert 0.15 <= hidden.mean() <= 0.36


def test_trivial_augment_draws_every_operation_and_goes_further_in_the_wide_space() -> None:
    wide = pixels.TrivialAugment(name="trivial-augment")
    draws = OPERATIONS[pixels.TrivialAugment].draw
    numbers = [draws(wide, tf.constant([key, 1], tf.int32)).numpy() for key in range(300)]
    assert {int(number) for number, _, _ in numbers} == set(range(13))
    assert {sign for _, _, sign in numbers} == {-1.0, 1.0}
    standard = wide.model_copy(update={"space": "standard"})
    change = OPERATIONS[pixels.TrivialAugment].change
    # The least contrast: a hundredth of it is left, and a tenth.
    amounts = tf.constant([3.0, 1.0, -1.0])
    left = [change(tf.constant(SMOOTH), item, amounts, None).numpy().std() / SMOOTH.std() for item in (wide, standard)]
    assert left == pytest.approx([0.01, 0.1], rel=0.05)


def options(*names: str) -> ImageOptions:
    return ImageOptions.model_validate_json('{"augment": [' + ", ".join(f'{{"name": "{n}"}}' for n in names) + "]}")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("mixup", "crop-resize"), "must end with `mixup`"),
        (("crop-resize", "flip", "crop-resize"), "can hold `crop-resize` once"),
        (("flip", "crop-resize"), "must begin with `crop-resize`"),
        (("crop-resize", "cutmix", "colour"), "must end with `cutmix`"),
        (("mixup", "mixup"), "can hold `mixup` once"),
    ],
)
def test_an_order_that_cannot_be_kept_is_refused(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        options(*names)
    assert said in str(caught.value.errors()[0]["ctx"]["statement"])


def test_orders_that_can_be_kept() -> None:
    assert len(options("crop-resize", "erasing", "flip", "erasing", "mixup", "cutmix").augment) == 6
    assert options().augment == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('{"name": "rotate", "degrees": 181}', "less than or equal to 180"),
        ('{"name": "jpeg", "quality": [90, 40]}', "the lower first. Received: [90, 40]"),
        ('{"name": "blur", "sigma": [0, 1]}', "from 0.05 to 5"),
        ('{"name": "noise", "deviation": [0, NaN]}', "from 0 to 128"),
        ('{"name": "erasing", "area": [0.1, 1.5]}', "from 0.001 to 1"),
        ('{"name": "flip", "probability": -0.1}', "greater than or equal to 0"),
        ('{"name": "colour", "hue": 0.6}', "less than or equal to 0.5"),
    ],
)
def test_ranges_are_checked(entry: str, said: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=None) as caught:
        ImageOptions.model_validate_json(f'{{"augment": [{entry}]}}')
    assert said in str(caught.value)


def test_a_config_is_told_the_place_and_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    entries = "{name: crop-resize}, {name: vertical-flp}"
    path.write_text(
        f"task: image-classification\ndata: {{source: field-guide}}\nbackbone: {{name: x}}\n"
        f"options:\n  augment: [{entries}]\n"
    )
    with pytest.raises(ConfigError, match="Did you mean `vertical-flip`") as caught:
        load_config(str(path), options_model=Registry.discover().options_model)
    assert "job.yaml:5:" in str(caught.value)
    wrong = "options.augment=[{name: flip}, {name: crop-resize}]"
    path.write_text(path.read_text().replace("vertical-flp", "flip"))
    with pytest.raises(ConfigError, match="Received: `flip` before it") as caught:
        load_config(str(path), [wrong], options_model=Registry.discover().options_model)
    assert "Move `crop-resize` to the front" in str(caught.value)
