from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.errors import DataError
from tests.found_pictures import note_with, picture


def birds(root: Path, *classes: str, count: int = 2) -> Path:
    for name in classes or ("jay", "wren"):
        for index in range(count):
            picture(root / name / f"{index}.png")
    return root


def load(root: Path, bad_files: str = "error") -> Examples:
    return load_examples(DataConfig.model_validate({"source": f"folder:{root}", "bad_files": bad_files}), seed=0)


def test_class_folders(tmp_path: Path) -> None:
    examples = load(birds(tmp_path, "wren", "jay"))
    assert examples.class_names == ("jay", "wren")
    assert examples.ids == ("jay/0.png", "jay/1.png", "wren/0.png", "wren/1.png")
    assert examples.inputs[0] == str(tmp_path / "jay" / "0.png")
    assert examples.labels.tolist() == [0, 0, 1, 1]
    assert examples.labels.dtype == np.int64
    assert (examples.kind, examples.splits, examples.groups, examples.notes) == ("image-file", None, None, ())
    assert len(set(examples.content_hashes)) == 4
    assert examples.decoders is not None
    assert examples.decoders.dtype == np.uint8


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Train", "valid", "TEST"), ("training", "validation", "testing")]
)
def test_official_splits(tmp_path: Path, names: tuple[str, str, str]) -> None:
    for name in names:
        birds(tmp_path / name)
    examples = load(tmp_path)
    assert examples.splits is not None
    assert examples.splits.tolist() == ["train"] * 4 + ["validation"] * 4 + ["test"] * 4
    assert examples.ids[0] == f"{names[0]}/jay/0.png"
    assert examples.class_names == ("jay", "wren")


def test_train_and_test_only_and_train_only(tmp_path: Path) -> None:
    birds(tmp_path / "train")
    alone = load(tmp_path)
    assert alone.splits is not None
    assert set(alone.splits.tolist()) == {"train"}
    birds(tmp_path / "test", "jay")
    examples = load(tmp_path)
    assert set(examples.splits.tolist()) == {"train", "test"}  # type: ignore[union-attr]
    assert "'wren'" in note_with(examples, "official test split holds no example")


def test_layouts_that_cannot_be_told(tmp_path: Path) -> None:
    birds(tmp_path / "a" / "train")
    birds(tmp_path / "a", "owl")
    with pytest.raises(DataError, match="beside 'owl'"):
        load(tmp_path / "a")
    birds(tmp_path / "b" / "test")
    birds(tmp_path / "b" / "val")
    with pytest.raises(DataError, match="Expected train/ beside 'test', 'val'"):
        load(tmp_path / "b")
    for name in ("train", "val", "validation"):
        birds(tmp_path / "c" / name)
    with pytest.raises(DataError, match=r"one folder a split.*'val', 'validation'"):
        load(tmp_path / "c")


def test_classes_that_are_tested_but_never_trained(tmp_path: Path) -> None:
    birds(tmp_path / "train")
    birds(tmp_path / "test", "jay", "owl", "rook")
    with pytest.raises(DataError, match=r"training examples.*2 .*'owl', 'rook'"):
        load(tmp_path)


def test_junk_is_passed_over_and_noted(tmp_path: Path) -> None:
    birds(tmp_path)
    for name in (
        ".DS_Store",
        "jay/.DS_Store",
        "jay/._0.png",
        "jay/Thumbs.db",
        "wren/desktop.ini",
        "README.md",
    ):
        (tmp_path / name).write_bytes(b"junk")
    for name in (".git", "__MACOSX", ".ipynb_checkpoints", "jay/.ipynb_checkpoints"):
        picture(tmp_path / name / "0-checkpoint.png")
    examples = load(tmp_path)
    assert len(examples) == 4
    assert examples.class_names == ("jay", "wren")
    assert "Passed over 9 hidden or system entries" in note_with(examples, "hidden")
    assert "README.md" in note_with(examples, "beside the class folders")


