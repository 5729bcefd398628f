"""``huggingface:PATH``: what Hugging Face's datasets saved, or Parquet files as its hub stores them.

Only pyarrow is needed: ``save_to_disk`` writes Arrow streams whose schema tells the names of classes. Pictures in
Arrow files are read in place; those in Parquet files, which are compressed, are copied into the cache once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.data.image_files import BadFile
from ftsuite.data.sources.arrow_cache import arrow_copies
from ftsuite.data.sources.arrow_files import (
    features_of,
    is_picture_type,
    is_text_type,
    path_beside,
    picture_inputs,
    read_columns,
    schema_of,
)
from ftsuite.data.sources.assemble import assemble, require_rows
from ftsuite.data.sources.classes import normal_form
from ftsuite.data.sources.columns import Columns, choose_columns
from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.huggingface_files import Part, find_parts
from ftsuite.data.sources.labels import sorted_labels
from ftsuite.data.sources.table import make_ids_unique, official_splits, read_row
from ftsuite.data.sources.table_files import Table
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress
    from ftsuite.config import DataConfig


def load_huggingface(path: Path, data: DataConfig, progress: Progress | None = None) -> Examples:
    """Examples of a saved `Dataset` or `DatasetDict`, or of a folder of Parquet files, with their splits.

    Columns are those that the config names; else the only one of pictures or the only one of class labels; else
    those with the usual names, as in other tables. Classes stand in the order of the data set's own class names
    where it has them, and otherwise as in other tables. Splits are named train, validation (or valid, val, dev) and
    test; others are left out.

    Args:
        path: the folder, or one Parquet or Arrow file.
        data: the config's ``data`` section: columns and ``bad_files``.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        ConfigError: a column that is not there, or cannot be chosen.
        DataError: no such folder, not whole or damaged, or rows, pictures or classes are bad.
        ResourceError: no room for the pictures of Parquet files.
    """
    return assemble(find_rows(path, data, progress), data.bad_files, progress)


def find_rows(path: Path, data: DataConfig, progress: Progress | None = None, *, with_pictures: bool = True) -> Found:
    """The rows of `load_huggingface` before they are checked.

    Args:
        path: see `load_huggingface`.
        data: likewise.
        progress: likewise.
        with_pictures: whether to find out where each picture is, for which those of Parquet files are copied; else
            rows of pictures have their ids as inputs.
    """
    parts, notes = find_parts(path)
    schema = schema_of(parts[0].files[0])
    features = features_of(schema)
    columns = choose_columns(list(schema.names), with_typed_columns(data, features), path)
    found = Found(kind="text" if columns.text else "image-file", noun="rows", notes=[*notes, *columns.notes])
    names = _class_names(features, columns.label)
    light = [columns.label, *filter(None, (columns.group, columns.text))]
    if len(parts) == 1 and not parts[0].split and "split" in schema.names and "split" not in light:
        light.append("split")
    rows = [row for part in parts for row in _rows(part, columns, light, names)]
    if columns.image and with_pictures:
        _put_inputs(rows, parts, columns.image, found, progress)
    elif columns.image:
        for row in rows:
            row.values[columns.image] = row.id
    _take_rows(rows, path, columns, found)
    if not columns.image:
        make_ids_unique(found)
    require_rows(found, repr(str(path)))
    labels = {row.label for row in found.rows}
    found.class_names = [name for name in names if name in labels] if names else sorted_labels(labels)
    return found


class _HeldRow:
    """A row while it is put together: where it stands, its split, its values, and the picture's input."""

    __slots__ = ("id", "place", "split", "values")

    def __init__(self, place: str, identifier: str, split: str, values: dict[str, Any]) -> None:
        self.place = place
        self.id = identifier
        self.split = split
        self.values = values


