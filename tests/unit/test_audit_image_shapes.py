"""What pictures are like: each kind of odd picture is found, and a plain set has nothing but its overview."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.image_shapes import check_image_shapes
from ftsuite.data.audit.picture_facts import picture_facts
from ftsuite.data.audit.shortcuts import guessed_by


def _noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def _saved(folder: Path, pictures: dict[str, Image.Image], **options: object) -> list[str]:
    for name, picture in pictures.items():
        picture.save(folder / name, **options)
    return [str(folder / name) for name in pictures]


def _check(paths: list[str], image_size: int | None = 64, labels: list[int] | None = None) -> dict[str, Finding]:
    numbers = np.asarray(labels or [0] * len(paths))
    names = tuple(f"class {label}" for label in range(int(numbers.max()) + 1))
    examples = Examples(tuple(paths), tuple(paths), numbers, names, tuple(paths), "image-file")
    return {f.check: f for f in check_image_shapes(examples, np.full(len(paths), "train"), image_size)}


def test_plain_pictures_have_an_overview_alone(tmp_path: Path) -> None:
    found = _check(_saved(tmp_path, {f"{k}.png": _noise(80, 70, k) for k in range(4)}))
    assert set(found) == {"picture-sizes"}
    assert found["picture-sizes"].figures["sizes"] == 1


def test_each_odd_picture_is_told_by_its_own_finding(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = _saved(tmp_path, {f"plain{k}.png": _noise(80, 70, k) for k in range(40)})
    paths += _saved(
        tmp_path,
        {
            "blank.png": Image.new("RGB", (80, 80), (9, 9, 9)),
            "tiny.png": _noise(12, 90),
            "small.png": _noise(20, 25),
            "long.png": _noise(300, 80),
            "grey.png": _noise(80, 80).convert("L"),
            "clear.png": Image.new("RGBA", (80, 80), (200, 30, 30, 0)),
            "print.jpg": _noise(80, 80).convert("CMYK"),
        },
    )
    paths += _saved(tmp_path, {"turned.jpg": _noise(90, 60)}, exif=exif)
    found = _check(paths)
    at = {name: paths.index(str(tmp_path / name)) for name in ("blank.png", "tiny.png", "small.png", "long.png",
          "grey.png", "clear.png", "print.jpg", "turned.jpg")}  # fmt: skip

    def positions(check: str) -> set[int]:
        return {position for flagged in found[check].flagged for position in flagged.positions}

    assert positions("blank-pictures") == {at["blank.png"], at["clear.png"]}, "nothing but transparency is blank, too"
    assert positions("tiny-pictures") == {at["tiny.png"]}
    assert positions("upscaled-pictures") == {at["small.png"]}
    assert positions("long-pictures") == {at["tiny.png"], at["long.png"]}
    assert positions("turned-pictures") == {at["turned.jpg"]}
    # The blank one is grey as well.
    kinds = {at["grey.png"], at["blank.png"], at["clear.png"], at["print.jpg"]}
    assert len(paths) * 0.9 <= 44 and positions("kinds-of-pictures") == kinds
    assert "1 of 48 pictures is less than 16 pixels" in found["tiny-pictures"].summary


def test_sizes_are_those_that_are_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    (path,) = _saved(tmp_path, {"turned.jpg": _noise(90, 60)}, exif=exif)
    (fact,) = picture_facts([path])
    assert fact is not None
    assert (fact.width, fact.height, fact.orientation) == (60, 90, 8)


def test_large_pictures_are_a_cost(tmp_path: Path) -> None:
    found = _check(_saved(tmp_path, {f"{k}.jpg": _noise(300, 280, k) for k in range(3)}), image_size=32)
    assert found["oversized-pictures"].figures["share"] == 1.0
    assert "oversized-pictures" not in _check([str(tmp_path / "0.jpg")], image_size=None)


def test_a_picture_that_went_away_is_passed_over(tmp_path: Path) -> None:
    paths = _saved(tmp_path, {"here.png": _noise(80, 80)})
    (tmp_path / "junk.png").write_bytes(b"nothing")
    assert picture_facts([str(tmp_path / "gone.png"), str(tmp_path / "junk.png")]) == [None, None]
    assert set(_check([*paths, str(tmp_path / "gone.png")])) == {"picture-sizes"}


@pytest.mark.parametrize("telling", [True, False])
def test_a_format_that_tells_the_class_is_a_shortcut(tmp_path: Path, telling: bool) -> None:
    labels = [k % 2 for k in range(40)]
    endings = ["png" if (label if telling else k % 4 < 2) else "jpg" for k, label in enumerate(labels)]
    names = [f"{k}.{ending}" for k, ending in enumerate(endings)]
    paths = _saved(tmp_path, {name: _noise(60, 60, k) for k, name in enumerate(names)})
    found = _check(paths, labels=labels)
    assert ("form-tells-class" in found) == telling
    if telling:
        assert "file format alone names the class of 100%" in found["form-tells-class"].summary


def test_copies_are_no_shortcut(tmp_path: Path) -> None:
    labels = [k % 2 for k in range(40)]
    paths = _saved(tmp_path, {f"{k}.png": _noise(60 + k, 60, k) for k in range(40)})
    numbers = np.asarray(labels * 2)
    hashes = tuple(paths) * 2
    examples = Examples(hashes, hashes, numbers, ("a", "b"), hashes, "image-file")
    checks = {finding.check for finding in check_image_shapes(examples, np.full(80, "train"), None)}
    assert "form-tells-class" not in checks


def test_an_example_does_not_vote_for_itself() -> None:
    assert guessed_by(["a", "b", "c"], [0, 1, 0]) == 0.0
    assert guessed_by(["a", "a", "a", "a", "b"], [0, 0, 0, 1, 1]) == 0.6
