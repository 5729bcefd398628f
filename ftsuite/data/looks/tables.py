"""A look at tables: csv, JSON lines, Parquet, and what Hugging Face's datasets saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ftsuite.config import DataConfig
from ftsuite.data.image_files import BadFile
from ftsuite.data.looks.columns import Chosen, Profile, choose, hints_of, profiles_of
from ftsuite.data.looks.look import Hint, Look, PictureLook, Wanted
from ftsuite.data.looks.pictures import look_at_encoded
from ftsuite.data.looks.rows import look_at_rows
from ftsuite.data.sources.arrow_files import batches_of, features_of, is_picture_type, read_columns, schema_of
from ftsuite.data.sources.assemble import require_rows
from ftsuite.data.sources.columns import Columns
from ftsuite.data.sources.found import Found
from ftsuite.data.sources.huggingface import find_rows, with_typed_columns
from ftsuite.data.sources.huggingface_files import find_parts
from ftsuite.data.sources.labels import sorted_labels
from ftsuite.data.sources.table import make_ids_unique, official_splits, read_row, require_file
from ftsuite.data.sources.table_files import Table, read_table

_PROFILED, _PICTURES = 2000, 40


def look_at_table(path: Path, kind: str, wanted: Wanted) -> Look:
    """A table in one file, which is read whole.

    Raises:
        ConfigError: no column that could be meant, or a named one that is not there.
        DataError: missing, malformed, or without classes.
    """
    require_file(path, kind)
    table = read_table(path, kind)
    step = max(len(table.rows) // _PROFILED, 1)
    profiles = profiles_of(table.names, [values for _, values in table.rows[::step]])
    chosen = choose(profiles, wanted, repr(str(path)))
    found = _rows(table, chosen, path)
    look = _told(kind, chosen, found, profiles)
    return look_at_rows(found, replace(look, notes=tuple(table.notes)))


def look_at_huggingface(path: Path, wanted: Wanted) -> Look:
    """A folder that Hugging Face's datasets saved, or Parquet files with pictures inside.

    Raises:
        ConfigError: as `look_at_table`.
        DataError: likewise.
    """
    parts, _ = find_parts(path)
    first = parts[0].files[0]
    schema = schema_of(first)
    features = features_of(schema)
    held = [name for name in schema.names if is_picture_type(schema.field(name).type)]
    names = [name for name in schema.names if name not in held]
    rows = list(islice(read_columns(first, names), _PROFILED)) if names else []
    profiles = [*profiles_of(names, rows), *(_of_pictures(name, len(rows)) for name in held)]
    data = with_typed_columns(_settings(path, wanted, held), features)
    typed = Wanted(data.image_column or data.text_column, data.label_column)
    chosen = choose(profiles, typed, repr(str(path)))
    columns = _columns(chosen)
    found = find_rows(path, data.model_copy(update={**dict.fromkeys(_KEYS), **columns}), with_pictures=False)
    pictures = _pictures(first, chosen.image) if chosen.image in held else None
    look = replace(_told("huggingface", chosen, found, profiles), pictures=pictures)
    return look_at_rows(found, look, open_pictures=False)


_KEYS = ("image_column", "text_column", "label_column")


def _settings(path: Path, wanted: Wanted, held: list[str]) -> DataConfig:
    """The config's section with the columns that are named, or of pictures where there is one."""
    image = wanted.input_column if wanted.input_column in held else None
    if wanted.input_column is None and len(held) == 1:
        image = held[0]
    text = wanted.input_column if image is None else None
    return DataConfig(
        source=f"huggingface:{path}", image_column=image, text_column=text, label_column=wanted.label_column
    )


def _of_pictures(name: str, rows: int) -> Profile:
    return Profile(name, rows, rows, 0.0, 0.0, paths=1.0, fractions=True, times=False, numbers=False)


def _pictures(file: Path, column: str) -> PictureLook | None:
    contents = []
    for value in islice(_values(file, column), _PICTURES):
        data = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(data, bytes):
            contents.append(data)
    return look_at_encoded(contents)


def _values(file: Path, column: str) -> Iterator[Any]:
    for batch in batches_of(file, [column]):
        yield from batch.column(0).slice(0, _PICTURES).to_pylist()


def _columns(chosen: Chosen) -> dict[str, str]:
    named = {"image_column": chosen.image, "text_column": chosen.text, "label_column": chosen.label}
    return {key: name for key, name in named.items() if name}


def _told(kind: str, chosen: Chosen, found: Found, profiles: list[Profile]) -> Look:
    hints: tuple[Hint, ...] = hints_of(profiles, chosen, len(found.class_names))
    if kind == "huggingface" or found.has_splits:
        hints = tuple(hint for hint in hints if hint.key != "time_column")
    return Look(
        kind=kind,
        modality="image" if chosen.image else "text",
        class_names=(),
        counts={},
        columns=_columns(chosen),
        columns_by_content=chosen.by_content,
        other_labels=chosen.other_labels,
        hints=hints,
    )


def _rows(table: Table, chosen: Chosen, path: Path) -> Found:
    """The rows as a run would read them."""
    found = Found(kind="text" if chosen.text else "image-file", noun="rows")
    splits = official_splits(table, found)
    found.has_splits = splits is not None
    columns = Columns(label=chosen.label, image=chosen.image, text=chosen.text, group="")
    for position, (line, values) in enumerate(table.rows):
        problem, row, _ = read_row(path, columns, values, splits[position] if splits else "")
        if row is None:
            found.bad.append(BadFile(f"{path.name} {table.line_word} {line}", problem))
        else:
            found.rows.append(row)
    make_ids_unique(found)
    require_rows(found, repr(str(path)))
    found.class_names = sorted_labels({row.label for row in found.rows})
    return found
