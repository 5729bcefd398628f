"""What holds of every mask, whatever the tokens."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ftsuite.data.masking import LONGEST_WORD_TOKENS, Masking

MASK, SPECIAL = 4, 5


@st.composite
def maskings(draw: st.DrawFn) -> Masking:
    vocabulary = draw(st.integers(SPECIAL + 1, 40))
    starts = np.array(draw(st.lists(st.booleans(), min_size=vocabulary, max_size=vocabulary)))
    maskable = np.arange(vocabulary) >= SPECIAL
    return Masking(MASK, draw(st.floats(0.01, 0.9)), starts, maskable)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Masking, np.ndarray, int]:
    masking = draw(maskings())
    tokens = draw(st.lists(st.integers(0, len(masking.maskable) - 1), max_size=80))
    return masking, np.array(tokens, dtype=np.int32), draw(st.integers(0, 2**31))


@given(cases())
def test_words_are_whole_runs_and_cover_all_but_special_tokens(case: tuple[Masking, np.ndarray, int]) -> None:
    masking, tokens, _ = case
    words = masking.words(tokens)
    np.testing.assert_array_equal(words < 0, tokens < SPECIAL)
    numbers = words[words >= 0]
    assert np.all(np.diff(numbers) >= 0)
    assert set(numbers.tolist()) == set(range(len(set(numbers.tolist()))))
    assert np.bincount(numbers).max(initial=0) <= LONGEST_WORD_TOKENS


@given(cases())
def test_a_mask_covers_its_share_with_whole_words(case: tuple[Masking, np.ndarray, int]) -> None:
    masking, tokens, key = case
    result = masking.mask(tokens, (key,))
    maskable = int((tokens >= SPECIAL).sum())
    words = masking.words(tokens)
    hidden = np.zeros(len(tokens), dtype=bool)
    hidden[result.positions] = True
    for word in set(words[words >= 0].tolist()):
        assert len(set(hidden[words == word].tolist())) == 1
    np.testing.assert_array_equal(result.targets, tokens[result.positions])
    np.testing.assert_array_equal(result.tokens[~hidden], tokens[~hidden])
    assert not hidden[tokens < SPECIAL].any()
    seen = result.tokens[hidden]
    assert np.all((seen >= SPECIAL) | (seen == MASK))
    if maskable:
        assert 1 <= len(result.positions) <= masking.most_positions(len(tokens))
        assert len(result.positions) >= np.floor(masking.share * maskable + 0.5)


@given(cases())
def test_the_same_key_hides_the_same_words(case: tuple[Masking, np.ndarray, int]) -> None:
    masking, tokens, key = case
    for first, second in zip(masking.mask(tokens, (key, 1)), masking.mask(tokens, (key, 1)), strict=True):
        np.testing.assert_array_equal(first, second)


@given(cases())
def test_passes_hide_every_word_exactly_once(case: tuple[Masking, np.ndarray, int]) -> None:
    masking, tokens, key = case
    passes = masking.hide_each_once(tokens, (key,))
    words = masking.words(tokens)
    times = np.zeros(len(tokens), dtype=int)
    assert len(passes) <= masking.folds
    for result in passes:
        times[result.positions] += 1
        assert 1 <= len(result.positions) <= masking.most_positions(len(tokens))
        assert len(set(words[result.positions].tolist())) == len({*words[result.positions]})
        assert np.all(result.tokens[result.positions] == MASK)
        others = np.setdiff1d(np.arange(len(tokens)), result.positions)
        np.testing.assert_array_equal(result.tokens[others], tokens[others])
        # Whole words: no word is hidden in part.
        assert not set(words[result.positions].tolist()) & set(words[others].tolist())
    np.testing.assert_array_equal(times, (tokens >= SPECIAL).astype(int))
