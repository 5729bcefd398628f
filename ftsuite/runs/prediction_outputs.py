"""Files of predictions, a row an input: CSV, JSON lines or Parquet, whole or not there at all."""

from __future__ import annotations

import csv
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from ftsuite.errors import ConfigError, ResourceError
from ftsuite.runs.prediction_answers import Answer
from ftsuite.runs.prediction_inputs import InputSource
from ftsuite.runs.prediction_text import without_lone_surrogates

OUTPUT_ENDINGS = (".csv", ".jsonl", ".ndjson", ".parquet")
_SIGNIFICANT_DIGITS = 7


def check_output(path: Path, force: bool) -> None:
    """Refuse a file that could not be written, before anything is predicted.

    Raises:
        ConfigError: an ending that is none of `OUTPUT_ENDINGS`, a folder that is not there, or a file that is.
    """
    if path.suffix.lower() not in OUTPUT_ENDINGS:
        raise ConfigError(
            f"--output must end in {', '.join(OUTPUT_ENDINGS[:-1])} or {OUTPUT_ENDINGS[-1]}. Received: {path}.",
            "The ending says what is written.",
        )
    if not path.parent.is_dir():
        raise ConfigError(f"--output must lie in a folder that exists. Received: {path}.", f"Make {path.parent} first.")
    if path.is_dir():
        raise ConfigError(f"--output must be a file. Received: {path}, which is a folder.", "Name a file in it.")
    if path.exists() and not force:
        raise ConfigError(
            f"--output must be a new file. Received: {path}, which exists.",
            "Choose another name, or replace it by --force.",
        )


class Rows:
    """The columns of a file of predictions, and the row of each answer.

    Own columns of the tables come first, or else ``input``; then ``prediction``, ``probability``,
    ``probability_<class>`` for each class, and ``error``; of a run without classes ``answer_<name>`` for each output in
    place of these, and ``error``. An own column whose name is taken by one of these is kept
    as ``original_<name>``.

    Args:
        sources: of the inputs.
        class_names: in the order of the probabilities; or names of the answers.
        classifies: whether answers are probabilities of classes.
    """

    def __init__(self, sources: Sequence[InputSource], class_names: Sequence[str], *, classifies: bool = True) -> None:
        self._sources = sources
        self._class_columns = [f"{'probability' if classifies else 'answer'}_{name}" for name in class_names]
        self._class_names = class_names
        # The class that is meant and how probable it is.
        self._best_columns = ("prediction", "probability") if classifies else ()
        self.shows_input = not sources or not all(source.is_table for source in sources)
        answers = [*self._best_columns, *self._class_columns, "error"]
        self._taken = {*answers, "input"} if self.shows_input else set(answers)

    def own_types(self) -> dict[str, pyarrow.DataType]:
        """The tables' own columns by the names that they get; strings where two tables do not agree."""
        found: dict[str, pyarrow.DataType] = {}
        for source in self._sources:
            for name, kind in source.types().items():
                own = self._own_name(name)
                found[own] = kind if found.get(own, kind) == kind else pyarrow.string()
        return found

    def schema(self) -> pyarrow.Schema:
        """All columns in order."""
        string, number = pyarrow.string(), pyarrow.float32()
        own: dict[str, Any] = {"input": string} if self.shows_input else {}
        own |= self.own_types()
        answers = {name: string if name == "prediction" else number for name in self._best_columns}
        answers |= dict.fromkeys(self._class_columns, number)
        return pyarrow.schema(list({**own, **answers, "error": string}.items()))

    def row(self, answer: Answer) -> dict[str, Any]:
        """Values by column; ``error`` only where there is one."""
        row: dict[str, Any] = {"input": answer.input.shown} if self.shows_input else {}
        row.update({self._own_name(name): value for name, value in answer.input.values.items()})
        if answer.probabilities is None:
            return {**row, **dict.fromkeys(self._best_columns), "error": answer.problem}
        values = [_rounded(value) for value in answer.probabilities]
        if self._best_columns:
            best = int(answer.probabilities.argmax())
            row.update(prediction=self._class_names[best], probability=values[best])
        return {**row, **dict(zip(self._class_columns, values, strict=True))}

    def _own_name(self, name: str) -> str:
        # What is called so already moves one further, so that no two columns ever get one name.
        core = name
        while core.startswith("original_"):
            core = core.removeprefix("original_")
        return f"original_{name}" if core in self._taken else name


class _Writer(ABC):
    """Writes answers to one open file."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self._rows = rows
        self._open(path)

    @abstractmethod
    def _open(self, path: Path) -> None: ...

    @abstractmethod
    def write(self, answers: Sequence[Answer]) -> None:
        """Add rows."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


class _CsvWriter(_Writer):
    def _open(self, path: Path) -> None:
        names = self._rows.schema().names
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.DictWriter(self._file, names, restval="", extrasaction="ignore", lineterminator="\n")
        self._writer.writeheader()

    def write(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            row = self._rows.row(answer)
            self._writer.writerow({name: _as_string(value) for name, value in row.items()})

    def close(self) -> None:
        self._file.close()


class _JsonLinesWriter(_Writer):
    def _open(self, path: Path) -> None:
        # Half a character is then written as \udXXX, which is how JSON itself writes it.
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")

    def write(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            row = {name: _finite(value) for name, value in self._rows.row(answer).items()}
            self._file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        self._file.close()


class _ParquetWriter(_Writer):
    def _open(self, path: Path) -> None:
        self._schema = self._rows.schema()
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def write(self, answers: Sequence[Answer]) -> None:
        rows = [self._rows.row(answer) for answer in answers]
        columns = [self._column(rows, field) for field in self._schema]
        self._writer.write_table(pyarrow.Table.from_arrays(columns, schema=self._schema))

    @staticmethod
    def _column(rows: Sequence[Mapping[str, Any]], field: Any) -> Any:
        values = [row.get(field.name) for row in rows]
        if pyarrow.types.is_string(field.type) or pyarrow.types.is_large_string(field.type):
            values = [None if value is None else without_lone_surrogates(_as_string(value)) for value in values]
        return pyarrow.array(values, type=field.type)

    def close(self) -> None:
        self._writer.close()


@contextmanager
def prediction_file(path: Path, rows: Rows) -> Iterator[_Writer]:
    """Write a file of predictions under a temporary name, which becomes `path` at the end and only then.

    Args:
        path: one that `check_output` has accepted.
        rows: its columns.

    Raises:
        ResourceError: the file cannot be written.
    """
    kind = {".csv": _CsvWriter, ".parquet": _ParquetWriter}.get(path.suffix.lower(), _JsonLinesWriter)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        writer = kind(partial, rows)
        try:
            yield writer
        finally:
            writer.close()
        os.replace(partial, path)
    except OSError as error:
        if error.filename is not None and error.filename != str(partial):
            raise
        raise ResourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Free some space, or choose another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _rounded(value: Any) -> float:
    return float(f"{float(value):.{_SIGNIFICANT_DIGITS}g}")


def _as_string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value if isinstance(value, str) else str(value)


def _finite(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
