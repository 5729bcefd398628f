"""However many examples there are, they are split in the same way: by arrays as by objects."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.data import splits
from ftsuite.data.columns import HashColumn, StringColumn
from ftsuite.data.splits import split_examples

# content, label, group: few of each, so that repeats and joined groups are common
ROWS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=60)
SIDES = ("train", "test", "validation", "")


def made(rows: list[tuple[int, int, int]], grouped: bool, official: list[str] | None, compact: bool) -> Examples:
    hashes = [hashlib.sha256(str(content).encode()).hexdigest() for content, _, _ in rows]
    groups = [f"bird {'é' * (group % 3)}{group}" for _, _, group in rows] if grouped else None
    return Examples(
        ids=tuple(f"row-{index}" for index in range(len(rows))),
        inputs=tuple(hashes),
        labels=np.asarray([label for _, label, _ in rows], dtype=np.int64),
        class_names=("a", "b", "c", "d", "e"),
        content_hashes=HashColumn.of(hashes) if compact else tuple(hashes),
        kind="text",
        groups=None if groups is None else StringColumn.of(groups) if compact else tuple(groups),
        splits=None if official is None else np.asarray(official),
    )


def both_ways(examples: Examples, validation: float, test: float, seed: int) -> tuple[list[str], list[str]]:
    def split() -> list[str]:
        return split_examples(examples, validation_fraction=validation, test_fraction=test, seed=seed).tolist()

    with pytest.MonkeyPatch.context() as patched:
        by_objects = split()
        patched.setattr(splits, "LARGE_SPLIT", 0)
        return by_objects, split()


@given(
    ROWS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1, 2, 4]),
    st.sampled_from([(0.15, 0.2), (0.0, 0.2), (0.2, 0.0), (0.05, 0.05), (0.5, 0.3), (0.01, 0.01)]),
    st.integers(0, 1000),
)
@settings(max_examples=400, deadline=None)
def test_arrays_split_as_objects_do(
    rows: list[tuple[int, int, int]],
    grouped: bool,
    compact: bool,
    sides: int | None,
    fractions: tuple[float, float],
    seed: int,
) -> None:
    draws = np.random.default_rng(seed)
    official = None if sides is None else [SIDES[-sides:][i] for i in draws.integers(0, sides, len(rows))]
    by_objects, by_arrays = both_ways(made(rows, grouped, official, compact), *fractions, seed)
    assert by_arrays == by_objects


def test_many_classes_of_few_examples_borrow_the_same_units() -> None:
    rows = [(index, index % 5, index // 3) for index in range(40)]
    for seed in range(40):
        examples = made(rows, seed % 2 == 0, None, True)
        wide = replace(examples, labels=np.arange(40) // 3, class_names=tuple(map(str, range(14))))
        by_objects, by_arrays = both_ways(wide, 0.15, 0.2, seed)
        assert by_arrays == by_objects
