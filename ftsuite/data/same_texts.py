"""Which rows of a column say the same: by arrays of hashes, a few dozen bytes a row however many there are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.data.columns import HashColumn

_DIGEST_BYTES = 16


@dataclass(frozen=True)
class SameTexts:
    """The different texts of a column, numbered from 0.

    Attributes:
        numbers: ``(n,)`` int32 (or int64), the number of each row's text.
        firsts: ``(texts,)`` of the same, the first row of each text.
    """

    numbers: np.ndarray
    firsts: np.ndarray

    @property
    def count(self) -> int:
        """How many different texts there are."""
        return len(self.firsts)


def same_texts(column: Sequence[str]) -> SameTexts:
    """Number the different texts of a column; of content hashes by themselves, of other texts by a hash of each."""
    if isinstance(column, HashColumn):
        return _same_digests(column.digests)
    digests = bytearray()
    for text in column:
        digests += hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
    return _same_digests(np.frombuffer(bytes(digests), np.uint8).reshape(-1, _DIGEST_BYTES))


def _same_digests(digests: np.ndarray) -> SameTexts:
    """Of ``(n, width)`` uint8, a multiple of 8 wide."""
    words = np.ascontiguousarray(digests).view(np.uint64)
    # By the first word alone, as long as no two different hashes share it, which is all but always so.
    order = np.argsort(words[:, 0], kind="stable").astype(_smallest(len(words)))
    begins = np.ones(len(words), dtype=bool)
    first = words[:, 0][order]
    begins[1:] = first[1:] != first[:-1]
    alike = np.flatnonzero(~begins)
    if (words[order[alike]] != words[order[alike - 1]]).any():
        order = np.lexsort(words.T[::-1])
        begins[1:] = (words[order][1:] != words[order][:-1]).any(axis=1)
    numbers = np.empty(len(words), order.dtype)
    numbers[order] = np.cumsum(begins, dtype=order.dtype) - 1
    # Both sorts keep the order of equal rows, so the first of each run is the first of all.
    return SameTexts(numbers, order[begins])


def _smallest(count: int) -> Any:
    """Numbers that so many rows can be counted in."""
    return np.int32 if count < 2**31 else np.int64