def test_empty_classes_and_classes_of_junk(tmp_path: Path) -> None:
    birds(tmp_path)
    (tmp_path / "owl").mkdir()
    (tmp_path / "rook").mkdir()
    (tmp_path / "rook" / ".DS_Store").write_bytes(b"junk")
    with pytest.raises(DataError, match="2 empty: 'owl', 'rook'") as caught:
        load(tmp_path)
    assert "bad_files: skip" in caught.value.advice
    examples = load(tmp_path, "skip")
    assert examples.class_names == ("jay", "wren")
    assert "Dropped 2 classes" in note_with(examples, "'owl', 'rook'")


def test_one_class_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 'jay' alone"):
        load(birds(tmp_path / "a", "jay"))
    with pytest.raises(DataError) as caught:
        load(birds(tmp_path / "b" / "unpacked").parent)
    assert f"folder:{tmp_path}/b/unpacked" in caught.value.advice
    with pytest.raises(DataError, match="at least two classes"):
        load(birds(tmp_path / "c" / "train", "jay").parent)


def test_spaces_and_unicode(tmp_path: Path) -> None:
    birds(tmp_path, "Blue Jay", "Müllerküken", "鳥", "crow's #1 (50%)")
    examples = load(tmp_path)
    assert examples.class_names == ("Blue Jay", "Müllerküken", "crow's #1 (50%)", "鳥")
    assert "鳥/0.png" in examples.ids


def test_names_that_differ_in_their_unicode_form_only(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Küken") for form in ("NFC", "NFD"))
    birds(tmp_path / "twins", composed, decomposed, "jay")
    with pytest.raises(DataError, match=r"'K\\xfcken' and 'Ku\\u0308ken'|'Ku\\u0308ken' and 'K\\xfcken'"):
        load(tmp_path / "twins")
    birds(tmp_path / "splits" / "train", composed, "jay")
    birds(tmp_path / "splits" / "test", decomposed, "jay")
    assert load(tmp_path / "splits").class_names == (composed, "jay")


def test_names_that_differ_in_case_only_are_noted(tmp_path: Path) -> None:
    examples = load(birds(tmp_path, "Blue Jay", "blue_jay", "wren"))
    assert len(examples.class_names) == 3
    assert "'Blue Jay', 'blue_jay'" in note_with(examples, "differ only in case")


def test_endings_of_all_kinds(tmp_path: Path) -> None:
    for name in (
        "a.JPG",
        "b.jpeg",
        "c.Jpg",
        "d.PNG",
        "e.webp",
        "f.bmp",
        "g.gif",
        "h.tif",
        "noending",
        "png.txt",
    ):
        picture(tmp_path / "jay" / name)
    birds(tmp_path, "wren")
    examples = load(tmp_path)
    assert len(examples) == 12
    assert examples.decoders is not None
    assert examples.decoders[:10].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]


def test_bad_files_are_all_named_or_left_out(tmp_path: Path) -> None:
    birds(tmp_path)
    (tmp_path / "jay" / "notes.txt").write_text("seen on Monday")
    (tmp_path / "wren" / "cut.jpg").write_bytes(picture(tmp_path / "x.jpg").read_bytes()[:-200])
    (tmp_path / "x.jpg").unlink()
    (tmp_path / "wren" / "empty.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    for words in (
        "3 of 7",
        "jay/notes.txt: is not a picture (text)",
        "wren/cut.jpg: is cut short",
        "empty.png: is empty",
    ):
        assert words in caught.value.message
    examples = load(tmp_path, "skip")
    assert len(examples) == 4
    note = note_with(examples, "Left out 3 of 7 files")
    assert all(name in note for name in ("notes.txt", "cut.jpg", "empty.png"))


def test_a_class_of_nothing_but_bad_files(tmp_path: Path) -> None:
    birds(tmp_path, "jay", "wren")
    (tmp_path / "owl").mkdir()
    (tmp_path / "owl" / "a.jpg").write_bytes(b"")
    examples = load(tmp_path, "skip")
    assert examples.class_names == ("jay", "wren")
    assert "'owl'" in note_with(examples, "Dropped 1 class")


