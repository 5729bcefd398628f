"""A first look at data: what it finds, what it refuses, and what it leaves to the user."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from ftsuite.data.looks import Wanted, look_at
from ftsuite.errors import ConfigError, DataError, FtsuiteError
from tests.unit.looked_at import pictures, sentences, table


def test_class_folders_are_counted(tmp_path: Path) -> None:
    look = look_at(f"folder:{pictures(tmp_path / 'p', {'b': 9, 'a': 4})}")
    assert (look.kind, look.modality, look.class_names) == ("folder", "image", ("a", "b"))
    assert look.per_class == {"a": 4, "b": 9}
    assert look.imbalance == 9 / 4
    assert look.pictures is not None
    assert (look.pictures.width, look.pictures.height, look.pictures.looked_at) == (40, 30, 13)
    assert not look.skips


def test_official_splits_and_what_they_share(tmp_path: Path) -> None:
    root = tmp_path / "p"
    pictures(root / "train", {"a": 6, "b": 6})
    pictures(root / "test", {"a": 2, "b": 2}, first=100)
    assert look_at(str(root)).shared == 0
    shutil.copy(root / "train/a/a 0.png", root / "test/a/copy.png")
    look = look_at(str(root))
    assert {split: look.split_total(split) for split in look.counts} == {"train": 12, "test": 5}
    assert look.shared == 1


def test_what_cannot_be_used_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 6, "b": 6})
    (root / "a" / "notes.txt").write_text("hello", encoding="utf-8")
    (root / "b" / "cut.png").write_bytes((root / "b/b 0.png").read_bytes()[:300])
    (root / "loose.png").write_bytes(b"x")
    (root / "none").mkdir()
    look = look_at(str(root))
    reasons = {Path(place).name: reason for place, reason in look.bad}
    assert set(reasons) == {"notes.txt", "cut.png", "loose.png"}
    assert "not a picture" in reasons["notes.txt"]
    assert look.skips and look.empty == ("none",)
    assert look.per_class == {"a": 6, "b": 6}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda root: root.mkdir(), "holds no folder"),
        (lambda root: pictures(root, {"a": 5}), "at least two class folders"),
        (lambda root: pictures(root, {"a": 2, "b": 2}), "at least 3 examples"),
        (lambda root: [(root / name).mkdir(parents=True) for name in "ab"], "Expected at least two classes"),
        (lambda root: root.write_text("x"), "which is a file"),
        (lambda root: None, "folder that exists"),
    ],
)
def test_folders_that_no_run_can_use_are_refused(tmp_path: Path, make: object, told: str) -> None:
    assert callable(make)
    make(tmp_path / "p")
    with pytest.raises(DataError, match=told):
        look_at(f"folder:{tmp_path / 'p'}")


def test_a_folder_of_other_files_is_refused_with_their_names(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "p" / name).mkdir(parents=True)
        (tmp_path / "p" / name / "x.txt").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.txt: is not a picture"):
        look_at(str(tmp_path / "p"))


def test_a_folder_of_very_many_other_files_is_refused(tmp_path: Path) -> None:
    pictures(tmp_path / "p", {"a": 5, "b": 5})
    for number in range(450):
        (tmp_path / "p" / "a" / f"{number}.py").write_text("import this\n", encoding="utf-8")
    with pytest.raises(DataError, match="450 of 460 that cannot"):
        look_at(str(tmp_path / "p"))


def test_texts_in_folders_and_a_table_beside_pictures_are_pointed_to(tmp_path: Path) -> None:
    for name in ("neg", "pos"):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "p" / name / f"{number}.txt").write_text(f"review {number}", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        look_at(str(tmp_path / "p"))
    assert "Texts are read from tables" in caught.value.advice
    flat = pictures(tmp_path / "flat", {".": 3})
    table(flat / "labels.csv", ["file", "label"], [["x.png", "a"]])
    with pytest.raises(DataError) as caught:
        look_at(f"folder:{flat}")
    assert f"give csv:{flat}/labels.csv" in caught.value.advice


def test_official_splits_of_an_archive_that_share_a_picture(tmp_path: Path) -> None:
    for split, first in (("train", 0), ("test", 50)):
        pictures(tmp_path / "p" / split, {"a": 5, "b": 5}, first=first)
    shutil.copy(tmp_path / "p/train/a/a 0.png", tmp_path / "p/test/a/copy.png")
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((tmp_path / "p").rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path / "p"))
    assert look_at(str(tmp_path / "p.zip")).shared == 1


def test_an_archive_is_looked_at_like_its_folder(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 5, "b": 5})
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
    look = look_at(str(tmp_path / "p.zip"))
    assert (look.kind, look.per_class, look.pictures) == ("archive", {"a": 5, "b": 5}, look_at(str(root)).pictures)


def test_frames_of_videos_and_folders_inside_classes_are_pointed_out(tmp_path: Path) -> None:
    root = tmp_path / "p"
    for name in "ab":
        for video in range(6):
            pictures(tmp_path / "made", {f"{name}{video}": 3}, size=(8, 8))
            (root / name / f"walk{video}").mkdir(parents=True)
            for number, file in enumerate(sorted((tmp_path / "made" / f"{name}{video}").iterdir())):
                shutil.copy(file, root / name / f"walk{video}" / f"frame_{number}.png")
    (hint,) = look_at(str(root)).hints
    assert hint.key == "group_pattern"
    assert re.search(hint.value, "a/walk3/frame_0.png")[1] == "walk3"  # type: ignore[index]
    flat = tmp_path / "flat"
    for file in sorted(root.rglob("*.png")):
        target = flat / file.parts[-3] / f"{file.parts[-2]}_{file.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    (hint,) = look_at(str(flat)).hints
    assert re.search(hint.value, "a/walk3_frame_0.png")[1] == re.search(hint.value, "a/walk3_frame_2.png")[1]  # type: ignore[index]


def test_columns_are_taken_by_their_names_and_else_by_what_they_hold(tmp_path: Path) -> None:
    texts = sentences(60)
    rows = [
        [text, f"p{i // 4}", ["happy", "sad"][i % 2], f"2024-01-{1 + i % 28:02d}", i / 7]
        for i, text in enumerate(texts)
    ]
    usual = look_at(str(table(tmp_path / "a.csv", ["text", "patient", "label", "day", "price"], rows)))
    assert usual.columns == {"text_column": "text", "label_column": "label"}
    assert usual.columns_by_content == ()
    other = look_at(str(table(tmp_path / "b.csv", ["said", "patient", "mood", "day", "price"], rows)))
    assert other.columns == {"text_column": "said", "label_column": "mood"}
    assert other.columns_by_content == ("said", "mood")
    assert {(hint.key, hint.value) for hint in other.hints} == {("group_column", "patient"), ("time_column", "day")}
    named = look_at(f"csv:{tmp_path / 'b.csv'}", Wanted(label_column="patient"))
    assert named.columns["label_column"] == "patient"
    assert len(named.class_names) == 15


def test_a_table_of_pictures_is_told_by_its_paths(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 5, "b": 5})
    rows = [[f"p/{file.parent.name}/{file.name}", file.parent.name] for file in sorted(root.rglob("*.png"))]
    look = look_at(str(table(tmp_path / "t.csv", ["where", "what"], [*rows, ["p/a/missing.png", "a"]])))
    assert look.modality == "image"
    assert look.columns == {"image_column": "where", "label_column": "what"}
    assert [reason for _, reason in look.bad] == ["does not exist"]
    assert look.pictures is not None and look.pictures.width == 40


@pytest.mark.parametrize(
    ("names", "rows", "error", "told"),
    [
        (["text", "id"], [[f"some text {i}", i] for i in range(30)], ConfigError, "column of class names"),
        (["a", "b"], [[i, i * 2] for i in range(30)], ConfigError, "column of texts or of pictures"),
        (["text", "label"], [[f"some text {i}", "only"] for i in range(9)], DataError, "at least two classes"),
        (["text", "label"], [[f"some text {i}", f"class {i}"] for i in range(9)], DataError, "at least 3 examples"),
        (["text", "target"], [[f"some text {i}", i / 7] for i in range(9)], DataError, "numbers with fractions"),
        (["text", "label"], [], DataError, "at least one row"),
        (["text", "label"], [["", "a"], ["", "b"], ["x", ""]], DataError, "cannot"),
    ],
)
def test_tables_that_no_run_can_use_are_refused(
    tmp_path: Path, names: list[str], rows: list[list[object]], error: type[FtsuiteError], told: str
) -> None:
    with pytest.raises(error, match=told):
        look_at(str(table(tmp_path / "t.csv", names, rows)))


def test_rows_without_a_text_are_set_aside(tmp_path: Path) -> None:
    rows = [[text, "ab"[i % 2]] for i, text in enumerate(sentences(20))]
    look = look_at(str(table(tmp_path / "t.csv", ["text", "label"], [*rows, ["", "a"], ["x y", ""]])))
    assert [reason for _, reason in look.bad] == ["is empty in column 'text'", "has no label in column 'label'"]
    assert look.skips and look.total == 20


def test_splits_of_a_table_and_texts_in_several_of_them(tmp_path: Path) -> None:
    texts = sentences(40)
    rows = [[text, "ab"[i % 2], "test" if i >= 30 else "train"] for i, text in enumerate(texts)]
    rows.append([texts[0], "a", "test"])
    look = look_at(str(table(tmp_path / "t.csv", ["text", "label", "split"], rows)))
    assert (look.split_total("train"), look.split_total("test"), look.shared, look.repeated) == (30, 11, 1, 1)


def test_jsonl_and_parquet_are_tables_too(tmp_path: Path) -> None:
    rows = [{"text": text, "topic": ["x", "y", "z"][i % 3]} for i, text in enumerate(sentences(30))]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
    looks = [look_at(str(tmp_path / name)) for name in ("t.jsonl", "t.parquet")]
    assert [look.kind for look in looks] == ["jsonl", "parquet"]
    assert looks[0].per_class == looks[1].per_class == {"x": 10, "y": 10, "z": 10}
    assert looks[0].columns == looks[1].columns == {"text_column": "text", "label_column": "topic"}


def test_pictures_inside_a_parquet_file_are_huggingface(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 5, "b": 5})
    files = sorted(root.rglob("*.png"))
    columns = {"image": [file.read_bytes() for file in files], "label": [file.parent.name for file in files]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    look = look_at(str(tmp_path / "t.parquet"))
    assert (look.kind, look.modality, look.per_class) == ("huggingface", "image", {"a": 5, "b": 5})
    assert look.columns == {"image_column": "image", "label_column": "label"}
    assert look.pictures is not None and look.pictures.width == 40


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.zip"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\x81junk" * 50, b"PK\x03\x04 cut", b"{", b'"a\n'])
def test_junk_is_an_error_that_says_so(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FtsuiteError) as caught:
        look_at(str(tmp_path / name))
    assert caught.value.exit_code in (2, 3)


def test_columns_of_what_is_no_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="go with a table"):
        look_at(str(pictures(tmp_path / "p", {"a": 5, "b": 5})), Wanted(label_column="x"))
    texts = table(tmp_path / "t.csv", ["text", "label"], [[text, "ab"[i % 2]] for i, text in enumerate(sentences(9))])
    with pytest.raises(ConfigError, match=r"--label-column to be a column .* Received: 'lable'"):
        look_at(str(texts), Wanted(label_column="lable"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_told(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 5, "b": 5})
    (root / "a").chmod(0)
    try:
        with pytest.raises(DataError, match="can be read"):
            look_at(str(root))
    finally:
        (root / "a").chmod(0o700)


def test_a_look_imports_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    root = pictures(tmp_path / "p", {"a": 5, "b": 5})
    program = (
        f"import sys\nfrom ftsuite.data.looks import look_at\nlook_at({str(root)!r})\nimport ftsuite.runs.proposal\n"
        "print([m for m in ('keras', 'tensorflow', 'jax', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
