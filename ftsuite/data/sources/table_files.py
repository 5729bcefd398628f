"""Reading CSV, JSON lines and Parquet into rows with their line numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.errors import DataError

_MAX_FIELD_CHARACTERS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A table in memory.

    Attributes:
        names: columns, in order.
        rows: pairs of line (or row) number, counted from 1, and values by column.
        line_word: what the numbers count: line or row.
    """

    names: list[str]
    rows: list[tuple[int, dict[str, Any]]]
    line_word: str


def read_table(path: Path, kind: str) -> Table:
    """Read a table whole.

    Raises:
        DataError: not UTF-8, malformed (with the line), unreadable, or without rows.
    """
    try:
        table = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[kind](path)
    except UnicodeDecodeError as error:
        raise DataError(
            f"Expected {str(path)!r} to be UTF-8. Received: byte 0x{error.object[error.start]:02x} that is not.",
            "Save it as UTF-8 (in a spreadsheet: CSV UTF-8).",
        ) from error
    except OSError as error:
        raise DataError(
            f"Expected a file that can be read. Received: {str(path)!r} ({error.strerror or error})."
        ) from error
    if not table.rows:
        raise DataError(f"Expected at least one row. Received: {str(path)!r}, which has none.")
    return table


def _csv(path: Path) -> Table:
    limit = csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = next(reader, [])
            _check_names(names, path)
            return Table(names, list(_csv_rows(reader, names, path)), "line")
    except csv.Error as error:
        raise DataError(f"Expected well-formed CSV. Received: {path}, line {reader.line_num}: {error}.") from error
    finally:
        csv.field_size_limit(limit)


def _csv_rows(reader: Any, names: list[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    line = reader.line_num + 1
    for values in reader:
        if values and len(values) != len(names):
            raise DataError(
                f"Expected {len(names)} values, as many as the header has. Received: {len(values)} in "
                f"{path}, "
                f"line {line}.",
                "A text with a comma or a line break in it stands in double quotes.",
            )
        if values:
            yield line, dict(zip(names, values, strict=True))
        line = reader.line_num + 1


def _jsonl(path: Path) -> Table:
    names: dict[str, None] = {}
    rows: list[tuple[int, dict[str, Any]]] = []
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise DataError(f"Expected a JSON object a line. Received: {path}, line {number}: {error}.") from error
            if not isinstance(values, dict):
                raise DataError(
                    f"Expected a JSON object a line. Received: {path}, line {number}: {line.strip()[:80]}",
                    'Write rows as {"text": "…", "label": "…"}.',
                )
            names.update(dict.fromkeys(values))
            rows.append((number, values))
    return Table(list(names), rows, "line")


def _parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        content = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise DataError(f"Expected a Parquet file. Received: {str(path)!r}: {str(error).splitlines()[0]}") from error
    _check_names(content.column_names, path)
    return Table(list(content.column_names), list(enumerate(content.to_pylist(), 1)), "row")


def _check_names(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"Expected each column once. Received: {twice[0]!r} twice in {str(path)!r}.")