def test_loose_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "only" / "a.jpg")
    with pytest.raises(DataError, match="holds 1 pictures and no folder"):
        load(tmp_path / "only")
    picture(birds(tmp_path / "beside") / "stray.jpg")
    with pytest.raises(DataError, match=r"stray\.jpg: lies beside the class folders"):
        load(tmp_path / "beside")
    assert "stray.jpg" in note_with(load(tmp_path / "beside", "skip"), "Left out 1 of 5")


def test_folders_inside_class_folders_and_links_in_circles(tmp_path: Path) -> None:
    birds(tmp_path)
    picture(tmp_path / "jay" / "2020" / "a.png")
    (tmp_path / "jay" / "2020" / "up").symlink_to(tmp_path / "jay")
    (tmp_path / "wren" / "self").symlink_to(tmp_path / "wren")
    examples = load(tmp_path)
    assert "jay/2020/a.png" in examples.ids
    assert len(examples) == 5
    assert "Took 1 files" in note_with(examples, "inside the class folders")
    assert sum("Passed over the link" in note for note in examples.notes) == 2


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    birds(tmp_path / "real")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jay").symlink_to(tmp_path / "real" / "jay")
    (tmp_path / "data" / "wren").mkdir()
    (tmp_path / "data" / "wren" / "a.png").symlink_to(tmp_path / "real" / "wren" / "0.png")
    assert load(tmp_path / "data").ids == ("jay/0.png", "jay/1.png", "wren/a.png")
    (tmp_path / "data" / "wren" / "b.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"b\.png: is a link to a file that is not there"):
        load(tmp_path / "data")


def test_an_unreadable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    birds(tmp_path)
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if str(path).endswith("wren"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("ftsuite.data.sources.walking.os.scandir", refuse)
    with pytest.raises(DataError, match=r"wren' \(Permission denied\)"):
        load(tmp_path)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    birds(tmp_path)
    source = (tmp_path / "jay" / "0.png").read_bytes()
    try:
        (tmp_path / "jay" / os.fsdecode(b"\xff\xfe.png")).write_bytes(source)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(DataError, match="not UTF-8: rename it"):
        load(tmp_path)


def test_no_folder_and_a_file(tmp_path: Path) -> None:
    birds(tmp_path / "photos")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "photo")
    assert "photos" in caught.value.advice
    with pytest.raises(DataError, match="which is a file"):
        load(tmp_path / "photos" / "jay" / "0.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no folder"):
        load(tmp_path / "empty")


def test_repeated_and_contradicting_contents_are_noted(tmp_path: Path) -> None:
    for split in ("train", "test"):
        birds(tmp_path / split)
    for path in ("train/jay/a.png", "train/jay/b.png", "train/wren/c.png", "test/jay/d.png"):
        picture(tmp_path / path, seed=1)
    examples = load(tmp_path)
    assert "3 of 12 examples" in note_with(examples, "repeat another one's content")
    assert "1 identical contents" in note_with(examples, "more than one class")
    assert "share 1 identical content." in note_with(examples, "official train and test")


def test_tiny_pictures_are_noted(tmp_path: Path) -> None:
    birds(tmp_path)
    Image.new("RGB", (1, 1)).save(tmp_path / "jay" / "dot.png")
    assert "dot.png" in note_with(load(tmp_path), "less than 16 pixels")


def test_progress_is_told(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    load_examples(DataConfig(source=str(birds(tmp_path))), 0, lambda *call: calls.append(call))
    assert calls[-1] == ("Reading pictures", 4, 4)


def test_real_photographs(shared: Path) -> None:
    examples = load(shared / "datasets" / "cub20_photos")
    assert (len(examples), len(examples.class_names)) == (103, 20)
    assert ".DS_Store" in note_with(examples, "hidden")


def test_the_field_guide_is_labelled_as_rendered() -> None:
    data = DataConfig.model_validate(
        {"source": "field-guide", "examples_per_class": {"train": 2, "validation": 1, "test": 1}}
    )
    examples = load_examples(data, seed=3)
    assert examples.kind == "field-guide"
    assert len(examples) == 4 * len(examples.class_names)
    assert examples.splits is not None
    assert examples.splits.tolist().count("train") == 2 * len(examples.class_names)
    assert "not photographs" in examples.notes[0]
    assert len(set(examples.inputs)) == len(set(examples.content_hashes)) == len(examples)
