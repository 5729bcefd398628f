"""Texts without labels, for adapting an encoder to a domain: of a table's column, or the lines of a text file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

from ftsuite.data.sources.arrow_files import read_columns, schema_of
from ftsuite.data.sources.columns import choose_text_column
from ftsuite.data.sources.encodings import decode_text
from ftsuite.data.sources.huggingface_files import find_parts
from ftsuite.data.sources.jsonl_lines import leading_columns, read_lines, values_of
from ftsuite.data.sources.table import require_file
from ftsuite.data.sources.table_files import read_table, unreadable
from ftsuite.data.text_stream import IndexWriter, StreamTexts, TextFile, hash_of
from ftsuite.errors import ConfigError, DataError

TEXT_KINDS = ("csv", "jsonl", "parquet", "txt", "huggingface")
# Files from this size on are left on the disk.
STREAMED_FROM_BYTES = 64 * 1024 * 1024


def read_texts(source_path: Path, kind: str, text_column: str | None = None) -> Sequence[str]:
    """The texts of a file, in its order; rows without a text are left out.

    Args:
        source_path: the file.
        kind: csv, jsonl, parquet, txt for a text a line, or huggingface for a folder with all of its splits.
        text_column: of the tables; None for the only column, or one with a usual name.

    Returns:
        A tuple; of a large jsonl or txt file a sequence that reads each text from the disk when it is asked for.

    Raises:
        ConfigError: another kind, or the column is not there or cannot be chosen.
        DataError: the file is missing or malformed, or holds no text.
    """
    if kind not in TEXT_KINDS:
        raise ConfigError(f"Expected texts from one of {', '.join(TEXT_KINDS)}. Received: {kind!r}.")
    if kind == "txt" and text_column is not None:
        raise ConfigError(
            f"Expected no text_column for a text file, which has no columns. Received: {text_column!r}.",
            "Remove text_column.",
        )
    if kind == "huggingface":
        return _required(_of_huggingface(source_path, text_column), source_path)
    require_file(source_path, kind)
    try:
        large = source_path.stat().st_size >= STREAMED_FROM_BYTES
        if kind in ("jsonl", "txt") and large:
            texts: Sequence[str] = _streamed(source_path, kind, text_column)
        else:
            texts = _lines(source_path) if kind == "txt" else _of_table(source_path, kind, text_column)
    except OSError as error:
        raise unreadable(source_path, error) from error
    return _required(texts, source_path)


def _required(texts: Sequence[str], path: Path) -> Sequence[str]:
    if not texts:
        raise DataError(f"Expected at least one text. Received: {str(path)!r}, which has none.")
    return texts


def _of_huggingface(path: Path, text_column: str | None) -> tuple[str, ...]:
    files = [file for part in find_parts(path)[0] for file in part.files]
    column = choose_text_column(list(schema_of(files[0]).names), text_column, path)
    rows = (row for file in files for row in read_columns(file, [column]))
    return tuple(value for row in rows if _is_text(value := row[column]))


def _lines(path: Path) -> tuple[str, ...]:
    text, _ = decode_text(path.read_bytes(), path)
    return tuple(line for line in text.replace("\r\n", "\n").split("\n") if line.strip())


def _of_table(path: Path, kind: str, text_column: str | None) -> tuple[str, ...]:
    table = read_table(path, kind)
    column = choose_text_column(table.names, text_column, path)
    return tuple(value for _, values in table.rows if _is_text(value := values.get(column)))


def _streamed(path: Path, kind: str, text_column: str | None) -> StreamTexts:
    column = choose_text_column(leading_columns(path), text_column, path) if kind == "jsonl" else ""
    writer = IndexWriter()
    for line in read_lines(path):
        text = values_of(line, path).get(column) if column else line.text.rstrip("\r\n")
        if _is_text(text):
            writer.add(line.offset, len(line.data), line.number, 0, 0, hash_of(text))
    return StreamTexts(TextFile(path, column, writer.finish()))


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is a text with something in it that can be written as UTF-8."""
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
