"""From what a source found to checked `Examples`: pictures scanned, bad files answered for, classes in
order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Collected, Examples
from ftsuite.data.columns import HashColumn, StringColumn, compact_paths
from ftsuite.data.image_files import BadFile, ImageInfo, bad_files_error
from ftsuite.data.same_texts import same_texts
from ftsuite.data.scan_cache import scan_kept
from ftsuite.data.scans import TINY_PIXELS, Scans
from ftsuite.data.sources.classes import are_values, check_classes
from ftsuite.data.sources.found import COLLECT, Found, Row, listed
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Progress

_SHOWN = 20


def assemble(found: Found, bad_files: str, progress: Progress | None = None) -> Examples:
    """Scan pictures, apply ``data.bad_files``, check classes and put the columns together.

    Args:
        found: what the source found.
        bad_files: ``error``, ``skip`` or `COLLECT`.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        DataError: unusable files under ``error``, fewer than two classes, empty classes, no rows.
    """
    scans = _scan_rows(found, progress) if found.kind == "image-file" else None
    return _assembled(found, scans, bad_files)


def assemble_scanned(found: Found, infos: Mapping[str, ImageInfo], bad_files: str) -> Examples:
    """`assemble` for pictures whose scan is known already: `infos` maps a row's id to it."""
    scans = Scans(infos[row.id] for row in found.rows) if found.kind == "image-file" else None
    return _assembled(found, scans, bad_files)


def _assembled(found: Found, scans: Scans | None, bad_files: str) -> Examples:
    """The columns of the rows, which `scans` goes with where they are pictures."""
    answer_for_bad_files(found, bad_files)
    check_classes(found, bad_files)
    label_of = {name: index for index, name in enumerate(found.class_names)}
    rows = found.rows
    hashes = scans.content_hashes if scans is not None else HashColumn.of(_text_hash(row.input) for row in rows)
    ids = StringColumn.of(row.id for row in rows)
    labels = np.fromiter((label_of[row.label] for row in rows), np.int64, len(rows))
    splits = np.asarray([row.split for row in rows], dtype=np.str_) if found.has_splits else None
    notes = [*found.notes, *_tiny_note(scans)]
    if bad_files != COLLECT:
        notes += content_notes(hashes, labels, splits)
    return Examples(
        ids=ids,
        # A text takes what its letters take anyway, and is wanted as a string; a path mostly repeats the id.
        inputs=compact_paths(ids, [row.input for row in rows]) if scans else tuple(row.input for row in rows),
        labels=labels,
        class_names=tuple(found.class_names),
        content_hashes=hashes,
        kind=found.kind,
        splits=splits,
        groups=_groups(rows),
        decoders=scans.decoders if scans else None,
        notes=tuple(notes),
        collected=collected(found) if bad_files == COLLECT else None,
    )


def collected(found: Found) -> Collected:
    """What would have stopped a run, of a source that was loaded under `COLLECT`."""
    bad = tuple((_utf8(entry.id or entry.path), _utf8(entry.path), entry.reason) for entry in found.bad)
    return Collected(bad, tuple(found.refusals))


def _utf8(name: str) -> str:
    """A file's name as every file can hold it: what is not UTF-8 in it as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def content_notes(hashes: Sequence[str], labels: np.ndarray, splits: np.ndarray | None) -> list[str]:
    """Sentences on equal contents: how many, under how many classes, in which official splits."""
    return [*_conflict_notes(hashes, labels), *shared_notes(hashes, splits)]


def answer_for_bad_files(found: Found, bad_files: str) -> None:
    """Raise for bad files under ``error``; under ``skip`` note them.

    Raises:
        DataError: every bad file with its reason.
    """
    if not found.bad or bad_files == COLLECT:
        return
    total = len(found.bad) + len(found.rows)
    if bad_files != "skip":
        raise bad_files_error(found.bad, total, found.noun)
    shown = "; ".join(f"{entry.path} {entry.reason}" for entry in found.bad[:_SHOWN])
    more = f"; and {len(found.bad) - _SHOWN:,} more" if len(found.bad) > _SHOWN else ""
    found.notes.append(f"Left out {len(found.bad):,} of {total:,} {found.noun} (data.bad_files: skip): {shown}{more}.")


def shared_notes(hashes: Sequence[str], splits: np.ndarray | None) -> list[str]:
    """A sentence for each pair of official splits that share contents: such figures are too good."""
    if splits is None:
        return []
    same = same_texts(hashes)
    held = {}
    for split in ("train", "validation", "test"):
        held[split] = np.zeros(same.count, dtype=bool)
        held[split][same.numbers[splits == split]] = True
    notes = []
    for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
        count = int((held[one] & held[other]).sum())
        if count:
            notes.append(
                f"The official {one} and {other} splits share {count:,} identical "
                f"{'content' if count == 1 else 'contents'}."
            )
    return notes


def _scan_rows(found: Found, progress: Progress | None) -> Scans:
    """Scan every row's picture; rows that cannot be used move to `found.bad`."""
    kept: list[Row] = []
    scans = Scans()
    for row, entry in zip(found.rows, scan_kept([row.input for row in found.rows], progress), strict=True):
        if isinstance(entry, BadFile):
            found.bad.append(replace(entry, id=row.id))
        else:
            kept.append(row)
            scans.add(entry)
    found.rows[:] = kept
    return scans


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _groups(rows: list[Row]) -> Sequence[str] | None:
    if all(row.group is None for row in rows):
        return None
    # A row without a group is a group of its own; the prefix keeps it from meeting a group of that name.
    return StringColumn.of(f"\x00{row.id}" if row.group is None else row.group for row in rows)


def _tiny_note(scans: Scans | None) -> list[str]:
    if scans is None or not scans.tiny_count:
        return []
    verb = "picture is" if scans.tiny_count == 1 else "pictures are"
    more = f" and {scans.tiny_count - len(scans.tiny):,} more" if scans.tiny_count > len(scans.tiny) else ""
    return [
        f"{scans.tiny_count:,} {verb} less than {TINY_PIXELS} pixels high or wide and taken as found: "
        f"{listed(scans.tiny)}{more}."
    ]


def _conflict_notes(hashes: Sequence[str], labels: np.ndarray) -> list[str]:
    same = same_texts(hashes)
    conflicting = len(np.unique(same.numbers[labels != labels[same.firsts][same.numbers]]))
    repeated = len(hashes) - same.count
    notes = []
    if repeated:
        notes.append(f"{repeated:,} of {len(hashes):,} examples repeat another one's content exactly.")
    if conflicting:
        what = "label" if are_values() else "class"
        notes.append(f"{conflicting:,} identical contents stand under more than one {what}.")
    return notes


def require_rows(found: Found, what: str) -> None:
    """Raise where a source holds nothing at all.

    Raises:
        DataError: no rows and nothing bad.
    """
    if not found.rows and not found.bad:
        raise DataError(f"Expected labelled examples. Received: {what}, which holds none.")
