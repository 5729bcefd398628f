from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.split_file import matching_splits, read_split, split_facts, write_split
from ftsuite.data.splits import split_examples, split_notes
from ftsuite.errors import ArtifactError, ConfigError


def made(labels: list[int], splits: list[str] | None = None, contents: list[str] | None = None) -> Examples:
    return Examples(
        ids=tuple(f"é {index}" for index in range(len(labels))),
        inputs=tuple(map(str, range(len(labels)))),
        labels=np.asarray(labels, dtype=np.int64),
        class_names=("jay", "wren"),
        content_hashes=tuple(contents or [f"{index:064x}" for index in range(len(labels))]),
        kind="text",
        splits=None if splits is None else np.asarray(splits),
    )


def split(examples: Examples, validation: float = 0.15, test: float = 0.2, seed: int = 0) -> list[str]:
    return split_examples(examples, validation_fraction=validation, test_fraction=test, seed=seed).tolist()


def test_a_split_never_changes_between_versions() -> None:
    # Old runs must be repeatable: these were written when the rule was made.
    assert "".join(side[1] for side in split(made([0, 1] * 12), seed=7)) == GOLDEN


def test_another_seed_is_another_split() -> None:
    examples = made([0, 1] * 100)
    assert split(examples, seed=1) != split(examples, seed=2)
    assert split(examples, seed=1) == split(examples, seed=1)


def test_validation_is_cut_from_training_only() -> None:
    official = (["train"] * 60 + ["test"] * 40) * 2
    sides = split(made([0] * 100 + [1] * 100, official))
    assert [side == "test" for side in sides] == [side == "test" for side in official]
    assert 8 <= sides.count("validation") <= 32


def test_a_missing_test_is_cut_from_training() -> None:
    official = (["train"] * 80 + ["validation"] * 20) * 2
    sides = split(made([0] * 100 + [1] * 100, official))
    assert sides.count("validation") == 40
    assert 15 <= sides.count("test") <= 50


def test_complete_official_splits_are_left_as_they_are() -> None:
    official = ["train", "train", "validation", "validation", "test", "test"]
    assert split(made([0, 1] * 3, official)) == official


def test_the_cut_of_validation_is_the_same_with_and_without_an_official_test() -> None:
    free = split(made([0, 1] * 200))
    kept = [side if side == "test" else "train" for side in free]
    assert split(made([0, 1] * 200, kept)) == free


def test_rows_without_a_split_follow_their_contents() -> None:
    contents = ["a", "b", "c", "d", "a", "c", "e", "f"]
    official = ["test", "test", "train", "train", "", "", "train", "validation"]
    sides = split(made([0, 1] * 4, official, contents))
    assert sides[4] == "test"
    assert sides[5] == "train"


def test_small_classes_get_what_they_can_in_order() -> None:
    for count, wanted in ((1, {"train"}), (2, {"train", "test"}), (3, {"train", "test", "validation"})):
        for seed in range(20):
            examples = made([0] * count + [1] * 50)
            sides = split(examples, seed=seed)
            assert set(sides[:count]) == wanted
            assert len(split_notes(examples, np.asarray(sides))) == 3 - count


def test_classes_that_a_split_lacks_are_noted() -> None:
    examples = made([0, 0, *[1] * 50])
    (note,) = split_notes(examples, np.asarray(split(examples)))
    assert note.startswith("The validation split holds no example of 'jay'")


def test_no_cut_where_none_is_asked_for() -> None:
    assert set(split(made([0, 1] * 20), validation=0, test=0)) == {"train"}
    assert set(split(made([0, 1] * 20), validation=0)) == {"train", "test"}


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.2), (1.0, 0.2), (0.2, 1.5), (float("nan"), 0.2)])
def test_fractions_have_a_range(validation: float, test: float) -> None:
    with pytest.raises(ConfigError, match="at least 0 and below 1"):
        split(made([0, 1]), validation, test)


