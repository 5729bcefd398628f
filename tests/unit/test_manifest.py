"""The manifest of a cleaned data set: what it keeps and relabels, and how strictly it is held to the data."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ftsuite.api import Collected, Examples, Options
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.manifest import COLUMNS, apply_manifest, read_manifest
from ftsuite.errors import DataError
from ftsuite.runs.loading import load_of_task
from tests.cli.audit_stub import Loading
from tests.tiny import save_pictures

HASHES = tuple(letter * 64 for letter in "abcdef")


def _examples(splits: Sequence[str] | None = None) -> Examples:
    return Examples(
        ids=tuple(f"x/{k}.jpg" for k in range(6)),
        inputs=tuple(f"/x/{k}.jpg" for k in range(6)),
        labels=np.array([0, 0, 1, 1, 2, 2]),
        class_names=("crow", "jay", "wren"),
        content_hashes=HASHES,
        kind="image-file",
        splits=None if splits is None else np.array(splits),
        collected=Collected((("x/bad.jpg", "/x/bad.jpg", "is empty (0 bytes)"),)),
    )


def _written(path: Path, rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([columns, *rows])
    return path


def _row(k: int, action: str = "keep", label: str = "", suggested: str = "") -> list[str]:
    return [f"x/{k}.jpg", HASHES[k], action, label or ("crow", "jay", "wren")[k // 2], suggested, ""]


def test_it_keeps_leaves_out_and_relabels(tmp_path: Path) -> None:
    rows = [
        ["x/bad.jpg", "", "leave out", "", "", ""],
        _row(0),
        _row(1, "leave out"),
        _row(2, "keep", "crow"),
        _row(3, "relabel", "jay", "crow"),
        _row(4),
        _row(5, "Leave_Out"),
    ]
    kept = apply_manifest(_examples(), _written(tmp_path / "m.csv", rows))
    assert kept.ids == ("x/0.jpg", "x/2.jpg", "x/3.jpg", "x/4.jpg")
    assert [kept.class_names[label] for label in kept.labels] == ["crow", "crow", "crow", "wren"]
    assert kept.class_names == ("crow", "wren"), "a class that holds nothing any more is gone"
    assert kept.collected is None
    assert "4 examples are kept, 3 left out, and 2 have another label" in kept.notes[0]


def test_examples_without_a_row_are_left_out_and_told(tmp_path: Path) -> None:
    kept = apply_manifest(_examples(), _written(tmp_path / "m.csv", [_row(4), _row(0), _row(2)]))
    assert kept.ids == ("x/0.jpg", "x/2.jpg", "x/4.jpg"), "in the order of the source"
    assert any("no row for 4 of the source's examples" in note and "'x/1.jpg'" in note for note in kept.notes)


def test_a_spreadsheet_may_save_it_with_semicolons(tmp_path: Path) -> None:
    path = _written(tmp_path / "m.csv", [_row(0), _row(2)], delimiter=";")
    assert apply_manifest(_examples(), path).ids == ("x/0.jpg", "x/2.jpg")


def test_every_row_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    changed = _row(3)
    changed[1] = "0" * 64
    rows = [
        _row(0),
        ["x/gone.jpg", HASHES[0], "keep", "crow", "", ""],
        changed,
        _row(4, "keep", "wrne"),
        _row(5, "relabel", "wren", "owl"),
        ["x/bad.jpg", HASHES[1], "keep", "jay", "", ""],
        ["x/1.jpg", "", "leave out", "", "", ""],
    ]
    with pytest.raises(DataError) as caught:
        apply_manifest(_examples(), _written(tmp_path / "m.csv", rows))
    lines = caught.value.message.splitlines()
    assert "7 rows 6 do not" in lines[0]
    assert [line.strip().split(": ")[0] for line in lines[1:]] == [f"m.csv:{line}" for line in (3, 4, 5, 6, 7, 8)]
    told = caught.value.message
    assert "there is no example 'x/gone.jpg' any more" in told
    assert "the content of 'x/3.jpg' has changed (000000000000… then, dddddddddddd… now)" in told
    assert "'wrne', which is no class of this data (did you mean 'wren'?)" in told
    assert "suggested_label is 'owl'" in told
    assert "'x/bad.jpg' cannot be used any more: it is empty" in told
    assert "the content of 'x/1.jpg' has changed (unreadable then" in told, "a mended file is not left out in silence"


def test_malformed_rows_are_named_before_the_data_are_looked_at(tmp_path: Path) -> None:
    undecided = ["x/2.jpg", "", "relabel", "jay", "", ""]
    rows = [_row(0), _row(0), _row(1, "drop"), ["", "", "keep", "x", "", ""], undecided]
    with pytest.raises(DataError) as caught:
        read_manifest(_written(tmp_path / "m.csv", rows))
    told = caught.value.message
    parts = (
        "m.csv:3: the id 'x/0.jpg' stands here again",
        'm.csv:4: the action "drop" is none of',
        "m.csv:5: the id is empty",
        "m.csv:6: the action is 'relabel', and suggested_label is empty",
    )
    for part in parts:
        assert part in told


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        (("id", "content_hash", "action", "lable"), "no 'label', the unknown 'lable' (did you mean 'label'?)"),
        (("id", "content_hash", "action", "label", "comment"), "the unknown 'comment'"),
    ],
)
def test_columns_are_held_to(tmp_path: Path, columns: tuple[str, ...], part: str) -> None:
    with pytest.raises(DataError) as caught:
        read_manifest(_written(tmp_path / "m.csv", [["x"] * len(columns)], columns))
    assert part in caught.value.message


def test_a_missing_file_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_manifest(tmp_path / "none.csv")
    assert "data audit CONFIG --fix" in caught.value.advice


def test_what_is_kept_must_still_make_a_job(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least two classes"):
        apply_manifest(_examples(), _written(tmp_path / "one.csv", [_row(0), _row(1)]))
    examples = _examples(["train", "train", "test", "train", "train", "test"])
    with pytest.raises(DataError, match="training examples"):
        apply_manifest(examples, _written(tmp_path / "m.csv", [_row(0), _row(2), _row(3, "leave out"), _row(4)]))


def test_a_run_loads_what_the_manifest_keeps_whatever_else_lies_there(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "birds", per_class=3)
    (folder / "crow" / "bad.jpg").write_bytes(b"nothing")
    (folder / "empty class").mkdir()
    everything = load_examples(DataConfig(source=f"folder:{folder}", bad_files="skip"), seed=0)
    rows = [
        [identifier, content, "keep", everything.class_names[label], "", ""]
        for identifier, content, label in zip(everything.ids, everything.content_hashes, everything.labels, strict=True)
    ]
    manifest = _written(tmp_path / "m.csv", [["crow/bad.jpg", "", "leave out", "", "", ""], *rows[1:]])
    data = DataConfig(source=f"folder:{folder}", manifest=str(manifest))
    kept = load_of_task(Loading(Options(), 0), data, None)
    assert kept.ids == everything.ids[1:]
    assert kept.class_names == everything.class_names
    np.testing.assert_array_equal(kept.labels, everything.labels[1:])
    with pytest.raises(DataError, match=r"bad\.jpg"):
        load_examples(DataConfig(source=f"folder:{folder}"), seed=0)


def test_drawn_birds_and_tables_take_a_manifest_as_well(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("text,label\nfine,good\nawful,bad\nbetter,good\nworse,bad\n", encoding="utf-8")
    for source in (f"csv:{table}", "field-guide"):
        counts = {"examples_per_class": {"train": 1, "validation": 1, "test": 1}} if source == "field-guide" else {}
        whole = load_examples(DataConfig(source=source, **counts), seed=0)
        rows = [
            [identifier, content, "leave out" if at == 0 else "keep", whole.class_names[label], "", ""]
            for at, (identifier, content, label) in enumerate(
                zip(whole.ids, whole.content_hashes, whole.labels, strict=True)
            )
        ]
        rows[0][2] = "keep"
        rows[-1][2] = "leave out"
        path = _written(tmp_path / "m.csv", rows)
        data = DataConfig(source=source, manifest=str(path), **counts)
        kept = load_of_task(Loading(Options(), 0), data, None)
        assert kept.ids == tuple(whole.ids)[:-1]


def test_groups_are_told_of_the_source_as_it_was(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "birds", per_class=4)
    data = DataConfig(source=f"folder:{folder}", group_pattern=r"^([^/]+/00[01])")
    groups = load_of_task(Loading(Options(), 0), data, None).groups
    assert groups is not None
    assert groups[:3] == ("blue jay/000", "blue jay/001", "\x00blue jay/002.png")


def test_labels_are_those_that_the_task_gives(tmp_path: Path) -> None:
    """Sentiment reads pos and neg as positive and negative; so does the audit, and so does its manifest."""
    from ftsuite_sentiment import SPEC

    table = tmp_path / "t.csv"
    table.write_text("text,label\nfine,pos\nawful,neg\nbetter,pos\n", encoding="utf-8")
    task = SPEC.create(SPEC.options(), 0)
    whole = task.load(DataConfig(source=f"csv:{table}"))
    rows = [
        [identifier, content, "keep", label, "", ""]
        for identifier, content, label in zip(
            whole.ids, whole.content_hashes, ("negative", "negative", "positive"), strict=True
        )
    ]
    data = DataConfig(source=f"csv:{table}", manifest=str(_written(tmp_path / "m.csv", rows)))
    kept = load_of_task(task, data, None)
    assert [kept.class_names[label] for label in kept.labels] == ["negative", "negative", "positive"]


def test_unlabelled_texts_need_no_classes(tmp_path: Path) -> None:
    texts = Examples(("1", "2"), ("a", "b"), np.zeros(2, np.int64), ("text",), HASHES[:2], "text")
    rows = [["1", HASHES[0], "keep", "text", "", ""], ["2", HASHES[1], "leave out", "text", "", ""]]
    path = _written(tmp_path / "m.csv", rows)
    assert apply_manifest(texts, path, classifies=False).ids == ("1",)
    with pytest.raises(DataError, match="two classes"):
        apply_manifest(texts, path)


def test_what_several_sources_collected_stands_together() -> None:
    from dataclasses import replace

    from ftsuite.data.sources.collected import joined

    one = _examples()
    other = replace(one, collected=Collected((), ("Too few classes.",)))
    assert joined([one, other], ["a", "b"]) == Collected(
        (("a:x/bad.jpg", "/x/bad.jpg", "is empty (0 bytes)"),), ("b: Too few classes.",)
    )
    assert joined([replace(one, collected=None)], ["a"]) is None


def test_a_manifest_that_keeps_nothing_is_told_as_such(tmp_path: Path) -> None:
    rows = [_row(k, "leave out") for k in range(4)]
    with pytest.raises(DataError, match="rows leave out all"):
        apply_manifest(_examples(), _written(tmp_path / "m.csv", rows))
