"""Tables to predict on, read a row at a time: CSV, JSON lines and Parquet of any size in bounded memory."""

from __future__ import annotations

import csv
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pyarrow
import pyarrow.parquet

from ftsuite.data.sources.table_files import MAX_FIELD_CHARACTERS, check_names, separator_of
from ftsuite.errors import DataError
from ftsuite.runs.prediction_text import open_text

_SAMPLE_ROWS = 100
_BATCH_ROWS = 512


class _LargeInteger:
    """Stands for whole numbers beyond 64 bits, which JSON can hold and a column cannot."""


class TableRow(NamedTuple):
    """The values of a row by column, and what is wrong with the row; empty where nothing is."""

    values: dict[str, Any]
    problem: str


class TableFile(ABC):
    """A table on the disk.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def rows(self) -> Iterator[TableRow]:
        """Every row in order, read as they are asked for.

        Raises:
            DataError: the file cannot be read any further.
        """

    @cached_property
    @abstractmethod
    def types(self) -> Mapping[str, pyarrow.DataType]:
        """The columns in order with what they hold; of JSON lines this reads the whole file once."""

    @abstractmethod
    def string_columns(self) -> tuple[str, ...]:
        """The columns that hold texts, as far as the first rows tell."""


class CsvTable(TableFile):
    """Comma-separated values with a header; or separated by what its header shows, as in training."""

    def rows(self) -> Iterator[TableRow]:
        """Every row; one with too few or too many values has a problem."""
        limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
        try:
            with open_text(self.path) as file:
                yield from self._rows(_csv_reader(file))
        finally:
            csv.field_size_limit(limit)

    def _rows(self, reader: Any) -> Iterator[TableRow]:
        names = list(next(reader, []))
        line = reader.line_num + 1
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield TableRow({}, f"line {line} is no well-formed CSV: {error}")
            else:
                if values and len(values) != len(names):
                    problem = f"line {line} has {len(values)} values where the header has {len(names)}"
                    yield TableRow(dict(zip(names, values, strict=False)), problem)
                elif values:
                    yield TableRow(dict(zip(names, values, strict=True)), "")
            line = reader.line_num + 1

    @cached_property
    def types(self) -> Mapping[str, pyarrow.DataType]:
        """The header; all values are strings."""
        with open_text(self.path) as file:
            try:
                names: list[str] = next(_csv_reader(file), [])
            except csv.Error as error:
                raise DataError(
                    f"Expected a header of comma-separated names. Received: {str(self.path)!r}: {error}."
                ) from error
        check_names(names, self.path)
        return dict.fromkeys(names, pyarrow.string())

    def string_columns(self) -> tuple[str, ...]:
        """The columns that hold anything but numbers."""
        sample = [row.values for row in itertools.islice(self.rows(), _SAMPLE_ROWS)]
        return tuple(name for name in self.types if any(_is_words(values.get(name)) for values in sample))


class JsonLinesTable(TableFile):
    """A JSON object a line; its columns are all keys of all lines."""

    def rows(self) -> Iterator[TableRow]:
        """Every line that is not empty; one that is no JSON object has a problem."""
        with open_text(self.path, newline="\n") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _json_row(line, number)

    @cached_property
    def types(self) -> Mapping[str, pyarrow.DataType]:
        """Columns with one kind of value keep it; those with several, or with nested values, become strings."""
        found: dict[str, set[type]] = {}
        for row in self.rows():
            for name, value in row.values.items():
                kinds = found.setdefault(name, set())
                if value is not None:
                    kinds.add(_LargeInteger if isinstance(value, int) and abs(value) >= 2**63 else type(value))
        return {name: _arrow_type(kinds) for name, kinds in found.items()}

    def string_columns(self) -> tuple[str, ...]:
        """The columns with a string among the first rows."""
        sample = (row.values for row in itertools.islice(self.rows(), _SAMPLE_ROWS))
        return tuple(dict.fromkeys(name for values in sample for name, value in values.items() if _is_string(value)))


class ParquetTable(TableFile):
    """An Apache Parquet file."""

    def rows(self) -> Iterator[TableRow]:
        """Every row."""
        with self._open() as file:
            try:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    yield from (TableRow(values, "") for values in batch.to_pylist())
            except (pyarrow.ArrowException, OSError) as error:
                raise _no_parquet(self.path, error) from error

    @cached_property
    def types(self) -> Mapping[str, pyarrow.DataType]:
        """The file's own schema."""
        with self._open() as file:
            schema = file.schema_arrow
        check_names(schema.names, self.path)
        return {field.name: getattr(field.type, "value_type", field.type) if _is_dictionary(field.type) else field.type
                for field in schema}  # fmt: skip

    def string_columns(self) -> tuple[str, ...]:
        """The columns of strings."""
        return tuple(
            name
            for name, kind in self.types.items()
            if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)
        )

    def _open(self) -> Any:
        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except (pyarrow.ArrowException, OSError) as error:
            raise _no_parquet(self.path, error) from error


TABLES: Mapping[str, type[TableFile]] = {
    ".csv": CsvTable,
    ".jsonl": JsonLinesTable,
    ".ndjson": JsonLinesTable,
    ".parquet": ParquetTable,
}


def _json_row(line: str, number: int) -> TableRow:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return TableRow({}, f"line {number} is no JSON: {error}")
    if not isinstance(values, dict):
        return TableRow({}, f"line {number} is no JSON object but {type(values).__name__}")
    return TableRow(values, "")


def _arrow_type(kinds: set[type]) -> pyarrow.DataType:
    if kinds == {bool}:
        return pyarrow.bool_()
    if kinds == {float} or kinds == {int, float}:
        return pyarrow.float64()
    return pyarrow.int64() if kinds == {int} else pyarrow.string()


def _is_words(value: Any) -> bool:
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_dictionary(kind: Any) -> bool:
    return bool(pyarrow.types.is_dictionary(kind))


def _csv_reader(file: TextIO) -> Any:
    """A reader from the beginning of a file, separated as its header shows."""
    separator = separator_of(file.readline())
    file.seek(0)
    return csv.reader(file, strict=True, delimiter=separator)


def _no_parquet(path: Path, error: Exception) -> DataError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"Expected a Parquet file that can be read. Received: {str(path)!r}: {reason}",
        "Give the file the ending of what it holds, or write it anew if it is damaged.",
    )
