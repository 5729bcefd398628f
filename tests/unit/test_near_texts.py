from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ftsuite.data.audit.minhash import pairs_in_bands, signatures
from ftsuite.data.audit.near_texts import check_near_texts
from ftsuite.data.audit.text_shingles import jaccard, normal_form, shingle_hashes
from tests.audited import by_check, flagged, left_out, texts

SENTENCE = "the plot creaks along, but its two leads make every minute worth the wait ."
OTHERS = [
    ("a slow and sorry remake that never finds a reason to exist", 0),
    ("what it lacks in originality it makes up for in stylishness", 1),
    ("what it lacks in courage it makes up for in moments of fright and dread", 1),
    ("one of the best films of the year, and the saddest", 1),
]


@pytest.mark.parametrize(
    "edited",
    [
        "the plot creeks along, but its two leads make every minute worth the wait .",
        "the plot creaks along, but its two stars make every minute worth the wait .",
        "the plot creaks slowly along, but its two leads make every minute worth the wait .",
        "the plot creaks along, but its leads make every minute worth the wait .",
        "THE PLOT CREAKS ALONG, BUT ITS TWO LEADS MAKE EVERY MINUTE WORTH THE WAIT .",
        "the plot creaks along -- but its two leads make every minute worth the wait!",
        "the  plot creaks along , but its two leads\nmake every minute worth the wait",
    ],
)
def test_an_edited_copy_is_found_and_nothing_else(edited: str) -> None:
    examples = texts([(SENTENCE, 1), *OTHERS, (edited, 1)])
    splits = np.asarray(["test", "train", "test", "train", "test", "train"])
    found = check_near_texts(examples, splits)
    assert [finding.check for finding in found] == ["near-duplicates-across-splits"]
    assert found[0].severity == "error"
    assert flagged(found[0]) == [(0, 5)]
    assert left_out(found[0]) == {5}


def test_other_words_with_the_same_ring_are_not_found() -> None:
    assert check_near_texts(texts(OTHERS), np.asarray(["train", "test", "train", "test"])) == []


def test_short_texts_count_only_where_they_are_the_same_but_for_dress() -> None:
    rows = [("a good film", 1), ("a bad film", 0), ("A good film!", 1), ("good", 1), ("Good.", 0)]
    found = by_check(check_near_texts(texts(rows), np.asarray(["train"] * 5)))
    assert sorted(flagged(found["near-duplicates-within-splits"])) == [(0, 2), (3, 4)]
    assert flagged(found["near-duplicates-conflicting-labels"]) == [(3, 4)]


def test_every_copy_in_training_is_left_out_though_they_are_alike_to_each_other_first() -> None:
    rows = [("Not a moment too soon", 1), ("not a moment too soon!", 1), ("Not a moment too soon .", 1)]
    found = by_check(check_near_texts(texts(rows), np.asarray(["train", "train", "test"])))
    assert left_out(found["near-duplicates-across-splits"]) == {0, 1}


def test_progress_ends_with_the_last_text() -> None:
    told: list[tuple[str, int, int]] = []
    check_near_texts(texts(OTHERS), np.asarray(["train"] * 4), lambda *now: told.append(now))
    assert told == [("Looking for near duplicates", 4, 4)]


def test_exact_copies_are_left_to_their_own_check() -> None:
    assert check_near_texts(texts([(SENTENCE, 1), (SENTENCE, 0)]), np.asarray(["train", "test"])) == []


def test_texts_of_symbols_and_of_no_words() -> None:
    rows = [("", 0), (" ", 0), ("...", 0), ("!!!", 0), ("👍👍", 1), ("👎👎", 0), ("\ud83d", 0)]
    harmless = texts([(str(place), label) for place, (_, label) in enumerate(rows)])
    examples = replace(harmless, inputs=tuple(text for text, _ in rows))  # a lone surrogate has no hash
    found = by_check(check_near_texts(examples, np.asarray(["train"] * len(rows))))
    assert flagged(found["near-duplicates-within-splits"]) == [(0, 1)]


def test_vowel_signs_are_part_of_a_word() -> None:
    assert normal_form("की") != normal_form("का")
    assert normal_form("Straße,  \uff21\uff22") == "strasse ab"


def test_the_jaccard_similarity_is_that_of_runs_of_five() -> None:
    def runs(form: str) -> set[str]:
        padded = f" {form} "
        return {padded[start : start + 5] for start in range(len(padded) - 4)}

    one, other = "a quiet film of great care", "a quiet farm of great cares"
    expected = len(runs(one) & runs(other)) / len(runs(one) | runs(other))
    assert jaccard(shingle_hashes(one), shingle_hashes(other)) == pytest.approx(expected)


def test_signatures_estimate_the_similarity_and_find_the_like() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2**32, size=1000, dtype=np.uint32)
    sets = [
        np.unique(np.concatenate([base[:kept], rng.integers(0, 2**32, 1000 - kept, dtype=np.uint32)]))
        for kept in (1000, 900, 700, 0)
    ]
    signed = signatures(iter(sets), len(sets))
    agreement = (signed == signed[0]).mean(axis=1)
    assert agreement[1] == pytest.approx(900 / 1100, abs=0.12)
    assert agreement[2] == pytest.approx(700 / 1300, abs=0.15)
    assert agreement[3] < 0.05
    assert [0, 1] in pairs_in_bands(signed, 0.5).tolist()
    assert not any(3 in pair for pair in pairs_in_bands(signed, 0.5).tolist())


def test_very_many_like_texts_stay_within_bounds() -> None:
    signed = np.tile(np.arange(128, dtype=np.uint32), (1000, 1))
    signed[:, ::3] = np.random.default_rng(0).integers(0, 2**32, size=signed[:, ::3].shape)
    signed[:, :8] = 7  # two buckets of all of them
    pairs = pairs_in_bands(signed, 0.5, most=4)
    assert len(pairs) <= 1000 * 4
    assert set(pairs.ravel().tolist()) == set(range(1000))


def test_the_most_alike_partners_are_kept() -> None:
    signed = np.tile(np.arange(128, dtype=np.uint32), (12, 1))
    for place in range(12):
        signed[place, 4 : 4 + 4 * place] = 1000 + place  # the farther apart in place, the less alike
    assert len(pairs_in_bands(signed, 0.5, most=12)) == 12 * 11 / 2
    assert pairs_in_bands(signed, 0.5, most=1).tolist() == [[0, place] for place in range(1, 12)]
