"""``csv:``, ``jsonl:`` and ``parquet:``: a row an example, with a label and either a picture's path or a
text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.data.image_files import BadFile
from ftsuite.data.sources.assemble import assemble, require_rows
from ftsuite.data.sources.columns import Columns, choose_columns
from ftsuite.data.sources.folder import SPLIT_NAMES
from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.labels import label_text, sorted_labels
from ftsuite.data.sources.parsing import expand_home, nearby_advice
from ftsuite.data.sources.table_files import Table, read_table
from ftsuite.data.sources.table_times import RowTimes, refuse_two_splits
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress
    from ftsuite.config import DataConfig


def load_table(path: Path, kind: str, data: DataConfig, progress: Progress | None = None) -> Examples:
    """Examples of a table; pictures' paths are relative to the table's own folder.

    A column named ``split`` that holds nothing but split names gives the official splits. Labels may be
    texts, whole numbers or booleans; classes are sorted, numbers by value.

    Args:
        path: the file.
        kind: csv, jsonl or parquet.
        data: the config's ``data`` section: columns and ``bad_files``.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        ConfigError: a column that is not there, or cannot be chosen.
        DataError: the file is missing or malformed, or rows, pictures or classes are bad.
    """
    require_file(path, kind)
    table = read_table(path, kind)
    columns = choose_columns(table.names, data, path)
    found = Found(kind="text" if columns.text else "image-file", noun="rows", notes=[*table.notes, *columns.notes])
    splits = official_splits(table, found)
    found.has_splits = splits is not None
    refuse_two_splits(found, columns.time)
    times = RowTimes(columns.time)
    stripped = 0
    for position, (line, values) in enumerate(table.rows):
        place = f"{path.name} {table.line_word} {line}"
        problem, row, changed = read_row(path, columns, values, splits[position] if splits else "")
        stripped += changed
        problem = problem or times.take(values, place)
        if row is None or problem:
            found.bad.append(BadFile(place, problem))
        else:
            found.rows.append(row)
    if stripped:
        found.notes.append(f"Took {stripped:,} labels without the spaces around them.")
    make_ids_unique(found)
    require_rows(found, repr(str(path)))
    found.class_names = sorted_labels({row.label for row in found.rows})
    times_at = times.by_id(found)
    return times.given_to(assemble(found, data.bad_files, progress), times_at)


def require_file(path: Path, kind: str) -> None:
    """Refuse what is no file.

    Raises:
        DataError: with the nearest name there is.
    """
    if not path.is_file():
        advice = "For class folders write folder:PATH." if path.is_dir() else nearby_advice(path)
        raise DataError(f"Expected a {kind} file that exists. Received: {str(path)!r}", advice)


def read_row(path: Path, columns: Columns, values: dict[str, Any], split: str) -> tuple[str, Row | None, bool]:
    """A reason and no row, or a row, and whether its label was stripped."""
    label, changed = label_text(values.get(columns.label), path, columns.label)
    if not label:
        return f"has no label in column {columns.label!r}", None, False
    group = values.get(columns.group) if columns.group else None
    group_text = None if group is None or group == "" else str(group)
    column = columns.text or columns.image
    value = values.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"is empty in column {column!r}", None, changed
    if not isinstance(value, str):
        return f"holds {type(value).__name__} and no text in column {column!r}", None, changed
    # None of these could be written into a file of the run.
    for name, text in ((columns.text, value), (columns.label, label), (columns.group, group_text or "")):
        if name and not _is_whole(text):
            return f"holds half a character (a lone surrogate) in column {name!r}", None, changed
    if columns.text:
        identifier = hashlib.sha256(value.encode("utf-8")).hexdigest()[:16]
        return "", Row(identifier, value, label, split, group_text), changed
    if "://" in value:
        return f"names a web address and no file: {value}", None, changed
    picture = path.parent / expand_home(value.strip())
    return "", Row(value.strip(), str(picture), label, split, group_text), changed


def _is_whole(text: str) -> bool:
    """Whether a text can be written in UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def official_splits(table: Table, found: Found) -> list[str] | None:
    """The split of each row by the column ``split``, empty for none; None, with a note, where it holds other values."""
    if "split" not in table.names:
        return None
    names = [split_name(values) for _, values in table.rows]
    unknown = sorted({name for name in names if name and name not in SPLIT_NAMES})
    if unknown or not any(names):
        found.notes.append(unused_split_note(unknown[0] if unknown else ""))
        return None
    splits = [SPLIT_NAMES.get(name, "") for name in names]
    found.notes.append(used_split_note(Counter(splits)))
    return splits


def split_name(values: dict[str, Any]) -> str:
    """What a row's column ``split`` says, in small letters."""
    return str(values.get("split") or "").strip().lower()


def unused_split_note(unknown: str) -> str:
    """A sentence on a column ``split`` that holds something else, such as `unknown`."""
    return "The column 'split' was not used: it holds other values than train, validation and test" + (
        f", such as {unknown!r}." if unknown else "."
    )


def used_split_note(counts: Mapping[str, int]) -> str:
    """A sentence on the official splits, by their names (empty for rows without one)."""
    shown = sorted((split or "none", count) for split, count in counts.items())
    return "The column 'split' gives the official splits: " + ", ".join(f"{n:,} {split}" for split, n in shown) + "."


def make_ids_unique(found: Found) -> None:
    """Number the second and later rows of one id, in the order in which they stand."""
    seen: Counter[str] = Counter()
    taken = {row.id for row in found.rows}
    for index, row in enumerate(found.rows):
        seen[row.id] += 1
        if seen[row.id] == 1:
            continue
        while (identifier := f"{row.id}#{seen[row.id]}") in taken:
            seen[row.id] += 1
        taken.add(identifier)
        found.rows[index] = replace(row, id=identifier)
