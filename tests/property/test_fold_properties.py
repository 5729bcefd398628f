from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.data.folds import fold_splits, foldable_examples
from ftsuite.errors import DataError

# (content, label, group) rows; few contents, so that repeats are common
ROWS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.integers(0, 15)), min_size=20, max_size=90)
SEEDS = st.integers(0, 1000)


def made(rows: list[tuple[int, int, int]], grouped: bool, splits: list[str] | None = None) -> Examples:
    return Examples(
        ids=tuple(f"row-{index}" for index in range(len(rows))),
        inputs=tuple(str(row[0]) for row in rows),
        labels=np.asarray([row[1] for row in rows], dtype=np.int64),
        class_names=("a", "b", "c"),
        content_hashes=tuple(hashlib.sha256(str(row[0]).encode()).hexdigest() for row in rows),
        kind="text",
        groups=tuple(f"bird {row[2]}" for row in rows) if grouped else None,
        splits=None if splits is None else np.asarray(splits),
    )


def dealt(examples: Examples, count: int, seed: int) -> list[np.ndarray]:
    try:
        return [
            fold_splits(examples, count=count, held_out=fold, validation_fraction=0.2, seed=seed)
            for fold in range(1, count + 1)
        ]
    except DataError:
        assume(False)
        raise


@given(ROWS, st.integers(2, 4), SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_example_is_tested_once_and_what_belongs_together_never_parts(
    rows: list[tuple[int, int, int]], count: int, seed: int, grouped: bool
) -> None:
    examples = made(rows, grouped)
    folds = dealt(examples, count, seed)
    assert (np.sum([splits == "test" for splits in folds], axis=0) == 1).all()
    for splits in folds:
        for names in (examples.content_hashes, examples.groups or ()):
            found: dict[str, set[str]] = defaultdict(set)
            for name, side in zip(names, splits, strict=False):
                found[name].add(side)
            assert all(len(one) == 1 for one in found.values())


@given(ROWS, SEEDS, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_deals_nothing_else(
    rows: list[tuple[int, int, int]], seed: int, grouped: bool, random: object
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = dealt(made(rows, grouped), 3, seed)
    shuffled = dealt(made([rows[index] for index in order], grouped), 3, seed)
    for one, other in zip(straight, shuffled, strict=True):
        assert other.tolist() == one[order].tolist()


@given(SEEDS, st.integers(2, 6), st.integers(40, 200))
@settings(max_examples=20, deadline=None)
def test_classes_are_dealt_evenly(seed: int, count: int, rows: int) -> None:
    examples = made([(index, index % 3 if index % 7 else 0, 0) for index in range(rows)], grouped=False)
    shares = [Counter(examples.labels[splits == "test"].tolist()) for splits in dealt(examples, count, seed)]
    for label in range(3):
        held = [share[label] for share in shares]
        assert max(held) - min(held) <= 1


def test_every_fold_draws_its_own_validation() -> None:
    examples = made([(index, index % 3, 0) for index in range(300)], grouped=False)
    folds = dealt(examples, 5, 0)
    in_validation = np.sum([splits == "validation" for splits in folds], axis=0)
    # one draw for all folds would leave a fifth of the examples out of every training
    assert (in_validation == 4).mean() < 0.02
    for splits in folds:
        assert set(examples.labels[splits == "validation"].tolist()) == {0, 1, 2}
        for label in range(3):
            assert np.mean(splits[(splits != "test") & (examples.labels == label)] == "validation") == 0.2


@given(SEEDS, st.integers(10, 60))
@settings(max_examples=20, deadline=None)
def test_validation_of_groups_has_its_share_of_the_examples(seed: int, groups: int) -> None:
    rows = [(index, index % 3, index % groups) for index in range(6 * groups)]
    for splits in dealt(made(rows, grouped=True), 3, seed):
        training = splits[splits != "test"]
        # half a group beside the cut of each class, and one that a class may have borrowed
        assert abs(np.count_nonzero(training == "validation") - 0.2 * len(training)) <= 3 * 3 + 6


def test_folds_never_change_between_versions() -> None:
    folds = dealt(made([(index, index % 3, 0) for index in range(24)], grouped=False), 3, 7)
    assert ["".join(side[1] for side in splits) for splits in folds] == GOLDEN


@pytest.mark.parametrize("grouped", [False, True])
def test_too_few_for_the_folds_are_told(grouped: bool) -> None:
    examples = made([(index, index % 3, index % 4) for index in range(9)], grouped=grouped)
    with pytest.raises(DataError, match=r"one for each fold\. Received: at most [34]"):
        fold_splits(examples, count=5, held_out=1, validation_fraction=0.2, seed=0)


def test_an_official_test_takes_no_part() -> None:
    sides = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    kept, note = foldable_examples(made([(index, 0, 0) for index in range(10)], False, sides))
    assert (len(kept), kept.splits) == (8, None)
    assert "test split that the source brings, 2 examples, takes no part" in note
    assert "is dealt to the folds" in note
    free, note = foldable_examples(made([(0, 0, 0)], False))
    assert (len(free), note) == (1, "")


# The second letter of train, validation and test.
GOLDEN = [
    "rrerreaererrreerraerrear",
    "rrreerrreaeaearerrrerrre",
    "eerarrerrrrerrrreeraerea",
]
