"""Pictures of the field guide: what they show, at which sizes, and that they stay what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ftsuite.data.field_guide import FieldGuide, example_id, examples, render
from ftsuite.data.field_guide.habitat import HABITATS
from ftsuite.errors import DataError

_SPECIES = FieldGuide.load().species


@pytest.mark.parametrize("size", [32, 33, 64, 100, 160, 224, 320, 512])
def test_pictures_have_the_size_asked_for(size: int) -> None:
    picture = render("train/blue-jay/00003", 0, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 8


def test_a_picture_shows_the_same_at_every_size() -> None:
    large = cv2.resize(render("test/great-tit/00001", 3, 320), (32, 32), interpolation=cv2.INTER_AREA).astype(float)
    for size in (64, 160):
        other = cv2.resize(render("test/great-tit/00001", 3, size), (32, 32), interpolation=cv2.INTER_AREA)
        assert np.abs(large - other).mean() < 8


@pytest.mark.parametrize("size", [0, 31, 513, -160, 160.0, "160", True, None])
def test_sizes_out_of_range_are_refused(size: object) -> None:
    with pytest.raises(DataError, match="Received"):
        render("train/blue-jay/00003", 0, size)  # type: ignore[arg-type]


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(DataError, match="dodo"):
        render("train/dodo/00003", 0, 64)


@pytest.mark.parametrize("species", _SPECIES, ids=lambda species: species.slug)
def test_every_species_draws_with_all_its_plumages(species: object) -> None:
    pictures = [render(example_id("train", species, index), 11, 64) for index in range(24)]  # type: ignore[arg-type]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_seed_and_split_change_the_picture() -> None:
    base = render("train/song-thrush/00000", 0, 64)
    assert not np.array_equal(base, render("train/song-thrush/00000", 1, 64))
    assert not np.array_equal(base, render("test/song-thrush/00000", 0, 64))


def test_red_birds_are_red_and_blue_birds_blue_amid_all_habitats() -> None:
    def mean(slug: str) -> np.ndarray:
        pictures = [render(f"train/{slug}/{index:05d}", 2, 64) for index in range(40)]
        return np.asarray(np.stack(pictures)[:, 20:44, 20:44].mean(axis=(0, 1, 2)))

    tanager, jay, starling = mean("summer-tanager"), mean("blue-jay"), mean("european-starling")
    assert tanager[0] - tanager[2] > jay[0] - jay[2] + 30
    assert jay.mean() > starling.mean()


def test_the_border_says_little_about_the_species() -> None:
    listed = examples(4, {"train": 20})
    border = np.stack([render(one, 4, 32)[:3].mean(axis=(0, 1)) for one in listed.ids])
    train = np.arange(len(border)) % 2 == 0
    means = np.stack([border[train & (listed.labels == label)].mean(axis=0) for label in range(24)])
    guess = np.argmin(((border[~train, None] - means[None]) ** 2).sum(-1), axis=1)
    # Chance is 1 in 24; 240 pictures give it a standard error of 0.013.
    assert (guess == listed.labels[~train]).mean() < 0.042 + 4 * 0.013


@pytest.mark.parametrize("habitat", sorted(HABITATS))
def test_habitats_are_textured_and_vary(habitat: str) -> None:
    pictures = [HABITATS[habitat](80, np.random.default_rng(seed)) for seed in range(3)]
    assert all(picture.shape == (80, 80, 3) and picture.std() > 2 for picture in pictures)
    assert not np.array_equal(pictures[0], pictures[1])


def test_golden_pictures_have_not_changed() -> None:
    """Averages over 8x8 parts, with room for another OpenCV's rounding, not for another drawing."""
    golden = json.loads((Path(__file__).parent / "test_field_guide_golden.json").read_text(encoding="utf-8"))
    for identifier, expected in golden.items():
        small = cv2.resize(render(identifier, 2024, 160), (8, 8), interpolation=cv2.INTER_AREA).astype(float)
        difference = np.abs(small - np.asarray(expected))
        assert difference.mean() < 2.0, identifier
        assert difference.max() < 12.0, identifier


def test_drawing_needs_neither_keras_nor_tensorflow() -> None:
    code = (
        "import sys; from ftsuite.data.field_guide import render; render('train/blue-jay/00000', 0, 32); "
        "sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
