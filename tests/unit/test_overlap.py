from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.assigned_splits import assigned_splits
from ftsuite.data.overlap import settle_overlap
from ftsuite.data.sources import load_examples
from ftsuite.errors import ConfigError, DataError

SIDES = ["train", "train", "train", "validation", "validation", "test", "test"]
CONTENTS = ["a", "b", "c", "b", "d", "a", "d"]


def made(contents: list[str], sides: list[str] | None, **columns: object) -> Examples:
    return Examples(
        ids=tuple(f"row {index}" for index in range(len(contents))),
        inputs=tuple(contents),
        labels=np.arange(len(contents)) % 2,
        class_names=("jay", "wren"),
        content_hashes=tuple(contents),
        kind="text",
        splits=None if sides is None else np.asarray(sides),
        **columns,  # type: ignore[arg-type]
    )


def data(**keys: object) -> DataConfig:
    return DataConfig.model_validate({"source": "csv:some.csv", **keys})


def settled(examples: Examples, rule: str, sides: list[str] | None = None) -> tuple[list[str], list[str], str]:
    kept, splits = settle_overlap(examples, np.asarray(sides or SIDES), rule)
    return list(kept.ids), splits.tolist(), "\n".join(kept.notes)


def test_shared_contents_are_refused_with_how_many_and_which() -> None:
    with pytest.raises(DataError) as caught:
        settled(made(CONTENTS, SIDES), "refuse")
    told = caught.value.message
    assert "1 content in training and in test:\n    'row 0' and 'row 5': 'a'" in told
    assert "1 content in validation and in test:\n    'row 4' and 'row 6'" in told
    assert "1 content in training and in validation:\n    'row 1' and 'row 3'" in told
    assert "data.overlap: drop-from-training" in caught.value.advice
    assert caught.value.exit_code == 3


def test_only_the_first_of_many_pairs_are_named() -> None:
    many = [f"text {number}" for number in range(40)] * 2
    sides = ["train"] * 40 + ["test"] * 40
    with pytest.raises(DataError) as caught:
        settled(made(many, sides), "refuse", sides)
    assert "40 contents in training and in test" in caught.value.message
    assert caught.value.message.count("and 'row") == 5
    assert caught.value.message.endswith("and 35 more")


def test_what_is_left_out_is_the_side_that_must_give_way() -> None:
    ids, sides, notes = settled(made(CONTENTS, SIDES), "drop-from-training")
    assert ids == ["row 2", "row 3", "row 5", "row 6"]
    assert sides == ["train", "validation", "test", "test"]
    assert "left 1 example out of training (data.overlap: drop-from-training)" in notes
    assert "left 1 example out of validation" in notes
    again, _, _ = settled(made(["c", "b", "a", "d"], sides), "refuse", sides)
    assert len(again) == 4


def test_what_is_kept_is_told() -> None:
    ids, sides, notes = settled(made(CONTENTS, SIDES), "allow")
    assert (len(ids), sides) == (7, SIDES)
    assert "The training and test splits share 1 content; they were kept (data.overlap: allow)" in notes


def test_texts_that_differ_in_case_and_spaces_are_told_and_left_out_on_request() -> None:
    examples, sides = made(["A  film ", "other", "a film"], None), ["train", "validation", "test"]
    for rule in ("refuse", "allow"):
        ids, _, notes = settled(examples, rule, sides)
        assert len(ids) == 3
        assert "The training and test splits share 1 text that differs in case and spaces alone" in notes
    assert settled(examples, "drop-from-training", sides)[0] == ["row 1", "row 2"]


def test_nothing_shared_changes_nothing() -> None:
    examples = made(["a", "b", "c"], ["train", "validation", "test"])
    kept, splits = settle_overlap(examples, np.asarray(examples.splits), "refuse")
    assert kept is examples
    assert splits.tolist() == ["train", "validation", "test"]


def test_streamed_texts_are_settled_as_those_in_memory_are(tmp_path: Path) -> None:
    rows = [{"text": text, "label": "xy"[at % 2], "split": SIDES[at]} for at, text in enumerate(CONTENTS)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    examples = load_examples(data(source=f"jsonl:{path}", streaming=True), seed=0)
    with pytest.raises(DataError, match=r"1 content in training and in test:\n    'line 1' and 'line 6': 'a'"):
        settled(examples, "refuse")
    ids, sides, _ = settled(examples, "drop-from-training")
    assert ids == ["line 3", "line 4", "line 6", "line 7"]
    assert sides == ["train", "validation", "test", "test"]


def test_groups_on_both_sides_are_refused_and_named() -> None:
    sides = ["train", "validation", "test"]
    examples = made(["a", "b", "c"], sides, groups=("one", "two", "one"))
    with pytest.raises(DataError, match=r"1 group in training and in test:\n    'row 0' and 'row 2' \(group 'one'\)"):
        settled(examples, "refuse", sides)
    assert settled(examples, "drop-from-training", sides)[0] == ["row 1", "row 2"]


def test_drawn_splits_share_nothing_whatever_repeats() -> None:
    examples = made(["a", "b", "c", "d"] * 20, None)
    _, splits, facts = assigned_splits(examples, data(), 0)
    assert len(splits) == 80
    assert facts == {}


def test_a_repeat_after_the_cut_is_refused_unless_told_otherwise() -> None:
    contents = [f"text {number}" for number in range(20)]
    contents[19] = contents[0]
    examples = made(contents, None, times=np.arange(20))
    with pytest.raises(DataError, match="1 content in training and in test"):
        assigned_splits(examples, data(time_column="seen"), 0)
    wanted = data(time_column="seen", overlap="drop-from-training")
    kept, splits, facts = assigned_splits(examples, wanted, 0)
    assert "row 0" not in kept.ids
    assert np.count_nonzero(splits == "test") == 4
    assert facts["time"] == {"column": "seen", "validation_from": 14, "test_from": 16}
    assert any("before 14 for training" in note for note in kept.notes)


def test_times_are_asked_for_where_a_task_loads_none() -> None:
    with pytest.raises(ConfigError, match="load times"):
        assigned_splits(made(["a", "b", "c"], None), data(time_column="seen"), 0)


def test_times_beside_official_splits_are_refused() -> None:
    examples = made(["a", "b", "c"], ["train", "validation", "test"], times=np.arange(3))
    with pytest.raises(ConfigError, match="no splits of their own"):
        assigned_splits(examples, data(time_column="seen"), 0)


def test_it_is_recorded_that_groups_stayed_together() -> None:
    examples = made(list("abcdef"), None, groups=tuple("xxyyzz"))
    assert assigned_splits(examples, data(), 0)[2] == {"grouped": True}
    folds = data(folds={"count": 3, "held_out": 1})
    assert assigned_splits(examples, folds, 0)[2] == {"grouped": True, "folds": {"count": 3, "held_out": 1}}


def test_a_run_of_folds_needs_its_fold() -> None:
    with pytest.raises(ConfigError, match="which fold is tested"):
        assigned_splits(made(["a", "b", "c"], None), data(folds={"count": 2}), 0)
