"""What `ftsuite predict` is given: texts or pictures, one by one, from stdin, or in files of lines or tables."""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow

from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX
from ftsuite.data.sources.columns import USUAL_IMAGE_NAMES, USUAL_TEXT_NAMES
from ftsuite.data.sources.parsing import nearby_advice
from ftsuite.data.sources.walking import walk_files
from ftsuite.errors import ConfigError, DataError
from ftsuite.runs.prediction_tables import TABLES, TableFile
from ftsuite.runs.prediction_text import open_text, without_lone_surrogates

STDIN = "-"
TEXT = "text"
_LINES_ENDING = ".txt"
_USUAL_NAMES = {True: USUAL_TEXT_NAMES, False: USUAL_IMAGE_NAMES}


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to predict.

    Attributes:
        shown: the text, or the picture's path as it was given.
        value: the text, or where the picture is.
        problem: why it cannot be used; empty where it can.
        values: the other values of its row, by column, where it stands in a table.
    """

    shown: str
    value: str
    problem: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class InputSource(ABC):
    """Inputs in order, read as they are asked for."""

    is_table: bool = False

    @abstractmethod
    def inputs(self) -> Iterator[Input]:
        """Each input."""

    def types(self) -> Mapping[str, pyarrow.DataType]:
        """A table's own columns."""
        return {}


@dataclass(frozen=True)
class PlainSource(InputSource):
    """Texts or paths as such; `lines` gives them anew at each call, None for one that cannot be decoded."""

    lines: Callable[[], Iterable[str | None]]
    is_text: bool
    folder: Path | None = None

    def inputs(self) -> Iterator[Input]:
        """Each line."""
        for line in self.lines():
            yield _input(line, self.is_text, self.folder, {}, "is not UTF-8")


@dataclass(frozen=True)
class TableSource(InputSource):
    """The rows of a table; pictures' paths are relative to the table's own folder."""

    table: TableFile
    column: str
    is_text: bool
    is_table = True

    def inputs(self) -> Iterator[Input]:
        """Each row."""
        for row in self.table.rows():
            value = row.values.get(self.column)
            if row.problem:
                yield Input(_shown(value), "", row.problem, row.values)
            else:
                yield _input(value, self.is_text, self.table.path.parent, row.values, "is empty")

    def types(self) -> Mapping[str, pyarrow.DataType]:
        """The table's columns."""
        return self.table.types


def open_inputs(
    arguments: Sequence[str], kind: str, column: str | None, stdin: Callable[[], Iterable[bytes]]
) -> list[InputSource]:
    """Find out what each argument is; nothing is read yet but the heads of tables.

    A table is a file that ends in .csv, .jsonl, .ndjson or .parquet, and .txt is a file of lines; ``-`` is stdin, a
    line an input. Anything else is a text, or a picture or a folder of pictures.

    Args:
        arguments: as given on the command line.
        kind: of the run's data: ``text``, ``image-file`` or ``field-guide``.
        column: of the tables; None for the one with a usual name, or the only one that holds strings.
        stdin: gives the lines of stdin.

    Raises:
        ConfigError: a column that is not there or cannot be chosen, or stdin twice.
        DataError: a file that is not there or cannot be read, or a folder without pictures.
    """
    if list(arguments).count(STDIN) > 1:
        raise ConfigError("stdin can be read once. Received: - more than once.", "Give - once.")
    is_text = kind == TEXT
    sources = [_source(argument, is_text, column, stdin) for argument in arguments]
    if column is not None and not any(source.is_table for source in sources):
        raise ConfigError(
            f"--column goes with a table ({', '.join(TABLES)}). Received: {column!r} and no table.", "Remove --column."
        )
    return sources


def _source(argument: str, is_text: bool, column: str | None, stdin: Callable[[], Iterable[bytes]]) -> InputSource:
    if argument == STDIN:
        return PlainSource(lambda: map(_decoded, stdin()), is_text)
    ending = _file_ending(argument)
    if ending:
        path = Path(argument).expanduser()
        if not path.is_file():
            raise DataError(
                f"Expected a file of inputs that exists. Received: {argument!r}.",
                f"{nearby_advice(path)}{' To predict on these very words, give them on stdin.' if is_text else ''}",
            )
        if ending == _LINES_ENDING:
            return PlainSource(partial(_lines, path), is_text, path.parent)
        table = TABLES[ending](path)
        return TableSource(table, choose_column(table, column, is_text), is_text)
    if is_text:
        _require_no_file(argument)
        return PlainSource(lambda: [argument], is_text)
    return PlainSource(partial(_pictures, argument), is_text)


