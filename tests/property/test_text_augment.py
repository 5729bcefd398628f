"""Random changes of texts: of whole words, pure in the key, and never to nothing."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from ftsuite.data.text import TextReader
from ftsuite.data.text_augment import TextChanges, text_changes
from ftsuite.data.text_augment_options import TextAugmentation, WordDropout, WordMask, WordSwap
from ftsuite.data.text_options import TextOptions
from ftsuite.errors import ConfigError
from tests.toy_text_encoder import ToyTextEncoder

# Ids from 3 on are text; an odd one goes on with the word before it.
PADDING, MASK, OTHER = 0, 1, 2


class Tokens:
    vocabulary_size = 100
    special_ids = (PADDING, MASK, OTHER)

    def __init__(self, mask_id: int | None = MASK) -> None:
        self.mask_id = mask_id

    def word_starts(self) -> np.ndarray:
        return np.arange(100) % 2 == 0


def words_of(row: np.ndarray) -> list[tuple[int, ...]]:
    found: list[list[int]] = []
    for token in row:
        if token % 2 == 0 or not found:
            found.append([])
        found[-1].append(int(token))
    return [tuple(word) for word in found]


# At most five pieces a word, since longer runs count as several words.
ROWS = st.lists(st.tuples(st.integers(2, 49), st.lists(st.integers(2, 49), max_size=4)), max_size=40).map(
    lambda words: np.array([t for a, more in words for t in (2 * a, *(2 * b + 1 for b in more))], dtype=np.int32)
)
KEYS = st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**31 - 1))
ITEMS: tuple[TextAugmentation, ...] = (
    WordDropout(name="word-dropout", rate=0.3),
    WordMask(name="word-mask", rate=0.3),
    WordSwap(name="word-swap", rate=0.3),
)


@hypothesis.given(ROWS, KEYS, st.lists(st.sampled_from(ITEMS), max_size=4))
def test_the_same_key_makes_the_same_changes_and_one_word_stays(
    row: np.ndarray, key: tuple[int, int], items: list[TextAugmentation]
) -> None:
    changes = TextChanges(items, Tokens())
    before = row.copy()
    changed = changes(row, key)
    assert changed.dtype == np.int32
    np.testing.assert_array_equal(changed, changes(row, key))
    np.testing.assert_array_equal(row, before)
    assert len(changed) >= min(len(row), 1)


@hypothesis.given(ROWS, KEYS)
def test_dropout_leaves_whole_words_in_their_order(row: np.ndarray, key: tuple[int, int]) -> None:
    left = iter(words_of(row))
    changed = TextChanges(ITEMS[:1], Tokens())(row, key)
    assert all(word in left for word in words_of(changed))


@hypothesis.given(ROWS, KEYS)
def test_masking_hides_whole_words_in_their_place(row: np.ndarray, key: tuple[int, int]) -> None:
    changed = TextChanges(ITEMS[1:2], Tokens())(row, key)
    assert len(changed) == len(row)
    start = 0
    for word in words_of(row):
        seen = changed[start : start + len(word)]
        assert (seen == MASK).all() or tuple(seen) == word
        start += len(word)


@hypothesis.given(ROWS, KEYS)
def test_swapping_keeps_the_words(row: np.ndarray, key: tuple[int, int]) -> None:
    changed = TextChanges(ITEMS[2:], Tokens())(row, key)
    assert sorted(words_of(changed)) == sorted(words_of(row))


def test_rates_and_probabilities_are_kept() -> None:
    row = np.arange(4, 100, 2, dtype=np.int32)
    dropped = [1 - len(TextChanges(ITEMS[:1], Tokens())(row, (key, 0))) / len(row) for key in range(200)]
    assert np.mean(dropped) == pytest.approx(0.3, abs=0.02)
    rarely = TextChanges([ITEMS[1].model_copy(update={"probability": 0.25})], Tokens())
    changed = [not np.array_equal(rarely(row, (key, 0)), row) for key in range(400)]
    assert np.mean(changed) == pytest.approx(0.25, abs=0.06)
    swapped = [TextChanges(ITEMS[2:], Tokens())(row, (key, 0)) for key in range(50)]
    assert np.mean([np.mean(other != row) for other in swapped]) > 0.25


def test_only_training_texts_change() -> None:
    encoder = ToyTextEncoder(max_length=64)
    everything = WordDropout(name="word-dropout", rate=0.5)

    class Plain(Tokens):
        vocabulary_size = 3
        special_ids = ()

        def word_starts(self) -> np.ndarray:
            return np.ones(3, bool)

    changes = TextChanges([everything], Plain())
    reader = TextReader(encoder, changes)
    tokens = tf.ragged.constant([[0, 1, 2] * 8, [], [1] * 20], dtype=tf.int32)
    keys = tf.constant([[5, 0], [5, 1], [5, 2]], tf.int32)
    whole = reader({"tokens": tokens}, False, keys)["padding_mask"].numpy().sum(axis=1)
    seen = reader({"tokens": tokens}, True, keys)["padding_mask"].numpy().sum(axis=1)
    np.testing.assert_array_equal(whole, [26, 2, 22])
    assert seen[0] < 22 and seen[1] == 2 and seen[2] < 18


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(ConfigError, match="word-mask needs a backbone whose tokenizer has a mask token"):
        TextChanges(ITEMS, Tokens(None))
    assert text_changes(TextOptions(), Tokens()) is None
    with pytest.raises(pydantic.ValidationError, match=r"0\.9"):
        TextOptions.model_validate_json('{"augment": [{"name": "word-dropout", "rate": 1}]}')