def test_split_json_comes_back(tmp_path: Path) -> None:
    examples = made([0, 1] * 10)
    sides = np.asarray(split(examples))
    path = tmp_path / "split.json"
    write_split(path, examples, sides)
    recorded = read_split(path)
    assert recorded.ids == examples.ids
    assert recorded.content_hashes == examples.content_hashes
    assert recorded.splits.tolist() == sides.tolist()
    assert json.loads(path.read_text())["counts"]["train"] == sides.tolist().count("train")
    assert len(path.read_text().splitlines()) == 20 + 2
    assert list(tmp_path.iterdir()) == [path]
    first = path.read_bytes()
    write_split(path, examples, sides)
    assert path.read_bytes() == first


def test_split_json_says_what_it_is_a_split_of(tmp_path: Path) -> None:
    examples = made([0, 1] * 10)
    sides = np.asarray(split(examples))
    path = tmp_path / "split.json"

    def facts(one: Examples, of: np.ndarray) -> dict[str, object]:
        write_split(path, one, of, {"time": {"column": "seen", "test_from": 2024}})
        return split_facts(path)

    first = facts(examples, sides)
    assert first["time"] == {"column": "seen", "test_from": 2024}
    order = np.random.default_rng(0).permutation(20)
    moved = replace(examples.take(order), ids=tuple(f"renamed {index}" for index in range(20)))
    assert facts(moved, sides[order]) == first
    other = sides.copy()
    other[np.flatnonzero(sides == "train")[0]] = "test"
    assert facts(examples, other)["split_sha256"] != first["split_sha256"]
    assert facts(examples, other)["data_sha256"] == first["data_sha256"]
    assert facts(made([1, 0] * 10), sides)["data_sha256"] != first["data_sha256"]
    assert facts(made([1, 0] * 10), sides)["split_sha256"] == first["split_sha256"]


def test_an_edited_split_json_is_told(tmp_path: Path) -> None:
    examples = made([0, 1] * 10)
    path = tmp_path / "split.json"
    write_split(path, examples, np.asarray(split(examples)))
    lines = path.read_text().splitlines()
    one, other = (
        next(n for n, line in enumerate(lines) if "test" in line[80:]),
        next(n for n, line in enumerate(lines) if "train" in line[80:]),
    )
    # The counts stay as they were.
    lines[one], lines[other] = lines[one].replace('"test"', '"train"'), lines[other].replace('"train"', '"test"')
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ArtifactError, match="was edited"):
        read_split(path)
    with pytest.raises(ArtifactError, match="was edited"):
        matching_splits(path, examples)


def test_a_split_json_of_before_there_were_hashes_is_read(tmp_path: Path) -> None:
    examples = made([0, 1] * 10)
    path = tmp_path / "split.json"
    write_split(path, examples, np.asarray(split(examples)))
    text = path.read_text()
    begin, end = text.index('"data_sha256"'), text.index('"columns"')
    path.write_text(text[:begin] + text[end:])
    assert matching_splits(path, examples).tolist() == split(examples)


@pytest.mark.parametrize("change", ["cut", "no json", "lost row", "other format", "gone"])
def test_a_torn_split_json_is_told(tmp_path: Path, change: str) -> None:
    examples = made([0, 1] * 10)
    path = tmp_path / "split.json"
    write_split(path, examples, np.asarray(split(examples)))
    content = json.loads(path.read_text())
    if change == "cut":
        path.write_text(path.read_text()[:200])
    elif change == "no json":
        path.write_text("[1]")
    elif change == "lost row":
        content["examples"].pop()
        path.write_text(json.dumps(content))
    elif change == "other format":
        path.write_text(json.dumps({**content, "format": 9}))
    else:
        path.unlink()
    with pytest.raises(ArtifactError, match=r"split\.json"):
        read_split(path)


GOLDEN = "araerrereaererrrrrrrerrr"  # the second letter of train, validation and test


def test_what_was_said_of_an_official_split_is_not_said_again() -> None:
    examples = replace(made([0, 1, 0, 1]), notes=("The official test split holds no example of 'wren'.",))
    (note,) = split_notes(examples, np.array(["train", "train", "test", "validation"]))
    assert note.startswith("The validation split holds no example of 'jay'")
