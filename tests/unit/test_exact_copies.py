from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ftsuite.data.audit.exact_copies import check_exact_copies
from tests.audited import by_check, flagged, landscape, left_out, pictures, texts


def test_copies_across_splits_leave_the_training() -> None:
    examples = texts([("a", 0), ("b", 0), ("a", 0), ("a", 0), ("b", 0), ("c", 1)])
    splits = np.asarray(["train", "train", "test", "validation", "validation", "test"])
    found = by_check(check_exact_copies(examples, splits))
    assert list(found) == ["exact-copies-across-splits"]
    across = found["exact-copies-across-splits"]
    assert across.severity == "error"
    assert flagged(across) == [(2, 3, 0), (4, 1)]
    assert left_out(across) == {0, 1, 3}
    assert across.summary.startswith("5 of 6 texts have exactly the content")
    assert across.flagged[0].detail == "Exactly the same: row-2 (test), row-3 (validation), row-0 (train)."


def test_copies_within_a_split_keep_their_first() -> None:
    examples = texts([("a", 0), ("a", 0), ("b", 1), ("a", 0), ("a", 0)])
    splits = np.asarray(["train", "train", "train", "test", "test"])
    found = by_check(check_exact_copies(examples, splits))
    within = found["exact-copies-within-splits"]
    assert within.severity == "warning"
    assert sorted(flagged(within)) == [(0, 1), (3, 4)]
    assert left_out(within) == {1, 4}
    assert left_out(found["exact-copies-across-splits"]) == {0, 1}


def test_of_conflicting_labels_none_is_kept() -> None:
    examples = texts([("a", 0), ("a", 1), ("b", 2), ("a", 0), ("b", 2)])
    splits = np.asarray(["train", "train", "train", "train", "train"])
    found = by_check(check_exact_copies(examples, splits))
    conflict = found["exact-copies-conflicting-labels"]
    assert left_out(conflict) == {0, 1, 3}
    assert conflict.flagged[0].detail.endswith("labelled class-0, class-1.")
    assert flagged(found["exact-copies-within-splits"]) == [(2, 4)]


def test_nothing_is_said_where_nothing_is_found() -> None:
    assert check_exact_copies(texts([("a", 0), ("b", 0)]), np.asarray(["train", "test"])) == []
    assert check_exact_copies(texts([]), np.asarray([], dtype=str)) == []


def test_the_same_pixels_in_another_container_are_copies(tmp_path: Path) -> None:
    picture = landscape(1)
    upright, turned, other = tmp_path / "a.png", tmp_path / "turned.png", tmp_path / "other.png"
    picture.save(upright)
    picture.save(tmp_path / "a.bmp")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter to the right
    picture.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    landscape(2).save(other)
    picture.save(tmp_path / "camera.jpg", quality=90, exif=exif)
    picture.save(tmp_path / "compressed.jpg", quality=30, exif=exif)
    paths = [upright, tmp_path / "a.bmp", turned, other, tmp_path / "camera.jpg", tmp_path / "compressed.jpg"]
    splits = np.asarray(["train", "test", "train", "test", "train", "test"])
    found = by_check(check_exact_copies(pictures(paths), splits))
    assert flagged(found["exact-copies-across-splits"]) == [(1, 0, 2)]
    assert left_out(found["exact-copies-across-splits"]) == {0, 2}
    assert check_exact_copies(pictures(paths), splits, pixels=False) == []


def test_a_jpeg_without_its_metadata_is_a_copy(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a holiday"
    landscape(3).save(tmp_path / "with.jpg", exif=exif)
    landscape(3).save(tmp_path / "without.jpg")
    paths = [tmp_path / "with.jpg", tmp_path / "without.jpg"]
    found = check_exact_copies(pictures(paths), np.asarray(["train", "train"]))
    assert flagged(found[0]) == [(0, 1)]


def test_one_colour_in_two_shapes_is_no_copy(tmp_path: Path) -> None:
    Image.new("RGB", (8, 2), "red").save(tmp_path / "wide.png")
    Image.new("RGB", (4, 4), "red").save(tmp_path / "square.png")
    paths = [tmp_path / "wide.png", tmp_path / "square.png"]
    assert check_exact_copies(pictures(paths), np.asarray(["train", "test"])) == []


def test_a_file_that_is_gone_is_compared_by_its_bytes(tmp_path: Path) -> None:
    landscape(4).save(tmp_path / "gone.png")
    landscape(5).save(tmp_path / "here.png")
    examples = pictures([tmp_path / "gone.png", tmp_path / "here.png", tmp_path / "gone.png"])
    (tmp_path / "gone.png").unlink()
    found = check_exact_copies(examples, np.asarray(["train", "test", "train"]))
    assert flagged(found[0]) == [(0, 2)]
