"""Reading JSON lines one at a time, with the place of each in the file, whatever the file's size."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ftsuite.data.sources.encodings import damaged_utf8, guess_encoding, unknown_encoding
from ftsuite.data.sources.table_files import parse_json_line, unreadable
from ftsuite.errors import DataError

LONGEST_LINE_BYTES = 64 * 1024 * 1024
# Columns are chosen by what the first rows hold: to look at all of them would be a second pass.
_ROWS_LOOKED_AT = 1000


class Line(NamedTuple):
    """One line that is not blank: its number from 1, where it begins, its bytes, and as text."""

    number: int
    offset: int
    data: bytes
    text: str


def read_lines(path: Path, told: Callable[[int], None] | None = None) -> Iterator[Line]:
    """The lines of a UTF-8 file that are not blank, without a byte order mark.

    Args:
        path: the file.
        told: called now and then with the bytes read so far.

    Raises:
        DataError: unreadable, not UTF-8, or with a line above 64 MiB; names the line.
    """
    try:
        with path.open("rb") as file:
            offset = 0
            for number in range(1, 2**62):
                data = file.readline(LONGEST_LINE_BYTES + 1)
                if not data:
                    return
                if len(data) > LONGEST_LINE_BYTES:
                    raise DataError(
                        f"Expected lines of at most {LONGEST_LINE_BYTES // 2**20} MiB. "
                        f"Received: {path}, line {number}.",
                        "Put each row on a line of its own.",
                    )
                begin, offset = offset, offset + len(data)
                if number == 1 and data.startswith(codecs.BOM_UTF8):
                    begin, data = begin + len(codecs.BOM_UTF8), data[len(codecs.BOM_UTF8) :]
                if data.strip():
                    yield Line(number, begin, data, _decoded(data, number, path))
                if told is not None and number % 10_000 == 0:
                    told(offset)
    except OSError as error:
        raise unreadable(path, error) from error


def leading_columns(path: Path) -> list[str]:
    """The columns of a JSON lines file, in the order in which its first 1,000 rows show them.

    Raises:
        DataError: as `read_lines`, or a line is no JSON object.
    """
    names: dict[str, None] = {}
    for rows, line in enumerate(read_lines(path), 1):
        names.update(dict.fromkeys(values_of(line, path)))
        if rows >= _ROWS_LOOKED_AT:
            break
    return list(names)


def values_of(line: Line, path: Path) -> dict[str, Any]:
    """The values of a line by column; raises DataError where it is no JSON object."""
    return parse_json_line(line.text, path, line.number)


def _decoded(data: bytes, number: int, path: Path) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if number == 1 and data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise unknown_encoding(path, data, "UTF-16") from error
        guess, sure = guess_encoding(data)
        if sure:
            raise unknown_encoding(path, data, guess) from error
        raise damaged_utf8(path, number, data[error.start]) from error
    if number == 1 and "\0" in text:
        raise unknown_encoding(path, data, "UTF-16")
    return text
