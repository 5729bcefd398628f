from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config.schema import ExampleLimits
from ftsuite.data.limits import class_quotas, limit_splits
from tests.found_pictures import note_with


def made(labels: list[int]) -> Examples:
    return Examples(
        ids=tuple(f"row-{place}" for place in range(len(labels))),
        inputs=tuple(f"text {place}" for place in range(len(labels))),
        labels=np.asarray(labels, dtype=np.int64),
        class_names=("a", "b", "c"),
        content_hashes=tuple(f"hash {place}" for place in range(len(labels))),
        kind="text",
        groups=tuple(f"group {place // 3}" for place in range(len(labels))),
        notes=("as found",),
    )


def test_each_split_has_its_own_limit() -> None:
    examples = made([0, 0, 1, 1] * 30)
    splits = np.asarray((["train"] * 4 + ["validation"] * 4 + ["test"] * 4) * 10)
    limited, kept_splits = limit_splits(examples, splits, ExampleLimits(train=10, test=7), 0)
    assert [int((kept_splits == split).sum()) for split in ("train", "validation", "test")] == [10, 40, 7]
    assert np.bincount(limited.labels[kept_splits == "train"]).tolist() == [5, 5]
    places = [int(identifier.removeprefix("row-")) for identifier in limited.ids]
    assert places == sorted(places)
    assert splits[places].tolist() == kept_splits.tolist()
    assert limited.labels.tolist() == examples.labels[places].tolist()
    assert limited.groups == tuple(f"group {place // 3}" for place in places)
    assert limited.notes[0] == "as found"
    assert note_with(limited, "data.limit.train: 10").startswith("Left out 30 of 40 train examples")
    assert note_with(limited, "data.limit.test: 7").startswith("Left out 33 of 40 test examples")


def test_limits_that_cut_nothing_change_nothing() -> None:
    examples = made([0, 1, 2])
    splits = np.asarray(["train", "train", "test"])
    for limit in (ExampleLimits(), ExampleLimits(train=2, validation=1, test=9)):
        limited, kept_splits = limit_splits(examples, splits, limit, 0)
        assert limited is examples
        assert kept_splits is splits


def test_another_seed_chooses_others_and_the_same_the_same() -> None:
    examples, splits = made([0, 1] * 50), np.asarray(["train"] * 100)
    chosen = [limit_splits(examples, splits, ExampleLimits(train=20), seed)[0].ids for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.parametrize(
    ("counts", "most", "quotas"),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([33, 33, 34], 10, [3, 3, 4]),
        ([97, 2, 1], 10, [8, 1, 1]),
        ([97, 1, 2], 2, [1, 0, 1]),
        ([4, 4, 4], 2, [1, 1, 0]),
        ([50, 50], 1, [1, 0]),
        ([98, 0, 2], 3, [2, 0, 1]),
        ([5, 4], 8, [4, 4]),
        ([10**6, 1], 10**6, [10**6 - 1, 1]),
    ],
)
def test_places_go_by_the_largest_remainder(counts: list[int], most: int, quotas: list[int]) -> None:
    assert class_quotas(np.asarray(counts), most).tolist() == quotas


def test_of_equal_contents_the_first_stay() -> None:
    examples = made([0, 0, 0, 1, 1, 1])
    object.__setattr__(examples, "content_hashes", ("same",) * 6)
    limited, _ = limit_splits(examples, np.asarray(["train"] * 6), ExampleLimits(train=3), 0)
    assert limited.ids == ("row-0", "row-1", "row-3")
