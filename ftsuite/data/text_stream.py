"""Texts that stay on the disk: an index of a file's rows, and columns that read their items when asked.

The index lies in a temporary file without a name, mapped into memory, which the system removes when the process
ends, however it ends. In memory stay a few numbers a row (positions and labels), never a text.
"""

from __future__ import annotations

import abc
import hashlib
import json
import os
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ftsuite.data.columns import Column
from ftsuite.errors import DataError, ResourceError

# One row of the index: where its line begins and ends, its number, label, official split, and sha256 of its text.
ROW = np.dtype(
    [("offset", "<i8"), ("size", "<i4"), ("line", "<i8"), ("label", "<i4"), ("split", "i1"), ("hash", "u1", (32,))]
)
_BLOCK = 4096


class IndexWriter:
    """Gathers rows and writes them to a temporary file, a block at a time."""

    def __init__(self) -> None:
        self._file = _temporary_file()
        weakref.finalize(self, self._file.close)  # where reading fails before `finish`
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._hashes: list[bytes] = []
        self.count = 0

    def add(self, offset: int, size: int, line: int, label: int, split: int, content_hash: bytes) -> None:
        """Note one row; `content_hash` is the 32 bytes of a sha256."""
        self._rows.append((offset, size, line, label, split))
        self._hashes.append(content_hash)
        self.count += 1
        if len(self._rows) >= _BLOCK:
            self._flush()

    def finish(self) -> np.ndarray:
        """The index, ``(rows,)`` of `ROW`, mapped from the disk; an empty array where there is none."""
        self._flush()
        with self._file:
            self._file.flush()
            return np.memmap(self._file, dtype=ROW, mode="r") if self.count else np.zeros(0, ROW)

    def _flush(self) -> None:
        block = np.empty(len(self._rows), ROW)
        columns = np.asarray(self._rows, dtype=np.int64).reshape(-1, 5)
        for place, name in enumerate(("offset", "size", "line", "label", "split")):
            block[name] = columns[:, place]
        block["hash"] = np.frombuffer(b"".join(self._hashes), np.uint8).reshape(-1, 32)
        try:
            self._file.write(block.tobytes())
        except OSError as error:
            raise _no_room(error) from error
        self._rows.clear()
        self._hashes.clear()


class TextFile:
    """An indexed file whose texts are read one by one; safe to read from several threads.

    The file is kept open: deleting or replacing it under its name changes nothing, and a row that was changed in place
    is found by its hash.

    Args:
        path: the file.
        column: the key of the text in each line's JSON object; empty where the line itself is the text.
        index: ``(rows,)`` of `ROW`.

    Attributes:
        failure: what the last read that failed has raised, or None.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, column: str, index: np.ndarray) -> None:
        self.path = path
        self.column = column
        self.index = index
        self.failure: DataError | None = None
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def text(self, row: int) -> str:
        """The text of one row.

        Raises:
            DataError: the file was changed since it was indexed.
        """
        entry = self.index[row]
        line = os.pread(self._descriptor, int(entry["size"]), int(entry["offset"]))
        try:
            text = line_text(line, self.column)
        except (ValueError, KeyError, TypeError, RecursionError):
            text = None
        if text is None or hash_of(text) != entry["hash"].tobytes():
            self.failure = DataError(
                f"Expected {str(self.path)!r} to stay as it was when this began. "
                f"Received: another text in line {int(entry['line'])}.",
                "Bring the file back to what it was, or start a new run.",
            )
            raise self.failure
        return text


def line_text(line: bytes, column: str) -> str | None:
    """The text of one line: under `column` of its JSON object, or the line itself where `column` is empty."""
    if not column:
        return line.decode("utf-8").rstrip("\r\n")
    value = json.loads(line)[column]
    return value if isinstance(value, str) else None


def hash_of(text: str) -> bytes:
    """The sha256 of a text, 32 bytes; a lone surrogate raises UnicodeEncodeError."""
    return hashlib.sha256(text.encode("utf-8")).digest()


class StreamColumn(Column, abc.ABC):
    """A column of an indexed file, or of some rows of it, as a sequence.

    Args:
        file: with its index.
        rows: ``(n,)`` int64 rows of the index; None for all.
    """

    def __init__(self, file: TextFile, rows: np.ndarray | None = None) -> None:
        super().__init__(rows)
        self.file = file

    def _count(self) -> int:
        return len(self.file.index)

    def _with(self, rows: np.ndarray) -> Self:
        return type(self)(self.file, rows)


class StreamTexts(StreamColumn):
    """The texts, read from the file."""

    _block_rows = 64

    def _values(self, rows: np.ndarray) -> list[str]:
        return [self.file.text(int(row)) for row in rows]


class StreamIds(StreamColumn):
    """``line N``: the number of each row's line, from 1."""

    def _values(self, rows: np.ndarray) -> list[str]:
        return [f"line {line}" for line in self.file.index["line"][rows].tolist()]


class StreamHashes(StreamColumn):
    """The sha256 of each text, hexadecimal."""

    def _values(self, rows: np.ndarray) -> list[str]:
        return [entry.tobytes().hex() for entry in self.file.index["hash"][rows]]

    def prefixes(self) -> np.ndarray:
        """The first 8 bytes of each hash, ``(n,)`` uint64: enough to tell texts apart, 8 bytes a row."""
        return np.concatenate(
            [
                np.ascontiguousarray(self._block(start)[:, :8]).view("<u8").ravel()
                for start in range(0, len(self), _BLOCK * 16)
            ]
            or [np.zeros(0, "<u8")]
        )

    def _block(self, start: int) -> np.ndarray:
        rows = slice(start, start + _BLOCK * 16) if self.rows is None else self.rows[start : start + _BLOCK * 16]
        return self.file.index["hash"][rows]


def find_failure(inputs: Sequence[str]) -> DataError | None:
    """Why a read of streamed texts or of records failed, after TensorFlow has made another error of it; else None."""
    if isinstance(inputs, StreamColumn):
        return inputs.file.failure
    failure = getattr(inputs, "failure", None)
    return failure if isinstance(failure, DataError) else None


def disk_array(count: int, dtype: Any) -> np.ndarray:
    """An array ``(count,)`` of zeros that is mapped from a temporary file, so that the system may put it aside."""
    if count == 0:
        return np.zeros(0, dtype)
    try:
        with _temporary_file() as file:
            if hasattr(os, "posix_fallocate"):  # a disk that fills up later would end the process at once
                os.posix_fallocate(file.fileno(), 0, count * np.dtype(dtype).itemsize)
            return np.memmap(file, dtype=dtype, mode="w+", shape=(count,))
    except OSError as error:
        raise _no_room(error) from error


def _temporary_file() -> Any:
    try:
        return tempfile.TemporaryFile(prefix="ftsuite-index-")
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> ResourceError:
    return ResourceError(
        f"Expected room for a temporary index, about {ROW.itemsize} bytes a row, in {tempfile.gettempdir()!r}. "
        f"Received: {error.strerror or error}.",
        "Make room there, or set the environment variable TMPDIR to a folder with room.",
    )
