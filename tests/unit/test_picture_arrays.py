"""Pictures that a task read as arrays become examples whose pictures are those arrays, to the last bit."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ftsuite.config import DataConfig, SourceEntry
from ftsuite.data import picture_arrays
from ftsuite.data.image_files import BadFile, scan_images
from ftsuite.errors import DataError, ResourceError
from ftsuite.families import examples_from_arrays, source_path

RNG = np.random.default_rng(0)
GREYS = RNG.integers(0, 256, (6, 9, 7), np.uint8)
NAMES = ("sea", "land/coast")
SPLITS = ("train", "test", "train", "train", "test", "train")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "pictures"


def test_greys_come_back_as_they_were_and_scans_agree() -> None:
    examples = examples_from_arrays(GREYS, np.arange(6) % 2, NAMES, splits=SPLITS)
    assert tuple(examples.ids) == (
        "train/00000",
        "test/00000",
        "train/00001",
        "train/00002",
        "test/00001",
        "train/00003",
    )
    assert examples.class_names == NAMES and examples.labels.tolist() == [0, 1] * 3
    assert examples.splits is not None and tuple(examples.splits) == SPLITS
    for place, info in enumerate(scan_images(list(examples.inputs))):
        assert not isinstance(info, BadFile)
        assert (info.width, info.height, info.mode, info.needs_pillow) == (7, 9, "L", False)
        assert info.sha256 == examples.content_hashes[place]
    assert examples.decoders is not None and not examples.decoders.any()


def test_tensorflow_reads_colours_of_several_sizes() -> None:
    import tensorflow as tf

    from ftsuite.data.image import read_image

    colours = [RNG.integers(0, 256, (size, 5, 3), np.uint8) for size in (4, 8)]
    examples = examples_from_arrays(colours, [1, 0], NAMES)
    assert tuple(examples.ids) == ("00000", "00001") and examples.splits is None
    inputs = tf.data.Dataset.from_tensor_slices((list(examples.inputs), examples.decoders)).map(read_image)
    for picture, read in zip(colours, inputs.as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(read, picture)


def test_pictures_are_written_once_and_anew_where_they_were_cut(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = examples_from_arrays(GREYS, [0, 1] * 3, NAMES)
    (archive,) = cache.glob("*.zip")
    whole = archive.read_bytes()
    with monkeypatch.context() as no_writing:
        no_writing.setattr(picture_arrays, "_write", None)
        # Other labels are no other pictures.
        assert examples_from_arrays(GREYS, [1, 0] * 3, NAMES).inputs == first.inputs
    os.truncate(archive, len(whole) // 2)
    assert examples_from_arrays(GREYS, [0, 1] * 3, NAMES).inputs == first.inputs
    assert archive.read_bytes() == whole
    (index,) = cache.glob("*.npy")
    index.write_bytes(b"\0" * index.stat().st_size)
    assert examples_from_arrays(GREYS, [0, 1] * 3, NAMES).inputs == first.inputs
    examples_from_arrays(255 - GREYS, [0, 1] * 3, NAMES)
    assert len(list(cache.glob("*.zip"))) == 2


def test_a_stopped_start_leaves_nothing_half_done(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopping, pytest.raises(KeyboardInterrupt):
        stopping.setattr(PIL.Image, "fromarray", stopped)
        examples_from_arrays(GREYS, [0, 1] * 3, NAMES)
    assert not list(cache.glob("*.zip")) and not list(cache.glob(".*.partial"))
    assert len(examples_from_arrays(GREYS, [0, 1] * 3, NAMES)) == 6


@pytest.mark.parametrize(
    ("pictures", "labels", "splits", "expected"),
    [
        ([], [], None, "Expected pictures. Received: none."),
        (GREYS / 255, [0, 1] * 3, None, "Received: (9, 7) float64 at 0."),
        (GREYS[:, None], [0, 1] * 3, None, "Received: (1, 9, 7) uint8 at 0."),
        ([GREYS[0].tolist()], [0], None, "Received: (9, 7) list at 0."),
        (GREYS, [0, 1], None, "Expected labels for 6 pictures, one each. Received: 2."),
        (GREYS, [0, 1] * 3, ["train"], "Expected splits for 6 pictures, one each. Received: 1."),
        (GREYS, [1, 2] * 3, None, "Expected labels from 0 to 1, a name for each. Received: [2]."),
        (GREYS, [-1, 0] * 3, None, "Received: [-1]."),
        (GREYS, [0, 1] * 3, ["dev"] * 6, "Expected splits to be train, validation, test. Received: ['dev']."),
        (GREYS, [0] * 6, None, "class"),
    ],
)
def test_what_does_not_fit_is_refused(pictures: object, labels: list[int], splits: object, expected: str) -> None:
    with pytest.raises(DataError) as error:
        examples_from_arrays(pictures, labels, NAMES, splits=splits)  # type: ignore[arg-type]
    assert expected in str(error.value)


def test_a_cache_that_cannot_be_written_is_told(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where a folder should be")
    with pytest.raises(ResourceError, match=r"FTSUITE_HOME"):
        examples_from_arrays(GREYS, [0, 1] * 3, NAMES)


def test_a_source_is_a_place_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pictures").mkdir()
    for text in (f"folder:{tmp_path}/pictures", str(tmp_path / "pictures"), "folder:~/pictures"):
        assert source_path(DataConfig(source=text)) == tmp_path / "pictures"
    with pytest.raises(DataError, match=r"(?s)that exists.*nearest name there is .*pictures"):
        source_path(DataConfig(source=f"folder:{tmp_path}/picturs"))
    several = (SourceEntry(source="folder:a"), SourceEntry(source="folder:b"))
    for source in ("field-guide", "asset:movie-reviews", several):
        with pytest.raises(DataError, match=r"one folder or file"):
            source_path(DataConfig(source=source))
