from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.data.overlap import settle_overlap

TEXTS = st.sampled_from(["a film", "A film", "a  film ", "two", "TWO", "three", "four", "five", "ß", "SS"])
ROWS = st.lists(
    st.tuples(TEXTS, st.sampled_from(["train", "validation", "test"]), st.integers(0, 8)), min_size=1, max_size=40
)


def made(rows: list[tuple[str, str, int]], grouped: bool) -> tuple[Examples, np.ndarray]:
    sides = np.asarray([row[1] for row in rows])
    texts = tuple(row[0] for row in rows)
    examples = Examples(
        ids=tuple(f"row-{index}" for index in range(len(rows))),
        inputs=texts,
        labels=np.zeros(len(rows), dtype=np.int64),
        class_names=("a",),
        content_hashes=tuple(hashlib.sha256(text.encode()).hexdigest() for text in texts),
        kind="text",
        groups=tuple(f"bird {row[2]}" for row in rows) if grouped else None,
        splits=sides,
    )
    return examples, sides


@given(ROWS, st.booleans())
@settings(deadline=None)
def test_what_is_left_shares_nothing_and_no_test_was_touched(rows: list[tuple[str, str, int]], grouped: bool) -> None:
    examples, sides = made(rows, grouped)
    kept, splits = settle_overlap(examples, sides, "drop-from-training")
    assert kept.splits is not None
    assert kept.splits.tolist() == splits.tolist()
    again, _ = settle_overlap(kept, splits, "refuse")
    assert again is kept
    assert {name for name, side in zip(examples.ids, sides, strict=True) if side == "test"} <= set(kept.ids)
    for column in [[" ".join(text.casefold().split()) for text in kept.inputs], kept.groups or ()]:
        seen: dict[str, set[str]] = {}
        for value, side in zip(column, splits, strict=False):
            seen.setdefault(value, set()).add(side)
        assert all(len(found) == 1 for found in seen.values())


@given(ROWS, st.booleans())
@settings(deadline=None)
def test_nothing_more_is_left_out_than_has_a_twin_on_a_side_that_comes_first(
    rows: list[tuple[str, str, int]], grouped: bool
) -> None:
    examples, sides = made(rows, grouped)
    kept, _ = settle_overlap(examples, sides, "drop-from-training")
    rank = {"train": 0, "validation": 1, "test": 2}
    for row, name in zip(rows, examples.ids, strict=True):
        alike = [other for other in rows if rank[other[1]] > rank[row[1]]]
        plain = " ".join(row[0].casefold().split())
        twin = any(
            " ".join(other[0].casefold().split()) == plain or (grouped and other[2] == row[2]) for other in alike
        )
        assert (name in kept.ids) == (not twin)