def with_typed_columns(data: DataConfig, features: dict[str, Any]) -> DataConfig:
    """The config with columns whose kind the data set itself tells, where it tells of one only."""
    kinds: dict[str, list[str]] = {"Image": [], "ClassLabel": []}
    for name, feature in features.items():
        if isinstance(feature, dict) and feature.get("_type") in kinds:
            kinds[feature["_type"]].append(name)
    told = {}
    if data.image_column is None and data.text_column is None and len(kinds["Image"]) == 1:
        told["image_column"] = kinds["Image"][0]
    if data.label_column is None and len(kinds["ClassLabel"]) == 1:
        told["label_column"] = kinds["ClassLabel"][0]
    return data.model_copy(update=told)


def _class_names(features: dict[str, Any], label: str) -> list[str]:
    feature = features.get(label)
    names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
    return [normal_form(str(name)) for name in names] if isinstance(names, list) else []


def _rows(part: Part, columns: Columns, light: list[str], names: list[str]) -> Iterator[_HeldRow]:
    count = 0
    for file in part.files:
        missing = [name for name in light if name not in schema_of(file).names]
        if missing:
            raise DataError(f"Expected the column {missing[0]!r} in every file. Received: {str(file)!r} without it.")
        for number, values in enumerate(read_columns(file, light), 1):
            label = values[columns.label]
            if names and (label is None or isinstance(label, int)):
                # Rows without a label have the number -1.
                values[columns.label] = names[label] if label is not None and 0 <= label < len(names) else None
            yield _HeldRow(f"{file.name} row {number}", f"{part.split or 'row'}/{count:06d}", part.split, values)
            count += 1


def _put_inputs(rows: list[_HeldRow], parts: list[Part], column: str, found: Found, progress: Progress | None) -> None:
    """Say of each row where its picture is, in the place of what the column holds."""
    inputs: list[str | None] = []
    copied = 0
    files = [file for part in parts for file in part.files]
    for file in files:
        _check_pictures(file, column)
    if is_text_type(schema_of(files[0]).field(column).type):
        for file in files:
            named = [row[column] for row in read_columns(file, [column])]
            inputs += [path_beside(file, value) if value else None for value in named]
    else:
        in_place = {file: picture_inputs(file, column, file) for file in files if file.suffix.lower() != ".parquet"}
        others = [file for file in files if in_place.get(file) is None]
        copies, copied = arrow_copies(others, column, progress) if others else ([], 0)
        by_file = dict(zip(others, copies, strict=True))
        for file in files:
            own = in_place.get(file)
            inputs += own if own is not None else picture_inputs(by_file[file], column, file) or []
    if copied:
        from ftsuite.assets import home

        found.notes.append(
            f"Read pictures of compressed files from copies of {copied / 2**20:,.1f} MiB in the cache "
            f"({str(home() / 'huggingface')!r}), which may be deleted at any time."
        )
    for row, value in zip(rows, inputs, strict=True):
        row.values[column] = value


def _check_pictures(file: Path, column: str) -> None:
    schema = schema_of(file)
    kind = schema.field(column).type if column in schema.names else None
    if kind is None or not (is_picture_type(kind) or is_text_type(kind)):
        raise DataError(
            f"Expected pictures in column {column!r} of {str(file)!r}: bytes, a path, or both. "
            f"Received: {'no such column' if kind is None else str(kind)[:100]}.",
            "Set data.image_column to the column of the pictures, or data.text_column to that of the texts.",
        )


def _take_rows(rows: list[_HeldRow], path: Path, columns: Columns, found: Found) -> None:
    """Move rows into `found`, those that cannot be used with their reasons."""
    names = list(rows[0].values) if rows else []
    table = Table(names, [(number, row.values) for number, row in enumerate(rows, 1)], "row")
    found.has_splits = any(row.split for row in rows)
    splits = None if found.has_splits else official_splits(table, found)
    found.has_splits = found.has_splits or splits is not None
    stripped = 0
    for position, row in enumerate(rows):
        split = splits[position] if splits is not None else row.split
        problem, taken, changed = read_row(path, columns, row.values, split)
        stripped += changed
        if taken is None:
            found.bad.append(BadFile(row.place, problem))
        elif columns.image:
            found.rows.append(Row(row.id, row.values[columns.image], taken.label, split, taken.group))
        else:
            found.rows.append(taken)
    if stripped:
        found.notes.append(f"Took {stripped:,} labels without the spaces around them.")
