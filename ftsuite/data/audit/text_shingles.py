"""A text as the set of its short runs of characters, blind to case, punctuation and spacing."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

SHINGLE_CHARACTERS = 5
_SPREAD = np.uint64(0x100000001B3)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


class _Spaces(dict[int, str]):
    """A table for `str.translate` that fills itself: punctuation, separators and controls become spaces.

    Symbols stay, for a thumb up is not a thumb down, and so do the marks that carry vowels in many scripts.
    """

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = " " if unicodedata.category(letter)[0] in "PZC" else letter
        return self[code]


@cache
def _spaces() -> _Spaces:
    return _Spaces()


def normal_form(text: str) -> str:
    """Compatibility form, folded case, words with one space between them; a text of punctuation alone keeps it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.translate(_spaces()).split()) or " ".join(folded.split())


def shingle_hashes(form: str) -> np.ndarray:
    """Hash every run of 5 characters of a normal form, a space in front and behind.

    Runs of characters change less than runs of words where a short text has a typo.

    Returns:
        ``(s,)`` uint32, rising, none twice, at least one.
    """
    padded = f" {form} ".ljust(SHINGLE_CHARACTERS).encode("utf-32-le", errors="surrogatepass")
    codes = np.frombuffer(padded, dtype="<u4").astype(np.uint64)
    count = len(codes) - SHINGLE_CHARACTERS + 1
    hashed = np.zeros(count, dtype=np.uint64)
    for offset in range(SHINGLE_CHARACTERS):
        hashed = hashed * _SPREAD + codes[offset : offset + count]
    # The finaliser of splitmix64: without it hashes of like runs are like numbers.
    hashed = (hashed ^ (hashed >> np.uint64(29))) * _MIX
    shingles = (hashed ^ (hashed >> np.uint64(32))).astype(np.uint32)
    # numpy's own unique takes four times as long.
    shingles.sort()
    return shingles[np.append(True, shingles[1:] != shingles[:-1])]


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the shingles of either text that both have, of two results of `shingle_hashes`."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared)
