from __future__ import annotations

import hashlib
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.config.schema import ExampleLimits
from ftsuite.data.duplicates import drop_duplicates
from ftsuite.data.limits import class_quotas, limit_splits
from ftsuite.data.splits import draw
from ftsuite.errors import DataError

CLASSES = 4
LABELS = st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=60)
LIMITS = st.integers(1, 70)
SEEDS = st.integers(0, 1000)


def made(rows: list[tuple[int, int]]) -> Examples:
    """Rows of (content, label)."""
    return Examples(
        ids=tuple(f"row-{place}" for place in range(len(rows))),
        inputs=tuple(str(content) for content, _ in rows),
        labels=np.asarray([label for _, label in rows], dtype=np.int64),
        class_names=tuple("abcd"),
        content_hashes=tuple(hashlib.sha256(str(content).encode()).hexdigest() for content, _ in rows),
        kind="text",
    )


def chosen(rows: list[tuple[int, int]], most: int, seed: int) -> set[tuple[str, int]]:
    """Contents and labels that are kept of a training split."""
    splits = np.full(len(rows), "train")
    limited, kept = limit_splits(made(rows), splits, ExampleLimits(train=most), seed)
    assert len(limited) == len(kept) == min(most, len(rows))
    return set(zip(limited.inputs, limited.labels.tolist(), strict=True))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any), st.data())
def test_quotas_add_up_and_never_exceed(counts: list[int], data: st.DataObject) -> None:
    total = sum(counts)
    most = data.draw(st.integers(1, total))
    quotas = class_quotas(np.asarray(counts), most).tolist()
    present = sum(count > 0 for count in counts)
    assert sum(quotas) == most
    assert all(0 <= quota <= count for quota, count in zip(quotas, counts, strict=True))
    if most >= present:
        assert all(quota > 0 for quota, count in zip(quotas, counts, strict=True) if count)
    shares = [count * most / total for count in counts]
    lifted = sum(share < 1 and quota == 1 for share, quota in zip(shares, quotas, strict=True))
    assert all(share - 1 - lifted < quota < share + 1 for share, quota in zip(shares, quotas, strict=True) if share)


@given(LABELS, LIMITS, SEEDS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_choice_does_not_depend_on_the_order(
    labels: list[int], most: int, seed: int, shuffler: random.Random
) -> None:
    rows = list(enumerate(labels))
    before = chosen(rows, most, seed)
    shuffler.shuffle(rows)
    assert chosen(rows, most, seed) == before


@given(LABELS, LABELS, LIMITS, SEEDS)
@settings(deadline=None)
def test_added_rows_only_take_places(labels: list[int], added: list[int], most: int, seed: int) -> None:
    rows = list(enumerate(labels))
    before, after = chosen(rows, most, seed), chosen(list(enumerate(labels + added)), most, seed)
    for label in range(CLASSES):
        was = {row for row in before if row[1] == label}
        still = {row for row in after if row[1] == label and int(row[0]) < len(labels)}
        assert was <= still or still <= was


@given(LABELS, LIMITS, SEEDS)
@settings(deadline=None)
def test_what_is_kept_drew_lower_than_what_is_left_out(labels: list[int], most: int, seed: int) -> None:
    examples = made(list(enumerate(labels)))
    kept = {int(content) for content, _ in chosen(list(enumerate(labels)), most, seed)}
    draws = [draw(seed, "limit", f"content|{content}") for content in examples.content_hashes]
    for label in set(labels):
        own = [place for place, other in enumerate(labels) if other == label]
        taken = [draws[place] for place in own if place in kept]
        left = [draws[place] for place in own if place not in kept]
        assert not taken or not left or max(taken) < min(left)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, CLASSES - 1)), min_size=1, max_size=60))
@settings(deadline=None)
def test_dropping_duplicates_leaves_each_trusted_content_once(rows: list[tuple[int, int]]) -> None:
    labels_of: dict[int, set[int]] = {}
    for content, label in rows:
        labels_of.setdefault(content, set()).add(label)
    trusted = [content for content, labels in labels_of.items() if len(labels) == 1]
    try:
        kept = drop_duplicates(made(rows))
    except DataError:
        assert {label for _, label in rows} > {next(iter(labels_of[content])) for content in trusted}
        return
    assert [int(text) for text in kept.inputs] == trusted
    assert drop_duplicates(kept) is kept
