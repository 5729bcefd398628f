"""Tokenised pieces of texts in one file on the disk, so that a corpus of any size costs no memory but its index."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

IntArray = np.ndarray[Any, np.dtype[Any]]
Tokenize = Callable[[Sequence[str]], Sequence[IntArray]]

# Texts that are tokenised together: enough for the tokenizer's threads, few enough for memory.
_TEXTS_AT_ONCE = 512
_TOKENS_AT_ONCE = 2**22


@dataclass(frozen=True)
class TokenRows:
    """Rows of tokens without special tokens; a text that is longer than a row goes on in the next one.

    Attributes:
        tokens: ``(all tokens,)`` int32, mapped from the file.
        offsets: ``(rows + 1,)`` int64, where each row begins.
        texts: ``(rows,)`` int64, the number of the text that each row is of, from 0 in the order they were read.
    """

    tokens: IntArray
    offsets: IntArray
    texts: IntArray

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> IntArray:
        return np.asarray(self.tokens[self.offsets[row] : self.offsets[row + 1]])

    @property
    def lengths(self) -> IntArray:
        """``(rows,)`` int64 tokens of each row."""
        return np.diff(self.offsets)


def write_token_rows(
    path: Path,
    texts: Sequence[str],
    tokenize: Tokenize,
    longest: int,
    *,
    order: IntArray | None = None,
    most_rows: int | None = None,
    first_only: bool = False,
) -> TokenRows:
    """Tokenise texts and cut them into rows.

    Args:
        path: of the file that is written; its folder must be there.
        texts: read a few at a time, so they may lie on the disk.
        tokenize: texts to tokens, no special tokens among them.
        longest: the most tokens of a row.
        order: in which to read the texts; None for their own.
        most_rows: end after so many rows; None for all.
        first_only: keep the first row of each text only.

    Returns:
        The rows in the order in which the texts were read; texts without a token have none.
    """
    # Eight bytes a row each, where lists would take five times as much.
    lengths, owners = array("q"), array("q")
    places = np.arange(len(texts)) if order is None else order
    with path.open("wb") as file:
        for number, row in _rows(texts, places, tokenize, longest, most_rows, first_only):
            file.write(np.ascontiguousarray(row, dtype=np.int32).tobytes())
            lengths.append(len(row))
            owners.append(number)
    offsets = np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))]).astype(np.int64)
    # An empty file cannot be mapped.
    tokens = np.memmap(path, dtype=np.int32, mode="r") if lengths else np.zeros(0, np.int32)
    return TokenRows(tokens, offsets, np.asarray(owners, dtype=np.int64))


def token_counts(rows: TokenRows, vocabulary_size: int) -> IntArray:
    """How often each token stands in the rows, ``(vocabulary_size,)`` int64; read a part at a time."""
    counts = np.zeros(vocabulary_size, dtype=np.int64)
    for start in range(0, len(rows.tokens), _TOKENS_AT_ONCE):
        counts += np.bincount(rows.tokens[start : start + _TOKENS_AT_ONCE], minlength=vocabulary_size)
    return counts


def _rows(
    texts: Sequence[str],
    places: IntArray,
    tokenize: Tokenize,
    longest: int,
    most_rows: int | None,
    first_only: bool,
) -> Iterator[tuple[int, IntArray]]:
    made = 0
    for start in range(0, len(places), _TEXTS_AT_ONCE):
        some = places[start : start + _TEXTS_AT_ONCE]
        for number, row in enumerate(tokenize([texts[int(place)] for place in some]), start):
            for begin in range(0, min(len(row), longest) if first_only else len(row), longest):
                if made == most_rows:
                    return
                made += 1
                yield number, row[begin : begin + longest]
