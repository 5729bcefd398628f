"""The manifest of a cleaned data set: which examples are used and under which labels, a row an example.

``ftsuite data audit --fix`` writes it and ``data.manifest`` reads it; in between a person may edit it. It is held to
the data strictly: a row must name an example that is there, with the content that it had when the row was written. An
example without a row was never looked at, and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.config.words import nearest, shorten
from ftsuite.data.sources.assemble import content_notes
from ftsuite.data.sources.classes import check_class_counts
from ftsuite.data.sources.found import Found, listed
from ftsuite.data.sources.table_files import read_table
from ftsuite.data.text_stream import StreamColumn
from ftsuite.errors import DataError

KEEP, LEAVE_OUT, RELABEL = "keep", "leave out", "relabel"
ACTIONS = (KEEP, LEAVE_OUT, RELABEL)
REQUIRED_COLUMNS = ("id", "content_hash", "action", "label")
COLUMNS = (*REQUIRED_COLUMNS, "suggested_label", "reason")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row.

    Attributes:
        line: where it stands, counted from 1.
        id: of the example.
        content_hash: sha256 of its content when the row was written; empty for a file that could not be read then.
        action: one of `ACTIONS`.
        label: the class that it has under ``keep``.
        suggested_label: the class that it has under ``relabel``.
    """

    line: int
    id: str
    content_hash: str
    action: str
    label: str
    suggested_label: str

    @property
    def wanted_label(self) -> str:
        """The class that the row gives its example."""
        return self.suggested_label if self.action == RELABEL else self.label

    @property
    def label_column(self) -> str:
        """The column of `wanted_label`."""
        return "suggested_label" if self.action == RELABEL else "label"


def apply_manifest(examples: Examples, path: Path, *, classifies: bool = True) -> Examples:
    """The examples that a manifest keeps, under its labels, in their order.

    Args:
        examples: all of a source, loaded under `ftsuite.data.sources.found.COLLECT`, with the classes of its task.
        path: of the manifest, a CSV.
        classifies: whether there must be classes to tell apart.

    Raises:
        DataError: the file is missing or malformed, or rows do not fit the examples; names every row by its line.
            Or what is kept holds fewer than two classes, or a class without training examples.
    """
    rows = read_manifest(path)
    problems: list[str] = []
    place = {identifier: position for position, identifier in enumerate(examples.ids)}
    bad = {identifier: reason for identifier, _, reason in examples.collected.bad_files} if examples.collected else {}
    labels = np.array(examples.labels)
    label_of = {name: index for index, name in enumerate(examples.class_names)}
    kept: list[int] = []
    for row in rows:
        position = place.get(row.id)
        problem = _problem(row, position, examples, bad, label_of)
        if problem:
            problems.append(f"{path.name}:{row.line}: {problem}")
        elif row.action != LEAVE_OUT and position is not None:
            if examples.targets is None:
                labels[position] = label_of[row.wanted_label]
            kept.append(position)
    if problems:
        raise _misfit(path, problems, len(rows))
    if not kept:
        raise DataError(
            f"Expected a manifest that keeps examples. Received: {path}, whose {len(rows):,} rows leave out all.",
            "Write `keep` as the action of those to train on.",
        )
    changed = int(np.count_nonzero(labels != examples.labels))
    notes = _notes(path, rows, changed, (set(place) | set(bad)) - {row.id for row in rows})
    left = replace(examples, labels=labels).take(sorted(kept))
    return _settled(left, notes) if classifies else replace(left, notes=(*left.notes, *notes), collected=None)


def read_manifest(path: Path) -> list[ManifestRow]:
    """The rows of a manifest.

    Raises:
        DataError: no such file, no CSV, columns that are unknown or missing, or an unknown action, an empty cell or an
            id that stands twice; names every row by its line.
    """
    if not path.is_file():
        raise DataError(
            f"Expected data.manifest to be a file that exists. Received: {str(path)!r}",
            "`ftsuite data audit CONFIG --fix` writes one into its folder.",
        )
    table = read_table(path, "csv")
    _check_columns(path, table.names)
    rows = [_row(line, values) for line, values in table.rows]
    seen: Counter[str] = Counter()
    problems = []
    for row in rows:
        seen[row.id] += 1
        reason = _malformed(row) or (f"the id {row.id!r} stands here again" if seen[row.id] > 1 else "")
        if reason:
            problems.append(f"{path.name}:{row.line}: {reason}")
    if problems:
        raise _misfit(path, problems, len(rows))
    return rows


def _row(line: int, values: dict[str, Any]) -> ManifestRow:
    # Ids and labels keep their spaces: the name of a file or a folder may begin or end with one.
    identifier, content, action, label, suggested = (
        str(values.get(name) or "") for name in ("id", "content_hash", "action", "label", "suggested_label")
    )
    action = " ".join(action.lower().replace("_", " ").replace("-", " ").split())
    return ManifestRow(line, identifier, content.strip(), action, label, suggested)


