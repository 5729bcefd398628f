from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from ftsuite.data.audit import grey_thumbnails as thumbnails_module
from ftsuite.data.audit.grey_thumbnails import grey_thumbnail
from ftsuite.data.audit.near_images import check_near_images
from ftsuite.data.audit.neighbour_lists import NeighbourLists
from ftsuite.data.audit.picture_alignment import likeness
from ftsuite.data.audit.picture_candidates import Candidate
from ftsuite.data.audit.picture_descriptors import descriptors, windows
from ftsuite.errors import ResourceError
from tests.audited import by_check, flagged, landscape, left_out, pictures

OTHERS = 30


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("landscapes")
    paths = [folder / f"{seed}.png" for seed in range(OTHERS)]
    for seed, path in enumerate(paths):
        landscape(seed).save(path)
    return paths


def _edited(edit: str) -> Image.Image:
    picture = landscape(0)
    if edit == "crop":
        return picture.crop((3, 9, 143, 119))
    if edit == "mirrored crop":
        return picture.crop((9, 0, 150, 112)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if edit == "mirrored":
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if edit == "resized":
        return picture.resize((90, 70))
    if edit == "brighter":
        return ImageEnhance.Brightness(picture).enhance(1.2)
    return picture.convert("L") if edit == "grey" else picture


@pytest.mark.parametrize("edit", ["crop", "mirrored crop", "mirrored", "resized", "brighter", "grey", "recompressed"])
def test_an_edited_copy_is_found_and_nothing_else(others: list[Path], tmp_path: Path, edit: str) -> None:
    _edited(edit).save(tmp_path / "copy.jpg", quality=40 if edit == "recompressed" else 90)
    examples = pictures([*others, tmp_path / "copy.jpg"])
    splits = np.asarray(["test"] + ["train"] * OTHERS)
    found = check_near_images(examples, splits)
    assert [finding.check for finding in found] == ["near-duplicates-across-splits"]
    assert found[0].severity == "error"
    assert flagged(found[0]) == [(0, OTHERS)]
    assert left_out(found[0]) == {OTHERS}
    assert found[0].flagged[0].score is not None
    assert 0.75 <= found[0].flagged[0].score <= 1


def test_labels_and_splits_of_copies_are_told_apart(others: list[Path], tmp_path: Path) -> None:
    for place, seed in enumerate((0, 1, 2)):
        landscape(seed).save(tmp_path / f"{place}.jpg")
    paths = [*others, *(tmp_path / f"{place}.jpg" for place in range(3))]
    labels = [0] * OTHERS + [0, 1, 0]
    splits = np.asarray(["train"] * 2 + ["validation"] + ["train"] * (OTHERS - 3) + ["train", "train", "test"])
    found = by_check(check_near_images(pictures(paths, labels), splits))
    across = found["near-duplicates-across-splits"]
    assert across.severity == "warning"  # validation and test: nothing was trained on
    assert flagged(across) == [(OTHERS + 2, 2)]
    assert left_out(across) == {2}
    assert sorted(flagged(found["near-duplicates-within-splits"])) == [(0, OTHERS), (1, OTHERS + 1)]
    assert flagged(found["near-duplicates-conflicting-labels"]) == [(1, OTHERS + 1)]
    assert left_out(found["near-duplicates-within-splits"]) == set()


def test_an_exact_copy_of_a_near_duplicate_counts_in_its_own_split(others: list[Path], tmp_path: Path) -> None:
    """The near duplicate of a picture is in training, and so is the picture, but a copy of its file is in the test."""
    _edited("crop").save(tmp_path / "crop.jpg")
    (tmp_path / "copy.png").write_bytes(others[0].read_bytes())
    examples = pictures([*others, tmp_path / "crop.jpg", tmp_path / "copy.png"])
    splits = np.asarray(["train"] * (OTHERS + 1) + ["test"])
    found = by_check(check_near_images(examples, splits))
    assert left_out(found["near-duplicates-across-splits"]) == {OTHERS}
    assert flagged(found["near-duplicates-within-splits"]) == [(0, OTHERS)]


def test_flat_pictures_are_not_all_alike(tmp_path: Path) -> None:
    paths = [tmp_path / f"{level}.png" for level in range(0, 250, 10)]
    for level, path in zip(range(0, 250, 10), paths, strict=True):
        Image.new("RGB", (40, 40), (level, level, level)).save(path)
    assert check_near_images(pictures(paths), np.asarray(["train", "test"] * 12 + ["test"])) == []


def test_the_same_light_and_dark_with_other_detail_is_no_copy(others: list[Path], tmp_path: Path) -> None:
    one, other = landscape(0), landscape(1)
    coarse, fine = (np.asarray(picture.filter(ImageFilter.GaussianBlur(4)), dtype=float) for picture in (one, other))
    mixed = coarse + (np.asarray(other, dtype=float) - fine)
    Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)).save(tmp_path / "mixed.png")
    examples = pictures([*others, tmp_path / "mixed.png"])
    splits = np.asarray(["train"] * (OTHERS + 1))
    assert check_near_images(examples, splits) == []
    looked_at = check_near_images(examples, splits, least_likeness=-1.0)
    assert any({0, OTHERS} <= set(positions) for positions in flagged(looked_at[0])), "it is looked at, and refused"