def _file_ending(argument: str) -> str:
    """The ending of what looks like the name of a table or a file of lines; empty for everything else."""
    ending = Path(argument).suffix.lower() if "\n" not in argument and "\0" not in argument else ""
    if ending not in (*TABLES, _LINES_ENDING):
        return ""
    try:
        if Path(argument).expanduser().is_file():
            return ending
    except (OSError, RuntimeError):
        return ""
    # A sentence may end like a file that is not there: "I could not open report.csv".
    return "" if " " in argument else ending


def _require_no_file(argument: str) -> None:
    """Refuse the name of a file or folder where texts are expected: its name is hardly what is to be predicted on."""
    if not argument:
        return  # a text without words, which has an error of its own, and not the working folder
    try:
        path = Path(argument).expanduser()
        what = "a folder" if path.is_dir() else "a file" if path.is_file() else ""
    except (OSError, RuntimeError, ValueError):
        return
    if what:
        raise DataError(
            f"Expected a text, or a file that ends in {', '.join((_LINES_ENDING, *TABLES))}, because the run has "
            f"learnt texts. Received: {argument!r}, {what}.",
            "Name files of texts with one of these endings. To predict on these very words, give them on stdin.",
        )


def choose_column(table: TableFile, wanted: str | None, is_text: bool) -> str:
    """The column that holds the inputs.

    Raises:
        ConfigError: the wanted one is not there, or none can be chosen.
    """
    if wanted is not None:
        if wanted in table.string_columns() or wanted in table.types:
            return wanted
        near = difflib.get_close_matches(wanted, table.types, n=1, cutoff=0.3)
        nearest = f"; the nearest is {near[0]!r}" if near else ""
        raise ConfigError(
            f"Expected --column to be a column of {str(table.path)!r}{nearest}. Received: {wanted!r}.",
            f"Its columns are {', '.join(map(repr, table.types))}.",
        )
    if not table.types:
        raise DataError(f"Expected a table with columns and rows. Received: {str(table.path)!r}, which is empty.")
    # Without a row nothing tells what the columns hold, and the answer is that there is no input.
    strings = table.string_columns() or (() if next(table.rows(), None) else tuple(table.types))
    lowered = {name.strip().lower(): name for name in reversed(strings)}
    usual = next((lowered[name] for name in _USUAL_NAMES[is_text] if name in lowered), None)
    if usual is not None:
        return usual
    if len(strings) == 1:
        return strings[0]
    listed = ", ".join(map(repr, table.types)) or "none"
    raise ConfigError(
        f"Expected a column with a usual name ({', '.join(_USUAL_NAMES[is_text])}) or one column alone that holds "
        f"strings in {str(table.path)!r}. Received columns: {listed}.",
        "Name it: --column NAME.",
    )


def _pictures(argument: str) -> list[str]:
    path = Path(argument).expanduser()
    if not path.is_dir():
        return [argument]
    inside = walk_files(path, Counter()).files
    if not inside:
        raise DataError(f"The folder {path} must hold pictures. Received: none.", "Name another folder or a file.")
    return [str(file) for file in inside]


def _lines(path: Path) -> Iterator[str]:
    with open_text(path, newline=None) as file:
        for line in file:
            yield line.removesuffix("\n")


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def _input(value: Any, is_text: bool, folder: Path | None, values: Mapping[str, Any], absent: str) -> Input:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Input("", "", absent, values)
    if not isinstance(value, str):
        return Input(_shown(value), "", f"holds {type(value).__name__} and no text", values)
    if not value.strip():
        return Input(value, "", "is empty", values)
    if is_text:
        shown = without_lone_surrogates(value)
        return Input(shown, value, "" if shown == value else "holds half a character (a lone surrogate)", values)
    return Input(without_lone_surrogates(value), _place(value, folder), "", values)


def _place(picture: str, folder: Path | None) -> str:
    if picture.startswith(FIELD_GUIDE_PREFIX):
        return picture
    path = Path(picture).expanduser()
    return str(path if folder is None else folder / path)


def _shown(value: Any) -> str:
    return "" if value is None else without_lone_surrogates(str(value))