def _check_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    said = []
    if missing:
        said.append(f"no {listed(missing)}")
    for name in unknown:
        near = nearest(name, COLUMNS)
        said.append(f"the unknown {name!r}" + (f" (did you mean {near!r}?)" if near else ""))
    if said:
        raise DataError(
            f"Expected a manifest with the columns {', '.join(COLUMNS)}. "
            f"Received: {path.name}:1 with {', '.join(said)}.",
            "Name the columns as `ftsuite data audit --fix` wrote them.",
        )


def _malformed(row: ManifestRow) -> str:
    if not row.id:
        return "the id is empty"
    if row.action not in ACTIONS:
        near = nearest(row.action, ACTIONS)
        return f"the action {shorten(row.action)} is none of {', '.join(ACTIONS)}" + (
            f" (did you mean {near!r}?)" if near else ""
        )
    if row.action != LEAVE_OUT and not row.wanted_label:
        return f"the action is {row.action!r}, and {row.label_column} is empty"
    return ""


def _problem(
    row: ManifestRow, position: int | None, examples: Examples, bad: dict[str, str], label_of: dict[str, int]
) -> str:
    """Why a row does not fit the data; empty where it does."""
    if position is None:
        if row.id not in bad:
            return f"there is no example {row.id!r} any more"
        return "" if row.action == LEAVE_OUT else f"{row.id!r} cannot be used any more: it {bad[row.id]}"
    content = examples.content_hashes[position]
    if row.content_hash != content:
        before = f"{row.content_hash[:12]}… then" if row.content_hash else "unreadable then"
        return f"the content of {row.id!r} has changed ({before}, {content[:12]}… now)"
    if examples.targets is not None:
        # What stands as its label is what splits are stratified by, and what is learnt stands in the source alone.
        return f"the action is {RELABEL!r}, and this task has no classes" if row.action == RELABEL else ""
    if row.action != LEAVE_OUT and row.wanted_label not in label_of:
        near = nearest(row.wanted_label, label_of)
        return f"{row.label_column} is {row.wanted_label!r}, which is no class of this data" + (
            f" (did you mean {near!r}?)" if near else ""
        )
    return ""


def _misfit(path: Path, problems: list[str], total: int) -> DataError:
    shown = [f"  {problem}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"  … and {len(problems) - _SHOWN:,} more")
    return DataError(
        f"Expected a manifest that fits the data. Received: {str(path)!r}, of whose {total:,} rows {len(problems):,} "
        "do not:\n" + "\n".join(shown),
        "Mend these rows or the data, or audit the data again: ftsuite data audit CONFIG --fix",
    )


def _notes(path: Path, rows: list[ManifestRow], changed: int, unlisted: set[str]) -> list[str]:
    left_out = sum(row.action == LEAVE_OUT for row in rows)
    notes = [
        f"data.manifest ({path.name}): {len(rows) - left_out:,} examples are kept, {left_out:,} left out, and "
        f"{changed:,} have another label than in the source."
    ]
    if unlisted:
        notes.append(
            f"data.manifest ({path.name}) has no row for {len(unlisted):,} of the source's examples, which were never "
            f"audited and are left out: {listed(sorted(unlisted), 5)}. To use them, audit the source again with --fix."
        )
    return notes


def _settled(examples: Examples, notes: list[str]) -> Examples:
    """Check classes as a run does, and drop those that the manifest left empty."""
    # What was said of the official splits was of examples that the manifest leaves out, too.
    still = [note for note in examples.notes if not note.startswith("The official ")]
    found = Found(kind=examples.kind, class_names=list(examples.class_names), notes=[*still, *notes])
    names = np.asarray(examples.class_names, dtype=object)
    splits = [""] * len(examples) if examples.splits is None else examples.splits.tolist()
    by_split: dict[str, Counter[str]] = {split: Counter() for split in set(splits)}
    for split, name in zip(splits, names[examples.labels], strict=True):
        by_split[split][name] += 1
    check_class_counts(found, by_split, "skip")
    renumber = np.asarray([found.class_names.index(n) if n in found.class_names else -1 for n in examples.class_names])
    labels = renumber[examples.labels].astype(np.int64)
    # Of examples that stay on the disk the contents are not held to be compared.
    streamed = isinstance(examples.content_hashes, StreamColumn)
    contents = [] if streamed else content_notes(examples.content_hashes, labels, examples.splits)
    said = [*found.notes, *contents]
    # Loading has said some of it before.
    said = list(dict.fromkeys(said))
    return replace(examples, labels=labels, class_names=tuple(found.class_names), notes=tuple(said), collected=None)
