from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.data.splits import SPLITS, draw, split_examples

# (content, label) pairs; few contents, so that repeats are common
ROWS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), min_size=1, max_size=80)
FRACTIONS = st.sampled_from([0.0, 0.05, 0.15, 0.2, 0.5])
SEEDS = st.integers(0, 1000)


def made(rows: list[tuple[int, int]], groups: list[str] | None = None, splits: list[str] | None = None) -> Examples:
    return Examples(
        ids=tuple(f"row-{index}" for index in range(len(rows))),
        inputs=tuple(str(content) for content, _ in rows),
        labels=np.asarray([label for _, label in rows], dtype=np.int64),
        class_names=("a", "b", "c", "d"),
        content_hashes=tuple(hashlib.sha256(str(content).encode()).hexdigest() for content, _ in rows),
        kind="text",
        groups=None if groups is None else tuple(groups),
        splits=None if splits is None else np.asarray(splits),
    )


def split(examples: Examples, validation: float = 0.15, test: float = 0.2, seed: int = 0) -> np.ndarray:
    return split_examples(examples, validation_fraction=validation, test_fraction=test, seed=seed)


def natural(examples: Examples, validation: float, test: float, seed: int) -> list[str]:
    """Where each example's own draw puts it."""
    keys = [f"content|{content}" for content in examples.content_hashes]
    return [
        "test"
        if draw(seed, "test", key) < test
        else "validation"
        if draw(seed, "validation", key) < validation
        else "train"
        for key in keys
    ]


@given(ROWS, FRACTIONS, FRACTIONS, SEEDS)
@settings(deadline=None)
def test_identical_contents_never_part(rows: list[tuple[int, int]], validation: float, test: float, seed: int) -> None:
    examples = made(rows)
    sides: dict[str, set[str]] = defaultdict(set)
    for content, side in zip(examples.content_hashes, split(examples, validation, test, seed), strict=True):
        sides[content].add(side)
        assert side in SPLITS
    assert all(len(found) == 1 for found in sides.values())


@given(ROWS, SEEDS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_rows_is_nothing(rows: list[tuple[int, int]], seed: int, random: object) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = split(made(rows), seed=seed)
    shuffled = split(made([rows[index] for index in order]), seed=seed)
    assert shuffled.tolist() == straight[order].tolist()


@given(ROWS, st.lists(st.tuples(st.integers(61, 200), st.integers(0, 3)), max_size=80), SEEDS)
@settings(deadline=None)
def test_rows_move_only_in_classes_too_small_for_their_own_draws(
    rows: list[tuple[int, int]], more: list[tuple[int, int]], seed: int
) -> None:
    own_contents = [(content * 4 + label, label) for content, label in rows]
    added = [(content * 4 + label, label) for content, label in more]
    examples = made(own_contents)
    before = split(examples, seed=seed)
    after = split(made(own_contents + added), seed=seed)[: len(rows)]
    drawn = np.asarray(natural(examples, 0.15, 0.2, seed))
    for label in set(examples.labels.tolist()):
        mine = examples.labels == label
        contents = np.asarray(examples.content_hashes)[mine]
        moved = set(contents[before[mine] != after[mine]].tolist())
        if set(drawn[mine].tolist()) == set(SPLITS):
            assert not moved
            assert before[mine].tolist() == drawn[mine].tolist()
        # at most one borrowed for each split before, and one after
        assert len(moved) <= 2 * len(SPLITS)


@given(st.integers(1, 400), SEEDS)
@settings(max_examples=25, deadline=None)
def test_large_classes_move_nothing_when_rows_are_added(count: int, seed: int) -> None:
    rows = [(index, index % 4) for index in range(400)]
    more = [(1000 + index, index % 4) for index in range(count)]
    assert split(made(rows + more), seed=seed)[:400].tolist() == split(made(rows), seed=seed).tolist()


@given(st.integers(1, 100), SEEDS)
@settings(max_examples=25, deadline=None)
def test_large_classes_of_groups_move_nothing_when_groups_are_added(count: int, seed: int) -> None:
    rows = [(index, index % 4) for index in range(600)]
    groups = [f"bird {index // 3}" for index in range(600)]
    more = [(1000 + index, index % 4) for index in range(3 * count)]
    more_groups = [f"bird {1000 + index // 3}" for index in range(3 * count)]
    after = split(made(rows + more, groups + more_groups), seed=seed)[:600]
    assert after.tolist() == split(made(rows, groups), seed=seed).tolist()


@given(SEEDS, st.sampled_from([(0.15, 0.2), (0.1, 0.1), (0.3, 0.3)]))
@settings(max_examples=25, deadline=None)
def test_shares_are_those_asked_for_in_every_class(seed: int, fractions: tuple[float, float]) -> None:
    validation, test = fractions
    examples = made([(index, index % 4) for index in range(2400)])
    sides = split(examples, validation, test, seed)
    for label in range(4):
        own = sides[examples.labels == label]
        for side, share in (("test", test), ("validation", (1 - test) * validation)):
            # six standard deviations of independent draws
            assert abs((own == side).mean() - share) < 6 * (share * (1 - share) / len(own)) ** 0.5


@given(ROWS, SEEDS)
@settings(deadline=None)
def test_every_class_gets_one_of_each_where_it_has_three_contents(rows: list[tuple[int, int]], seed: int) -> None:
    own_contents = [(content * 4 + label, label) for content, label in rows]  # no content under two labels
    examples = made(own_contents)
    sides = split(examples, seed=seed)
    for label in set(examples.labels.tolist()):
        mine = examples.labels == label
        distinct = len({content for content, found in zip(examples.content_hashes, mine, strict=True) if found})
        assert "train" in sides[mine]
        assert distinct < 2 or "test" in sides[mine]
        assert distinct < 3 or "validation" in sides[mine]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=80),
    SEEDS,
)
@settings(deadline=None)
def test_groups_never_part_even_when_joined_by_contents(rows: list[tuple[int, int, int]], seed: int) -> None:
    examples = made([row[:2] for row in rows], groups=[f"bird {row[2]}" for row in rows])
    sides = split(examples, seed=seed)
    for names in (examples.groups, examples.content_hashes):
        found: dict[str, set[str]] = defaultdict(set)
        for name, side in zip(names or (), sides, strict=True):
            found[name].add(side)
        assert all(len(one) == 1 for one in found.values())


@given(ROWS, st.data(), SEEDS)
@settings(deadline=None)
def test_official_splits_are_kept(rows: list[tuple[int, int]], data: st.DataObject, seed: int) -> None:
    official = data.draw(
        st.lists(st.sampled_from(["train", "test", "validation", ""]), min_size=len(rows), max_size=len(rows))
    )
    sides = split(made(rows, splits=official), seed=seed)
    for given_side, side in zip(official, sides, strict=True):
        if given_side in ("test", "validation"):
            assert side == given_side
        if given_side == "train" and "test" in official:
            assert side != "test"
        if given_side == "train" and "validation" in official:
            assert side != "validation"
