"""What holds of every set of duplicates: no pair is lost, no test example is left out, no group is a chain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.data.audit.copy_findings import near_findings
from ftsuite.data.audit.copy_groups import grouped
from ftsuite.data.audit.exact_copies import check_exact_copies
from ftsuite.data.audit.picture_descriptors import Window, descriptors, mirrored
from ftsuite.data.audit.text_shingles import normal_form
from tests.audited import by_check, left_out, texts

SPLITS = ("train", "validation", "test")
RANKS = {"test": 0, "validation": 1, "train": 2}
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.sampled_from(SPLITS)), max_size=25)
PAIRS = st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]), max_size=40)


@given(PAIRS, st.integers(2, 6))
@settings(max_examples=150, deadline=None)
def test_every_pair_lies_in_one_group_and_no_group_is_a_long_chain(pairs: set[tuple[int, int]], largest: int) -> None:
    array = np.asarray(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    groups = grouped(array, largest)
    assert sorted(row for _, rows in groups for row in rows.tolist()) == list(range(len(array)))
    for members, rows in groups:
        assert members.tolist() == sorted(set(array[rows].ravel().tolist()))
        if len(members) > largest:
            shared = set.intersection(*(set(array[row].tolist()) for row in rows))
            assert shared, "a group above the limit is a star: one example is in all of its pairs"


@given(ROWS)
@settings(max_examples=150, deadline=None)
def test_after_leaving_out_no_exact_copy_is_across_splits(rows: list[tuple[int, int, str]]) -> None:
    examples = texts([(f"content {content}", label) for content, label, _ in rows])
    splits = np.asarray([split for _, _, split in rows], dtype="<U10")
    found = by_check(check_exact_copies(examples, splits))
    across = found.get("exact-copies-across-splits")
    gone = left_out(across) if across else set()
    assert all(splits[position] != "test" for position in gone)
    contents = {content for content, _, _ in rows}
    for content in contents:
        places = [place for place, row in enumerate(rows) if row[0] == content]
        assert len({rows[place][2] for place in places if place not in gone}) == 1
        if len({rows[place][1] for place in places}) > 1:
            assert set(places) <= left_out(found["exact-copies-conflicting-labels"])


@given(ROWS, PAIRS)
@settings(max_examples=150, deadline=None)
def test_after_leaving_out_no_pair_is_across_splits(
    rows: list[tuple[int, int, str]], pairs: set[tuple[int, int]]
) -> None:
    count = len(rows)
    examples = texts([(f"text {place}", label) for place, (_, label, _) in enumerate(rows)])
    splits = np.asarray([split for _, _, split in rows], dtype="<U10")
    near = np.asarray(sorted(pair for pair in pairs if pair[1] < count), dtype=np.int64).reshape(-1, 2)
    found = by_check(near_findings(examples, splits, near, np.linspace(0.6, 1, len(near)), {}, examples.inputs))
    across = found.get("near-duplicates-across-splits")
    gone = left_out(across) if across else set()
    assert all(splits[position] != "test" for position in gone)
    told = {
        check: {frozenset(pair) for entry in finding.flagged for pair in _pairs_of(entry.positions)}
        for check, finding in found.items()
    }
    for one, other in near.tolist():
        differ = splits[one] != splits[other]
        where = "near-duplicates-across-splits" if differ else "near-duplicates-within-splits"
        assert frozenset((one, other)) in told[where]
        assert not differ or one in gone or other in gone
        if examples.labels[one] != examples.labels[other]:
            assert frozenset((one, other)) in told["near-duplicates-conflicting-labels"]
    for finding in found.values():
        scores = [entry.score for entry in finding.flagged]
        assert scores == sorted(scores, key=lambda score: -(score or 0))
        for entry in finding.flagged:
            ranks = [RANKS[str(splits[position])] for position in entry.positions]
            assert ranks == sorted(ranks)
            assert set(entry.leave_out) <= set(entry.positions)


@given(
    ROWS, st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] < pair[1]), max_size=6)
)
@settings(max_examples=150, deadline=None)
def test_after_leaving_out_no_copy_of_a_pair_is_across_splits(
    rows: list[tuple[int, int, str]], near_contents: set[tuple[int, int]]
) -> None:
    """One example of a content is compared; what holds of it holds of all its exact copies."""
    examples = texts([(f"content {content}", label) for content, label, _ in rows])
    splits = np.asarray([split for _, _, split in rows], dtype="<U10")
    first = {content: place for place, (content, _, _) in reversed(list(enumerate(rows)))}
    met = [pair for pair in sorted(near_contents) if pair[0] in first and pair[1] in first]
    near = np.asarray([(first[one], first[other]) for one, other in met], dtype=np.int64).reshape(-1, 2)
    found = by_check(near_findings(examples, splits, near, np.ones(len(near)), {}, examples.inputs))
    across = found.get("near-duplicates-across-splits")
    kept = [place for place in range(len(rows)) if across is None or place not in left_out(across)]
    for one in kept:
        for other in kept:
            assert (rows[one][0], rows[other][0]) not in met or splits[one] == splits[other]


def _pairs_of(positions: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(one, other) for one in positions for other in positions if one < other]


WORDS = st.text("abcdefghij", min_size=1)
DRESSED = st.tuples(
    st.sampled_from(("", "(", ' "')), WORDS, st.sampled_from((str, str.upper, str.title)), st.sampled_from(",.\n ) -")
)


@given(st.lists(DRESSED, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_dress_does_not_change_the_normal_form(rows: list[tuple[str, str, Callable[[str], str], str]]) -> None:
    dressed = " ".join(before + change(word) + after for before, word, change, after in rows)
    plain = " ".join(word for _, word, _, _ in rows)
    assert normal_form(dressed) == normal_form(plain) == plain


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0.5, 0.7))
@settings(max_examples=40, deadline=None)
def test_the_mirror_image_is_described_without_mirroring(seed: int, top: float, left: float, side: float) -> None:
    thumbnails = np.random.default_rng(seed).integers(0, 256, size=(2, 64, 64), dtype=np.uint8)
    window, across = Window(top, left, side), Window(top, 1 - left - side, side)
    turned = descriptors(thumbnails[:, :, ::-1], across)
    np.testing.assert_allclose(mirrored(descriptors(thumbnails, window)), turned, atol=2e-4)
    brighter = descriptors((thumbnails // 2 + 60).astype(np.uint8), window)
    assert (np.einsum("nd,nd->n", descriptors(thumbnails, window), brighter) > 0.99).all()
