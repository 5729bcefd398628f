"""Labels of sentiment data on their scales."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.errors import DataError
from ftsuite_sentiment.labels import BINARY, STARS, THREE_WAY, to_scale


def _examples(names: tuple[str, ...], labels: list[int]) -> Examples:
    ids = tuple(f"t{number}" for number in range(len(labels)))
    return Examples(ids, ids, np.asarray(labels, np.int64), names, ids, "text")


@pytest.mark.parametrize(
    ("names", "scale_names"),
    [
        (("0", "1"), BINARY),
        (("-1", "1"), BINARY),
        (("neg", "pos"), BINARY),
        (("False", "True"), BINARY),
        (("-1", "0", "1"), THREE_WAY),
        (("0", "1", "2"), THREE_WAY),
        (("1", "2", "3", "4", "5"), STARS),
    ],
)
def test_usual_spellings_get_readable_names(names: tuple[str, ...], scale_names: tuple[str, ...]) -> None:
    labels = list(range(len(names)))
    named = to_scale(_examples(names, labels), "as-is")
    assert named.class_names == scale_names
    assert named.labels.tolist() == labels
    assert any("are read as" in note for note in named.notes)


def test_names_out_of_order_are_put_in_the_order_of_the_scale() -> None:
    """Sources sort names, and an alphabet has no sense of feeling: the labels must go along."""
    named = to_scale(_examples(("Positive", "neutral", "Negative"), [0, 1, 2, 0]), "as-is")
    assert named.class_names == THREE_WAY
    assert named.labels.tolist() == [2, 1, 0, 2]


def test_other_labels_are_left_alone() -> None:
    examples = _examples(("happy", "sad"), [0, 1])
    assert to_scale(examples, "as-is") is examples


def test_stars_become_three_way() -> None:
    coarser = to_scale(_examples(("1", "2", "3", "4", "5"), [0, 1, 2, 3, 4]), "three-way")
    assert coarser.class_names == THREE_WAY
    assert coarser.labels.tolist() == [0, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("names", "labels", "kept", "expected"),
    [
        (("1", "2", "3", "4", "5"), [0, 1, 2, 3, 4], ("t0", "t1", "t3", "t4"), [0, 0, 1, 1]),
        (("negative", "neutral", "positive"), [2, 1, 0], ("t0", "t2"), [1, 0]),
    ],
)
def test_binary_leaves_the_middle_out_and_says_so(
    names: tuple[str, ...], labels: list[int], kept: tuple[str, ...], expected: list[int]
) -> None:
    coarser = to_scale(_examples(names, labels), "binary")
    assert coarser.class_names == BINARY
    assert coarser.ids == kept
    assert coarser.labels.tolist() == expected
    assert any("Left out 1 texts" in note for note in coarser.notes)


@pytest.mark.parametrize("names", [BINARY, THREE_WAY])
def test_labels_that_are_on_the_scale_stay(names: tuple[str, ...]) -> None:
    scale = "binary" if names == BINARY else "three-way"
    same = to_scale(_examples(names, list(range(len(names)))), scale)
    assert same.class_names == names
    assert same.labels.tolist() == list(range(len(names)))


@pytest.mark.parametrize(("names", "scale"), [(BINARY, "three-way"), (("happy", "sad"), "binary")])
def test_a_scale_that_the_labels_cannot_give_is_an_error(names: tuple[str, ...], scale: str) -> None:
    with pytest.raises(DataError, match=r"Received the classes"):
        to_scale(_examples(names, [0, 1]), scale)
