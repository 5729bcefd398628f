"""Opening a text file of any size: its encoding is settled before the first line is used."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ftsuite.data.sources.encodings import guess_encoding, unknown_encoding
from ftsuite.errors import DataError

_BLOCK_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def open_text(path: Path, newline: str | None = "") -> Iterator[TextIO]:
    """Open a file in UTF-8, or in UTF-16 where it begins with its mark.

    The whole file is looked through first, in bounded memory, so that a wrong byte near its end is not found
    after hours of work.

    Args:
        path: of the file.
        newline: as of `open`.

    Raises:
        DataError: the file cannot be read, or is in another encoding.
    """
    try:
        encoding = text_encoding(path)
        with path.open(encoding=encoding, newline=newline) as file:
            yield file
    except OSError as error:
        if error.filename != str(path):
            raise  # of whoever uses the lines, not of this file
        raise DataError(
            f"Expected a file that can be read. Received: {str(path)!r} ({error.strerror or error})."
        ) from error


def text_encoding(path: Path) -> str:
    """The encoding of a file: ``utf-8``, ``utf-8-sig`` or ``utf-16``.

    Raises:
        DataError: a byte that is neither; says where it is.
    """
    with path.open("rb") as file:
        start = file.read(4)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
        decoder = codecs.getincrementaldecoder(encoding)()
        block = start
        while True:
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise _undecodable(path, encoding, error) from error
            if not block:
                return encoding
            block = file.read(_BLOCK_BYTES)


def _undecodable(path: Path, encoding: str, error: UnicodeDecodeError) -> DataError:
    if encoding == "utf-16":
        return DataError(
            f"Expected {str(path)!r} to be UTF-16, as its first bytes say. Received: {error.reason}.",
            "The file is damaged or cut short; save it anew as UTF-8.",
        )
    near = error.object[max(error.start - 4096, 0) : error.start + 4096]
    guess, _ = guess_encoding(near)
    return unknown_encoding(path, error.object[error.start :], guess)


def without_lone_surrogates(text: str) -> str:
    """The text with each half of a character, which no file can hold, written as JSON escapes it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
