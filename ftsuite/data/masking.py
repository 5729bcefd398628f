"""Whole-word masking: which tokens of a sequence are hidden from the model, and what stands in their place.

Masked-language modelling is Devlin et al., 2019 (https://arxiv.org/abs/1810.04805); that whole words are hidden and
not pieces of them is its authors' later variant, described by Cui et al., 2019 (https://arxiv.org/abs/1906.08101).
Nothing here keeps a random state: a mask is a pure function of the tokens and a key.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ftsuite.errors import ConfigError

# A longer run counts as several words. It bounds how far a mask can overshoot its share, so that all rows of a batch
# fit the same number of positions, and it lets scripts that put no spaces between words be masked at all.
LONGEST_WORD_TOKENS = 6
# Of the hidden words: [MASK], another token, and, the rest, left as they are.
_MASK_TOKEN_SHARE, _RANDOM_TOKEN_SHARE = 0.8, 0.1

IntArray = np.ndarray[Any, np.dtype[Any]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Tokenizer(Protocol):
    """What masking needs to know of a tokenizer."""

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens."""
        ...

    @property
    def mask_id(self) -> int | None:
        """The id of the mask token, None where there is none."""
        ...

    @property
    def special_ids(self) -> Collection[int]:
        """Ids that stand for no text."""
        ...

    def word_starts(self) -> BoolArray:
        """``(vocabulary_size,)``, True where a token begins a word."""
        ...


class MaskedSequence(NamedTuple):
    """A sequence with words hidden.

    Attributes:
        tokens: ``(n,)`` int32, what the model sees.
        positions: ``(hidden,)`` int32, where a token is to be predicted, rising.
        targets: ``(hidden,)`` int32, the tokens that belong there.
    """

    tokens: IntArray
    positions: IntArray
    targets: IntArray


@dataclass(frozen=True)
class Masking:
    """How words are hidden.

    Attributes:
        mask_id: of the mask token.
        share: of the tokens that is hidden, between 0 and 1.
        word_starts: ``(vocabulary_size,)`` bool, True where a token begins a word.
        maskable: ``(vocabulary_size,)`` bool, False for special tokens: never hidden, never put in another's place.
    """

    mask_id: int
    share: float
    word_starts: BoolArray
    maskable: BoolArray

    @classmethod
    def of(cls, tokenizer: Tokenizer, share: float) -> Masking:
        """The masking that suits a tokenizer.

        Raises:
            ConfigError: if the tokenizer has no mask token.
        """
        if tokenizer.mask_id is None:
            raise ConfigError(
                "options.adapt needs a backbone whose tokenizer has a mask token. Received: one that has none.",
                "Take a backbone of the BERT, RoBERTa or DeBERTa kind, or remove options.adapt.",
            )
        maskable = np.ones(tokenizer.vocabulary_size, dtype=np.bool_)
        maskable[list({*tokenizer.special_ids, tokenizer.mask_id})] = False
        return cls(tokenizer.mask_id, share, np.asarray(tokenizer.word_starts(), dtype=np.bool_), maskable)

    @property
    def folds(self) -> int:
        """Passes in which every word is hidden once while about `share` is hidden in each."""
        return math.ceil(1 / self.share)

    def words(self, tokens: IntArray) -> IntArray:
        """The number of the word that each token ``(n,)`` belongs to, from 0 and rising; -1 for special tokens.

        A word is the run from a token that begins one to the next, of at most `LONGEST_WORD_TOKENS`. The first token
        begins a word, whatever it is: a long text may have been cut there.
        """
        maskable = self.maskable[tokens]
        begins = self.word_starts[tokens] | ~maskable
        begins[:1] = True
        begins[1:] |= ~maskable[:-1]
        place = np.arange(len(tokens))
        within = place - np.maximum.accumulate(np.where(begins, place, 0))
        begins |= within % LONGEST_WORD_TOKENS == 0
        return np.where(maskable, np.cumsum(begins & maskable) - 1, -1)

    def mask(self, tokens: IntArray, key: Sequence[int]) -> MaskedSequence:
        """Hide words, in random order, until `share` of the tokens is covered; at least one word.

        Of the hidden words 80 % become mask tokens, 10 % other tokens drawn evenly, and 10 % stay. That is decided a
        word at a time, so that no piece of a word stands beside the mask of another and gives it away.

        Args:
            tokens: ``(n,)`` int32 without the special tokens of the model.
            key: whole numbers, not negative; the same key hides the same words.
        """
        random = np.random.default_rng(list(key))
        words = self.words(tokens)
        sizes = np.bincount(words[words >= 0])
        order = random.permutation(len(sizes))
        wanted = max(_rounded(self.share * int(sizes.sum())), 1)
        before = np.cumsum(sizes[order]) - sizes[order]
        chosen = order[before < wanted]
        fates = np.full(len(sizes) + 1, np.inf)
        fates[chosen] = random.random(len(chosen))
        # Special tokens, of number -1, look up the last entry: never hidden.
        fate = fates[words]
        hidden = np.isfinite(fate)
        masked = np.array(tokens, dtype=np.int32)
        masked[fate < _MASK_TOKEN_SHARE] = self.mask_id
        replaced = hidden & (fate >= _MASK_TOKEN_SHARE) & (fate < _MASK_TOKEN_SHARE + _RANDOM_TOKEN_SHARE)
        masked[replaced] = random.choice(np.flatnonzero(self.maskable), size=int(replaced.sum()))
        positions = np.flatnonzero(hidden).astype(np.int32)
        return MaskedSequence(masked, positions, np.asarray(tokens, dtype=np.int32)[positions])

    def hide_each_once(self, tokens: IntArray, key: Sequence[int]) -> list[MaskedSequence]:
        """The sequence up to `folds` times; every word is a row of mask tokens in exactly one of them.

        Words go in random order to the pass with the fewest hidden tokens; passes that would hide none are left out.
        """
        random = np.random.default_rng(list(key))
        words = self.words(tokens)
        sizes = np.bincount(words[words >= 0])
        filled = np.zeros(self.folds, dtype=np.int64)
        fold_of_word = np.full(len(sizes) + 1, -1)
        for word in random.permutation(len(sizes)):
            fold_of_word[word] = filled.argmin()
            filled[fold_of_word[word]] += sizes[word]
        return [self._hidden(tokens, fold_of_word[words] == fold) for fold in np.flatnonzero(filled)]

    def _hidden(self, tokens: IntArray, hidden: BoolArray) -> MaskedSequence:
        original = np.asarray(tokens, dtype=np.int32)
        positions = np.flatnonzero(hidden).astype(np.int32)
        return MaskedSequence(np.where(hidden, np.int32(self.mask_id), original), positions, original[positions])

    def most_positions(self, width: int) -> int:
        """The most tokens that either method hides in a row of `width` tokens: how many positions a batch has."""
        return min(math.ceil(self.share * width) + LONGEST_WORD_TOKENS - 1, width)


def _rounded(number: float) -> int:
    return int(number + 0.5)
