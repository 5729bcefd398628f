from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from ftsuite.data.colour_matrix import sample_colours
from ftsuite.data.counter_random import philox, uniforms
from ftsuite.data.crop_boxes import sample_boxes, shrink_factor, side_needed
from ftsuite.data.image_options import Colour, CropResize

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs

CROP = CropResize(name="crop-resize")


def keys_of(count: int, epoch: int = 77) -> np.ndarray:
    return np.stack([np.full(count, epoch), np.arange(count)], axis=1).astype(np.int32)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_the_generator_gives_the_published_answers(counter: str, key: str, expected: str) -> None:
    """The known answers that come with Random123, the authors' own library."""
    words = tuple(np.array([int(word, 16)], np.uint64) for word in counter.split())
    keys = np.array([[int(word, 16) for word in key.split()]], np.uint64).astype(np.uint32).astype(np.int32)
    assert [f"{word:08x}" for word in philox(words, keys)[0]] == expected.split()


def test_numbers_are_even_and_streams_and_blocks_have_nothing_in_common() -> None:
    columns = [uniforms(keys_of(4000), stream, block) for stream in (1, 2) for block in (0, 1)]
    for numbers in columns:
        for column in numbers.T:
            assert kstest(column, "uniform").pvalue > 1e-4
    together = np.corrcoef(np.concatenate(columns, axis=1).T) - np.eye(16)
    assert np.abs(together).max() < 0.08


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), min_size=1, max_size=8),
    st.tuples(st.floats(0.01, 1.0), st.floats(0.01, 1.0)).map(sorted),
    st.tuples(st.floats(0.2, 5.0), st.floats(0.2, 5.0)).map(sorted),
    st.integers(-(2**31), 2**31 - 1),
)
def test_a_box_lies_in_its_picture_with_its_area_and_ratio_within_bounds(
    sizes: list[tuple[int, int]], scale: list[float], ratio: list[float], epoch: int
) -> None:
    crop = CropResize(name="crop-resize", scale=tuple(scale), ratio=tuple(ratio))
    array = np.array(sizes, np.int64)
    boxes = sample_boxes(array, crop, keys_of(len(sizes), epoch))
    np.testing.assert_array_equal(boxes, sample_boxes(array, crop, keys_of(len(sizes), epoch)))
    for (tall, wide), (top, left, height, width) in zip(sizes, boxes.tolist(), strict=True):
        assert 0 <= top <= tall - height
        assert 0 <= left <= wide - width
        assert height > 0 and width > 0
        if (height, width) != (tall, wide):
            assert crop.scale[0] * tall * wide - 1e-6 <= height * width <= crop.scale[1] * tall * wide + 1e-6
            assert (width - 0.5) / height <= ratio[1] + 1e-6
            assert (width + 0.5) / height >= ratio[0] - 1e-6


def test_a_box_does_not_depend_on_the_pictures_beside_it() -> None:
    sizes = np.array([[100, 150], [30, 900], [227, 227]])
    alone = np.concatenate([sample_boxes(sizes[i : i + 1], CROP, keys_of(3)[i : i + 1]) for i in range(3)])
    np.testing.assert_array_equal(sample_boxes(sizes, CROP, keys_of(3)), alone)


def test_boxes_are_spread_as_tensorflow_spreads_them() -> None:
    import tensorflow as tf

    tall, wide, count = 300, 400, 1500

    def one(number: tf.Tensor) -> tf.Tensor:
        begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
            (tall, wide, 3),
            tf.zeros((1, 0, 4)),
            seed=tf.stack([3, number]),
            min_object_covered=0.0,
            aspect_ratio_range=CROP.ratio,
            area_range=CROP.scale,
            max_attempts=20,
            use_image_if_no_bounding_boxes=True,
        )
        return tf.concat([begin[:2], extent[:2]], 0)

    theirs = np.array(list(tf.data.Dataset.range(count, output_type=tf.int32).map(one).as_numpy_iterator()))
    ours = sample_boxes(np.full((count, 2), (tall, wide)), CROP, keys_of(count))
    for measure in (
        lambda boxes: boxes[:, 2] * boxes[:, 3],
        lambda boxes: boxes[:, 3] / boxes[:, 2],
        lambda boxes: boxes[:, 0] + boxes[:, 2] / 2,
        lambda boxes: boxes[:, 1] + boxes[:, 3] / 2,
    ):
        assert ks_2samp(measure(ours), measure(theirs)).pvalue > 1e-3


def test_a_picture_that_no_ratio_fits_is_taken_whole() -> None:
    crop = CropResize(name="crop-resize", scale=(0.9, 1.0), ratio=(1.0, 1.0))
    assert sample_boxes(np.array([[10, 1000]]), crop, keys_of(1)).tolist() == [[0, 0, 10, 1000]]


def test_pictures_are_shrunk_only_as_far_as_their_smallest_crop_allows() -> None:
    needed = side_needed(224, CROP)
    assert needed == 341
    assert [shrink_factor(side, 4000, needed) for side in (375, 681, 682, 1363, 1364, 2728, 9000)] == [
        1, 1, 2, 2, 4, 8, 8,
    ]  # fmt: skip
    smallest = 1364 / 4 * np.sqrt(CROP.scale[0])
    assert smallest >= 0.9 * 224


def test_colours_change_as_the_three_steps_do_one_by_one() -> None:
    import tensorflow as tf

    from ftsuite.data import augment

    colour = Colour(name="colour", brightness=0.3, contrast=0.4, saturation=0.5)
    image = np.random.default_rng(0).integers(90, 160, (12, 9, 3)).astype(np.float32)
    key = np.array([[11, 5]], np.int32)
    matrix = sample_colours(colour, uniforms(key, 2)).of(0, tuple(image.mean(axis=(0, 1))))
    ours = np.clip(image @ matrix[:, :3].T + matrix[:, 3], 0.0, 255.0)
    amounts = 2.0 * uniforms(key, 2)[0, :3] - 1.0

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tf.random, "stateless_uniform", lambda *_: tf.constant(amounts, tf.float32))
        theirs = augment.augment_image(tf.constant(image), (colour,), tf.constant(key[0])).numpy()
    np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_colour_amounts_are_even_and_within_their_bounds() -> None:
    colour = Colour(name="colour", brightness=0.2, contrast=0.0, saturation=0.0)
    brightness = sample_colours(colour, uniforms(keys_of(3000), 2)).matrices[:, 0, 3] / 255.0
    assert kstest(brightness, "uniform", args=(-0.2, 0.4)).pvalue > 1e-4
