"""Reading CSV, JSON lines and Parquet into rows with their line numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.data.sources.encodings import decode_text
from ftsuite.errors import DataError

MAX_FIELD_CHARACTERS = 64 * 1024 * 1024
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars (|)"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table in memory.

    Attributes:
        names: columns, in order.
        rows: pairs of line (or row) number, counted from 1, and values by column.
        line_word: what the numbers count: line or row.
        notes: on encoding and separator, where they are not the usual ones.
    """

    names: list[str]
    rows: list[tuple[int, dict[str, Any]]]
    line_word: str
    notes: tuple[str, ...] = ()


def read_table(path: Path, kind: str) -> Table:
    """Read a table whole.

    Raises:
        DataError: in an encoding that cannot be told, malformed (with the line), unreadable, or without rows.
    """
    try:
        table = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[kind](path)
    except OSError as error:
        raise unreadable(path, error) from error
    if not table.rows:
        raise DataError(
            f"Expected at least one row. Received: {str(path)!r}, which has none.",
            "Name a file with a header and rows." if kind == "csv" else "Name a file with rows.",
        )
    return table


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the system does not let be read."""
    return DataError(f"Expected a file that can be read. Received: {str(path)!r} ({error.strerror or error}).")


def _csv(path: Path) -> Table:
    text, note = decode_text(path.read_bytes(), path)
    notes = [note] if note else []
    separator = separator_of(text.partition("\n")[0])
    if separator != ",":
        notes.append(f"Read {path.name} with {_SEPARATORS[separator]} between its values, as its header shows.")
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        names = next(reader, [])
        check_names(names, path)
        return Table(names, list(_csv_rows(reader, names, path, separator)), "line", tuple(notes))
    except csv.Error as error:
        raise DataError(
            f"Expected well-formed CSV. Received: {path}, line {reader.line_num}: {error}.",
            "A quote that opens a value must be closed; a quote within a quoted value is written twice.",
        ) from error
    finally:
        csv.field_size_limit(limit)


def separator_of(header: str) -> str:
    """The comma, unless a CSV's header has none and only one of the other usual separators, outside quotes."""
    bare = "".join(header.split('"')[::2])
    present = [mark for mark in (",", *_SEPARATORS) if mark in bare]
    return present[0] if len(present) == 1 else ","


def _csv_rows(reader: Any, names: list[str], path: Path, separator: str) -> Iterator[tuple[int, dict[str, Any]]]:
    line = reader.line_num + 1
    for values in reader:
        if values and len(values) != len(names):
            raise DataError(
                f"Expected {len(names)} values, as many as the header has. Received: {len(values)} in {path}, "
                f"line {line}.",
                f"A text with {separator!r} or a line break in it stands in double quotes.",
            )
        if values:
            yield line, dict(zip(names, values, strict=True))
        line = reader.line_num + 1


def _jsonl(path: Path) -> Table:
    names: dict[str, None] = {}
    rows: list[tuple[int, dict[str, Any]]] = []
    text, note = decode_text(path.read_bytes(), path)
    for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
        if line.strip():
            values = parse_json_line(line, path, number)
            names.update(dict.fromkeys(values))
            rows.append((number, values))
    return Table(list(names), rows, "line", (note,) if note else ())


def parse_json_line(line: str, path: Path, number: int) -> dict[str, Any]:
    """One line of JSON lines as values by column.

    Raises:
        DataError: it is no JSON object; `path` and the line's `number` are named.
    """
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"Expected a JSON object a line. Received: {path}, line {number}: {error}.",
            'Write rows as {"text": "…", "label": "…"}, one a line; csv:… and parquet:… read other files.',
        ) from error
    if not isinstance(values, dict):
        raise DataError(
            f"Expected a JSON object a line. Received: {path}, line {number}: {line.strip()[:80]}",
            'Write rows as {"text": "…", "label": "…"}.',
        )
    return values


def _parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        content = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise DataError(
            f"Expected a Parquet file. Received: {str(path)!r}: {str(error).splitlines()[0]}",
            "If it is another kind of table, name it csv:… or jsonl:…; otherwise write it anew.",
        ) from error
    check_names(content.column_names, path)
    return Table(list(content.column_names), list(enumerate(content.to_pylist(), 1)), "row")


def check_names(names: list[str], path: Path) -> None:
    """Refuse a table with two columns of one name.

    Raises:
        DataError: naming the first.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"Expected each column once. Received: {twice[0]!r} twice in {str(path)!r}.",
            "Rename or remove one of the two.",
        )
