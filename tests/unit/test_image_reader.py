"""Training pictures inside tf.data: made one by one or a batch at a time, they are the same."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.image_options import Augmentation, Colour, CropResize, CutMix, Flip, ImageOptions, MixUp, RandAugment
from tests.found_pictures import picture

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs
tf = pytest.importorskip("tensorflow")

from ftsuite.data.image import ImageReader  # noqa: E402
from ftsuite.data.kept_pictures import KeptPictures  # noqa: E402
from ftsuite.data.pipeline import Pipeline  # noqa: E402

CROP, FLIP, COLOUR = ImageOptions().augment
RANDOM = RandAugment(name="rand-augment", layers=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    folder = tmp_path_factory.mktemp("files")
    paths = tuple(str(picture(folder / f"{n}.{end}")) for n in range(3) for end in ("jpg", "png", "gif"))
    decoders = np.array([path.endswith("gif") for path in paths], np.uint8)
    return Examples(paths, paths, np.arange(9) % 2, ("a", "b"), paths, "image-file", decoders=decoders)


def batches(examples: Examples, reader: ImageReader, at_once: bool) -> list[Any]:
    make = reader.batch if at_once and reader.training is not None else None
    pipeline = Pipeline(reader, reader.mix, 2, 4, 5, preprocess_batch=make)
    return list(pipeline.training_epoch(examples, 1).as_numpy_iterator())


def reader_of(augment: tuple[Augmentation, ...], kept: KeptPictures | None = None) -> ImageReader:
    import keras

    return ImageReader(24, 24, keras.layers.Resizing(24, 24), augment, kept)


@pytest.mark.parametrize(
    ("augment", "dtype"),
    [
        ((CROP, FLIP, COLOUR), np.uint8),
        ((COLOUR, CROP), np.uint8),
        ((CROP, RANDOM, FLIP), np.float32),
        ((CROP, COLOUR, Colour(name="colour", brightness=0.9)), np.float32),
        ((CROP, FLIP, MixUp(name="mixup"), CutMix(name="cutmix")), np.float32),
        ((FLIP, COLOUR), np.float32),
    ],
)
def test_batches_made_at_once_are_those_made_one_by_one(
    files: Examples, augment: tuple[Augmentation, ...], dtype: Any
) -> None:
    at_once, one_by_one = (batches(files, reader_of(augment), how) for how in (True, False))
    assert len(at_once) == 2
    for (features, targets, weights), (expected, expected_targets, _) in zip(at_once, one_by_one, strict=True):
        assert features.dtype == dtype
        assert features.shape == (4, 24, 24, 3)
        np.testing.assert_allclose(features, expected, atol=1e-3)
        np.testing.assert_allclose(targets, expected_targets, atol=1e-6)
        assert weights.shape == (4,)


def test_views_of_examples_and_a_later_start_are_made_at_once_too(files: Examples) -> None:
    reader = reader_of((CROP, FLIP, COLOUR))
    fast = Pipeline(reader, reader.mix, 2, 4, 5, preprocess_batch=reader.batch)
    slow = Pipeline(reader, reader.mix, 2, 4, 5)
    for one, other in zip(fast.fixed_batches(files, 3).dataset, slow.fixed_batches(files, 3).dataset, strict=True):
        np.testing.assert_array_equal(one, other)
    later = list(fast.training_epoch(files, 1, first_step=1).as_numpy_iterator())
    np.testing.assert_array_equal(later[0][0], batches(files, reader, True)[1][0])
    assert fast.augments(files)


def test_what_is_judged_is_decoded_exactly_whatever_is_kept(files: Examples) -> None:
    kept = KeptPictures()
    kept.keep_in_memory(2**30)
    plain, keeping = reader_of((CROP,)), reader_of((CROP,), kept)
    batches(files, keeping, True)
    for one, other in zip(
        Pipeline(keeping, keeping.mix, 2, 4, 5, preprocess_batch=keeping.batch).evaluation(files).dataset,
        Pipeline(plain, plain.mix, 2, 4, 5).evaluation(files).dataset,
        strict=True,
    ):
        assert one.dtype == tf.float32
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
def test_pictures_of_odd_shapes_are_made_into_something(tmp_path: Path, shape: tuple[int, int]) -> None:
    import cv2

    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.full((*shape, 3), 77, np.uint8))
    paths = (str(path),) * 8
    odd = Examples(paths, paths, np.zeros(8, np.int64), ("a", "b"), paths, "image-file")
    crop = CropResize(name="crop-resize", scale=(0.01, 1.0), ratio=(0.05, 20.0))
    for features, _, _ in batches(odd, reader_of((crop, Flip(name="flip"))), True):
        assert (features == 77).all()


def test_a_file_that_changed_is_named_in_the_middle_of_training(files: Examples, tmp_path: Path) -> None:
    path = picture(tmp_path / "lost.jpg")
    inputs = (*files.inputs[:7], str(path))
    some = Examples(
        inputs, inputs, np.zeros(8, np.int64), ("a", "b"), inputs, "image-file", decoders=files.decoders[:8]
    )
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(tf.errors.OpError, match=r"lost\.jpg"):
        batches(some, reader_of((CROP,)), True)


def test_what_is_kept_goes_with_its_run(files: Examples) -> None:
    import weakref

    kept = KeptPictures()
    kept.keep_in_memory(2**30)
    reader = reader_of((CROP, FLIP), kept)
    batches(files, reader, True)
    gone = weakref.ref(kept)
    del kept, reader
    gc.collect()
    assert gone() is None