def test_a_faint_picture_is_described_by_nothing() -> None:
    faint = np.full((1, 64, 64), 100, dtype=np.uint8)
    faint[:, :, 32:] = 102
    whole = windows()[0]
    assert not descriptors(faint, whole).any()
    faint[:, :, 32:] = 140
    assert np.linalg.norm(descriptors(faint, whole)) == pytest.approx(1)


def test_a_window_seen_in_the_wrong_picture_is_put_right() -> None:
    """The crop is said to hold the whole picture, where it is the other way round."""
    seen = []
    for seed in range(12):
        picture = np.asarray(landscape(seed, 128, 128).convert("L"))
        pair = np.stack([grey_thumbnail(np.ascontiguousarray(picture[16:, 16:])), grey_thumbnail(picture)])
        seen.append(likeness(Candidate(0, 1, windows()[6], False, 0.85), pair))
    assert min(seen) > 0.85


def test_a_file_damaged_since_is_named(others: list[Path], tmp_path: Path) -> None:
    damaged, gone = tmp_path / "damaged.png", tmp_path / "gone.png"
    for seed, path in ((40, damaged), (41, gone)):
        landscape(seed).save(path)
    examples = pictures([*others[:4], damaged, gone])
    damaged.write_bytes(damaged.read_bytes()[:5000])
    gone.unlink()
    found = check_near_images(examples, np.asarray(["train"] * 6))
    assert [finding.check for finding in found] == ["near-duplicates-unread"]
    assert dict(found[0].bad_files)[str(gone)] == "does not exist"
    assert "cut short" in dict(found[0].bad_files)[str(damaged)]


def test_few_or_no_pictures(others: list[Path]) -> None:
    nothing = np.asarray([], dtype=str)
    assert check_near_images(pictures([]), nothing) == []
    assert check_near_images(pictures(others[:1]), np.asarray(["train"])) == []


def test_drawn_pictures_are_not_looked_at_and_texts_are_not_meant(others: list[Path]) -> None:
    examples = pictures(others[:2])
    splits = np.asarray(["train", "test"])
    noted = check_near_images(replace(examples, kind="field-guide"), splits)
    assert [(finding.check, finding.severity) for finding in noted] == [("near-duplicates", "note")]
    assert check_near_images(replace(examples, kind="text"), splits) == []


def test_a_full_disk_is_told(others: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(thumbnails_module.os, "posix_fallocate", full, raising=False)
    with pytest.raises(ResourceError, match="No space left on device"):
        check_near_images(pictures(others[:2]), np.asarray(["train", "test"]))


def test_progress_counts_pictures(others: list[Path]) -> None:
    told: list[tuple[str, int, int]] = []
    check_near_images(pictures(others[:5]), np.asarray(["train"] * 5), lambda *now: told.append(now))
    assert [now[1:] for now in told[:5]] == [(done, 5) for done in range(1, 6)]
    assert told[-1] == ("Comparing views of pictures", 30, 30)


def test_lists_find_what_comparing_all_finds() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1500, 16)).astype(np.float32)
    vectors[700:720] = vectors[:20] + 0.1 * rng.normal(size=(20, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def pairs(exhaustive: int) -> set[tuple[int, int]]:
        found = NeighbourLists(vectors, exhaustive=exhaustive).search(vectors, 0.9, most=5)
        return {(int(one), int(other)) for ones, others, _ in found for one, other in zip(ones, others, strict=True)}

    assert not any(one == other for one, other in pairs(1500) | pairs(100))
    assert pairs(1500) == pairs(100) >= {(place, 700 + place) for place in range(20)}
