from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.duplicates import drop_duplicates
from ftsuite.errors import DataError
from tests.found_pictures import note_with


def made(rows: list[tuple[str, int]], splits: list[str] | None = None) -> Examples:
    count = len(rows)
    return Examples(
        ids=tuple(f"row-{place}" for place in range(count)),
        inputs=tuple(content for content, _ in rows),
        labels=np.asarray([label for _, label in rows], dtype=np.int64),
        class_names=("no", "yes", "maybe"),
        content_hashes=tuple(f"hash of {content}" for content, _ in rows),
        kind="text",
        splits=None if splits is None else np.asarray(splits),
        groups=tuple(f"group-{place}" for place in range(count)),
        decoders=np.arange(count, dtype=np.uint8),
        notes=("as found",),
    )


def test_the_first_of_each_content_stays() -> None:
    examples = drop_duplicates(made([("a", 0), ("b", 1), ("a", 0), ("c", 1), ("a", 0)]))
    assert examples.ids == ("row-0", "row-1", "row-3")
    assert examples.inputs == ("a", "b", "c")
    assert examples.content_hashes == ("hash of a", "hash of b", "hash of c")
    assert examples.labels.tolist() == [0, 1, 1]
    assert examples.groups == ("group-0", "group-1", "group-3")
    assert examples.decoders is not None
    assert examples.decoders.tolist() == [0, 1, 3]
    assert examples.notes[0] == "as found"
    assert note_with(examples, "repeat").startswith("Left out 2 of 5 examples that repeat")


def test_contents_with_conflicting_labels_go_altogether() -> None:
    examples = drop_duplicates(made([("a", 0), ("b", 1), ("a", 1), ("c", 0), ("c", 0), ("a", 0)]))
    assert examples.inputs == ("b", "c")
    assert note_with(examples, "more than one class").startswith("Left out 3 of 6 examples whose 1 content stands")
    assert note_with(examples, "repeat").startswith("Left out 1 of 6 example that repeats")


def test_of_several_official_splits_the_test_keeps_its_example() -> None:
    rows = [("a", 0), ("a", 0), ("b", 1), ("b", 1), ("c", 1), ("a", 0)]
    examples = drop_duplicates(made(rows, ["train", "validation", "", "train", "test", "test"]))
    assert examples.ids == ("row-3", "row-4", "row-5")
    assert examples.splits is not None
    assert examples.splits.tolist() == ["train", "test", "test"]


def test_without_duplicates_nothing_changes() -> None:
    examples = made([("a", 0), ("b", 1)])
    assert drop_duplicates(examples) is examples


def test_a_class_of_conflicts_alone_is_an_error() -> None:
    with pytest.raises(DataError, match="Received: 1 without one: 'yes'") as caught:
        drop_duplicates(made([("a", 0), ("b", 0), ("b", 1)]))
    assert "data.duplicates: keep" in caught.value.advice


def test_columns_on_disk_are_taken_by_their_own_means() -> None:
    class OnDisk(tuple[str, ...]):
        def take(self, positions: np.ndarray) -> OnDisk:
            return OnDisk(f"taken {self[place]}" for place in positions)

    examples = made([("a", 0), ("a", 0), ("b", 1)])
    object.__setattr__(examples, "inputs", OnDisk(examples.inputs))
    assert drop_duplicates(examples).inputs == ("taken a", "taken b")
