from __future__ import annotations

import numpy as np
import pytest
import sklearn.feature_extraction.text
import sklearn.metrics.pairwise

from ftsuite.data.near_identical import joined_groups, near_identical_groups

WORDS = [f"word{number}" for number in range(400)]


def mutated(words: list[str], changes: int, random: np.random.Generator) -> list[str]:
    copy = list(words)
    for place in random.choice(len(copy), changes, replace=False):
        copy[place] = f"new{random.integers(10**9)}"
    return copy


def corpus() -> list[str]:
    """Ten bases with copies that differ in 0 to 40 of 60 words, in random order."""
    random = np.random.default_rng(0)
    texts = []
    for _ in range(10):
        base = list(random.choice(WORDS, 60))
        texts += [" ".join(mutated(base, changes, random)) for changes in (0, 0, 1, 2, 4, 8, 16, 40)]
    return [texts[place] for place in random.permutation(len(texts))]


def cosines(texts: list[str]) -> np.ndarray:
    """All pairs at once and dense: the definition, without blocks."""
    vectors = sklearn.feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    return np.asarray(sklearn.metrics.pairwise.cosine_similarity(vectors.fit_transform(texts)))


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_groups_are_what_links_connect(threshold: float) -> None:
    texts = corpus()
    groups = near_identical_groups(texts, threshold)
    linked = cosines(texts) >= threshold
    rows, columns = np.nonzero(linked)
    assert (groups[rows] == groups[columns]).all()
    for group in range(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        reached = {int(members[0])}
        while more := {int(at) for one in reached for at in np.flatnonzero(linked[one])} - reached:
            reached |= more
        assert reached == set(members.tolist())


def test_a_block_sees_the_texts_of_other_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = corpus()
    whole = near_identical_groups(texts, 0.6)
    monkeypatch.setattr("ftsuite.data.near_identical._BLOCK_TEXTS", 7)
    assert near_identical_groups(texts, 0.6).tolist() == whole.tolist()


def test_groups_do_not_depend_on_the_order() -> None:
    texts = corpus()
    order = np.random.default_rng(1).permutation(len(texts))
    moved = near_identical_groups([texts[place] for place in order], 0.6)
    groups = near_identical_groups(texts, 0.6)[order]
    assert ((groups[:, None] == groups) == (moved[:, None] == moved)).all()


def test_numbers_count_up_from_zero_in_the_order_of_appearance() -> None:
    assert near_identical_groups(["b c d", "a x", "b c d", "z y"]).tolist() == [0, 1, 0, 2]


def test_equal_texts_belong_together_and_wordless_ones_apart() -> None:
    assert near_identical_groups(["...", "one two", "!!", "...", "one two"], 1.0).tolist() == [0, 1, 2, 0, 1]
    assert near_identical_groups(["...", "?", "..."]).tolist() == [0, 1, 0]
    assert near_identical_groups(["", "a b"]).tolist() == [0, 1]
    assert near_identical_groups([]).tolist() == []


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_outside_its_range(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold above 0"):
        near_identical_groups(["a"], threshold)


def test_groupings_are_joined_through_one_another() -> None:
    assert joined_groups([0, 1, 0, 2, 3], [5, 5, 1, 0, 2]).tolist() == [0, 0, 0, 1, 2]
    assert joined_groups([2, 0, 2]).tolist() == [0, 1, 0]
    assert joined_groups([], []).tolist() == []
