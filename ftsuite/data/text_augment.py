"""Random changes of tokenised texts, as pure functions of a key. Imports no TensorFlow.

Words change and not pieces of them: half a word is no text that anybody writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftsuite.data.masking import Masking, Tokenizer
from ftsuite.data.text_augment_options import TextAugmentation, WordDropout, WordMask, WordSwap
from ftsuite.errors import ConfigError

_UNSIGNED = 0xFFFFFFFF


class TextChanges:
    """Changes rows of tokens as a list of options says.

    Args:
        items: what is done, in order.
        tokenizer: that the rows are of.

    Raises:
        ConfigError: words are to be masked, and the tokenizer has no mask token.
    """

    def __init__(self, items: Sequence[TextAugmentation], tokenizer: Tokenizer) -> None:
        self._items = tuple(items)
        if tokenizer.mask_id is None and any(isinstance(item, WordMask) for item in items):
            raise ConfigError(
                "options.augment: word-mask needs a backbone whose tokenizer has a mask token. Received: one that has "
                "none.",
                "Write `word-dropout`, or take a backbone of the BERT, RoBERTa or DeBERTa kind.",
            )
        maskable = np.ones(tokenizer.vocabulary_size, dtype=np.bool_)
        maskable[list(tokenizer.special_ids)] = False
        self._mask_id = tokenizer.mask_id
        self._words = Masking(tokenizer.mask_id or 0, 1.0, np.asarray(tokenizer.word_starts(), np.bool_), maskable)

    def __call__(self, row: np.ndarray, key: Sequence[int]) -> np.ndarray:
        """Change a text.

        Args:
            row: ``(tokens,)`` int32, all of them and without the special ones of the model.
            key: two int32 numbers; the same key makes the same changes.

        Returns:
            ``(tokens,)`` int32 of another length, perhaps; a text with words keeps one.
        """
        for position, item in enumerate(self._items):
            random = np.random.default_rng([int(part) & _UNSIGNED for part in (*key, position)])
            if len(row) and random.random() < item.probability:
                row = self._changed(row, item, random)
        return row

    def _changed(self, row: np.ndarray, item: TextAugmentation, random: np.random.Generator) -> np.ndarray:
        # Special tokens within a text, of number -1, are words of their own here: they stay where they are.
        words = self._words.words(row)
        count = int(words.max(initial=-1)) + 1
        if count == 0:
            return row
        if isinstance(item, WordSwap):
            return _swapped(row, words, count, item.rate, random)
        chosen = random.random(count) < item.rate
        if isinstance(item, WordMask):
            assert self._mask_id is not None
            return np.where(_of_words(chosen, words), np.int32(self._mask_id), row).astype(np.int32)
        assert isinstance(item, WordDropout)
        if chosen.all():
            chosen[random.integers(count)] = False
        return row[~_of_words(chosen, words)]


def _of_words(chosen: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Whether each token is of a chosen word; special ones, of number -1, never."""
    return np.asarray(np.append(chosen, False)[words])


def _swapped(row: np.ndarray, words: np.ndarray, count: int, rate: float, random: np.random.Generator) -> np.ndarray:
    """The words in the order that random pairs leave; special tokens keep their place among the tokens."""
    order = np.arange(count)
    for _ in range(random.binomial(count, rate) if count > 1 else 0):
        first, second = random.choice(count, size=2, replace=False)
        order[first], order[second] = order[second], order[first]
    place = np.flatnonzero(words >= 0)
    tokens, numbers = row[place], words[place]
    starts = np.searchsorted(numbers, np.arange(count + 1))
    result = np.array(row)
    result[place] = np.concatenate([tokens[starts[word] : starts[word + 1]] for word in order])
    return result


def text_changes(options: Any, tokenizer: Tokenizer) -> TextChanges | None:
    """What a task's options ask for, None for nothing.

    Args:
        options: `ftsuite.data.text_options.TextOptions`, or others that know no augmentation.
        tokenizer: of the backbone.
    """
    items = getattr(options, "augment", ())
    return TextChanges(items, tokenizer) if items else None
