"""A look at a few texts of many: how long they are, and in which letters."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Sequence

from ftsuite.data.looks.look import TextLook

# An encoder's vocabulary holds the common words whole, and others in pieces of about so many letters.
_LETTERS_A_PIECE = 6
_SPECIAL_TOKENS = 2
_LETTERS_LOOKED_AT = 200


def look_at_texts(texts: Sequence[str]) -> TextLook | None:
    """Lengths and letters of a sample; None for no texts."""
    if not texts:
        return None
    tokens = sorted(_tokens(text) for text in texts)
    letters = [letter for text in texts for letter in text[:_LETTERS_LOOKED_AT] if letter.isalpha()]
    foreign = sum(not letter.isascii() and not _is_latin(letter) for letter in letters)
    return TextLook(
        looked_at=len(texts),
        words_median=statistics.median(len(text.split()) for text in texts),
        tokens_mean=statistics.fmean(tokens),
        tokens_95=tokens[int(0.95 * (len(tokens) - 1))],
        foreign_share=foreign / max(len(letters), 1),
    )


def _tokens(text: str) -> int:
    """About as many tokens as an English word-piece vocabulary makes of a text.

    Of 300 film reviews, sentences, licences and diagnoses each the mean is 0 to 17 % above that of MiniLM's tokenizer.
    """
    count = _SPECIAL_TOKENS
    for word in text.split():
        marks = sum(not letter.isalnum() for letter in word)
        letters = len(word) - marks
        count += marks + (-(-letters // _LETTERS_A_PIECE) if word.isascii() else letters)
    return count


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")
