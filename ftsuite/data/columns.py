"""Columns of texts that are no tuples of Python strings: what a row costs is a few bytes, wherever its text lies.

A tuple costs about 60 bytes a string besides its letters, twice that for a path that repeats an id. A column here is
numbers and bytes that all rows share; its strings are made when they are asked for, and `take` copies numbers only.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self, overload

import numpy as np

_BLOCK = 4096
_HASH_BYTES = 32


class Column(Sequence[str], abc.ABC):
    """Some rows of what a column holds, in any order.

    Args:
        rows: ``(n,)`` whole numbers, the rows of the whole column; None for all of them.
    """

    # Rows that are read together when all are asked for in turn.
    _block_rows = _BLOCK

    def __init__(self, rows: np.ndarray | None = None) -> None:
        self.rows = rows

    @abc.abstractmethod
    def _count(self) -> int:
        """The rows of the whole column."""

    @abc.abstractmethod
    def _values(self, rows: np.ndarray) -> list[str]:
        """The texts of some rows of the whole column."""

    @abc.abstractmethod
    def _with(self, rows: np.ndarray) -> Self:
        """The same column with other rows."""

    def take(self, positions: Sequence[int] | np.ndarray) -> Self:
        """The items at the given positions, in that order; nothing is read or copied but their numbers."""
        return self._with(self.whole_rows(np.asarray(positions, dtype=np.int64)))

    def whole_rows(self, positions: np.ndarray) -> np.ndarray:
        """The rows ``(n,)`` of the whole column that stand at some positions of this one.

        Raises:
            IndexError: a position that there is not.
        """
        if self.rows is not None:
            return self.rows[positions]
        lowest = int(positions.min()) if len(positions) else 0
        if lowest < -len(self) or (len(positions) and int(positions.max()) >= len(self)):
            raise IndexError(f"Expected positions of {len(self)} rows.")
        return positions if lowest >= 0 else np.where(positions < 0, positions + len(self), positions)

    def __len__(self) -> int:
        return self._count() if self.rows is None else len(self.rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> str | Self:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self._values(self.whole_rows(np.asarray([range(len(self))[index]])))[0]

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), self._block_rows):
            yield from self._values(self.whole_rows(np.arange(start, min(start + self._block_rows, len(self)))))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(list(self), dtype=dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self):,} rows>"


class StringColumn(Column):
    """Texts as UTF-8 in one piece of memory, with where each begins.

    Args:
        text: all texts, one after the other.
        offsets: ``(rows + 1,)`` whole numbers; row i lies from ``offsets[i]`` to ``offsets[i + 1]``.
        prefix: stands before each text, and is kept once.
        rows: see `Column`.
    """

    def __init__(
        self, text: bytes | bytearray, offsets: np.ndarray, prefix: str = "", rows: np.ndarray | None = None
    ) -> None:
        super().__init__(rows)
        self._text, self._offsets, self._prefix = text, offsets, prefix

    @classmethod
    def of(cls, strings: Iterable[str]) -> StringColumn:
        """A column of strings, which are gone through once."""
        builder = StringColumnBuilder()
        for string in strings:
            builder.append(string)
        return builder.finish()

    def with_prefix(self, prefix: str) -> StringColumn:
        """The same texts behind a prefix, over the same memory."""
        return StringColumn(self._text, self._offsets, prefix + self._prefix, self.rows)

    @property
    def size_bytes(self) -> int:
        """What the texts and their places take, which columns that were taken of one another share."""
        return len(self._text) + self._offsets.nbytes

    def _count(self) -> int:
        return len(self._offsets) - 1

    def _with(self, rows: np.ndarray) -> StringColumn:
        return StringColumn(self._text, self._offsets, self._prefix, rows)

    def _values(self, rows: np.ndarray) -> list[str]:
        text, prefix = self._text, self._prefix
        places = zip(self._offsets[rows].tolist(), self._offsets[rows + 1].tolist(), strict=True)
        return [prefix + text[start:end].decode("utf-8", "surrogatepass") for start, end in places]


class StringColumnBuilder:
    """Gathers texts for a `StringColumn`; nothing is kept of them but their bytes."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._blocks: list[np.ndarray] = []
        self._ends: list[int] = []

    def append(self, text: str) -> None:
        """Add a row."""
        self._text += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._text))
        if len(self._ends) >= _BLOCK:
            self._flush()

    def finish(self) -> StringColumn:
        """The column; the builder is not used again."""
        self._flush()
        ends = np.concatenate([np.zeros(1, np.int64), *self._blocks])
        self._blocks.clear()
        return StringColumn(self._text, compact_offsets(ends))

    def _flush(self) -> None:
        self._blocks.append(np.asarray(self._ends, dtype=np.int64))
        self._ends = []


class HashColumn(Column):
    """sha256 hashes: 32 bytes each, shown in hexadecimal.

    Args:
        digests: ``(rows, 32)`` uint8.
        rows: see `Column`.
    """

    def __init__(self, digests: np.ndarray, rows: np.ndarray | None = None) -> None:
        super().__init__(rows)
        self._digests = digests

    @classmethod
    def of(cls, hashes: Iterable[str]) -> HashColumn:
        """A column of hashes in hexadecimal, 64 small letters and figures each.

        Raises:
            ValueError: anything else.
        """
        together = bytearray()
        for one in hashes:
            digest = bytes.fromhex(one)
            if len(digest) != _HASH_BYTES or digest.hex() != one:
                raise ValueError(f"Expected a sha256 in hexadecimal. Received: {one!r}")
            together += digest
        return cls(np.frombuffer(bytes(together), np.uint8).reshape(-1, _HASH_BYTES))

    @property
    def digests(self) -> np.ndarray:
        """``(n, 32)`` uint8, in this column's order."""
        return self._digests if self.rows is None else self._digests[self.rows]

    def _count(self) -> int:
        return len(self._digests)

    def _with(self, rows: np.ndarray) -> HashColumn:
        return HashColumn(self._digests, rows)

    def _values(self, rows: np.ndarray) -> list[str]:
        together, size = self._digests[rows].tobytes().hex(), 2 * _HASH_BYTES
        return [together[start : start + size] for start in range(0, len(together), size)]


def compact_offsets(offsets: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 rising to the last one, in 4 bytes each where that is enough."""
    return offsets.astype(np.uint32) if len(offsets) and int(offsets[-1]) < 2**32 else offsets


def compact_paths(ids: StringColumn, inputs: Sequence[str]) -> StringColumn:
    """A column of paths: as the ids behind one prefix, where that is what they are; else in memory of its own."""
    prefix = inputs[0][: len(inputs[0]) - len(ids[0])] if len(inputs) else ""
    if all(path == prefix + name for path, name in zip(inputs, ids, strict=True)):
        return ids.with_prefix(prefix)
    return StringColumn.of(inputs)
