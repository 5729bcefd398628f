"""From the rows that a source found to a look: classes counted, what cannot be used set aside."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ftsuite.data.image_files import BadFile, bad_files_error
from ftsuite.data.looks.look import Look
from ftsuite.data.looks.pictures import evenly, look_at_pictures
from ftsuite.data.looks.texts import look_at_texts
from ftsuite.data.sources.classes import check_classes
from ftsuite.data.sources.found import Found, Row
from ftsuite.errors import DataError

_TEXTS = 1000
# Of a class so many are needed, for one in each split.
_FEWEST = 3


def look_at_rows(found: Found, look: Look, *, open_pictures: bool = True) -> Look:
    """Fill a look with what the rows tell.

    Args:
        found: of a source; rows that cannot be used are moved to `found.bad`.
        look: with what the source itself tells.
        open_pictures: whether the rows' inputs say where pictures are.

    Raises:
        DataError: hardly anything can be used, or there are no two classes to learn.
    """
    total = len(found.rows) + len(found.bad)
    pictures, texts = None, None
    if found.kind == "text":
        texts = look_at_texts([row.input for row in evenly(found.rows, _TEXTS)])
    elif open_pictures:
        pictures, reasons = look_at_pictures(found.rows)
        found.bad.extend(BadFile(row.id, reasons[row.id], row.id) for row in found.rows if row.id in reasons)
        found.rows[:] = [row for row in found.rows if row.id not in reasons]
    if found.bad and 2 * len(found.bad) >= total:
        raise _hardly_any(found, total)
    named = {row.label for row in found.rows}
    empty = tuple(name for name in found.class_names if name not in named)
    skips = bool(found.bad or empty)
    check_classes(found, "skip" if skips else "error")
    repeated, shared = _repeated(found.rows) if found.kind == "text" else (0, 0)
    filled = replace(
        look,
        modality="text" if found.kind == "text" else "image",
        class_names=tuple(found.class_names),
        counts=_counts(found.rows),
        bad=tuple((one.path, one.reason) for one in found.bad),
        skips=skips,
        empty=empty,
        pictures=pictures or look.pictures,
        texts=texts,
        notes=(*look.notes, *found.notes),
        repeated=repeated,
        shared=shared,
    )
    require_enough(filled)
    return filled


def _hardly_any(found: Found, total: int) -> DataError:
    error = bad_files_error(found.bad, total, found.noun)
    if found.kind != "text" and all("(text)" in one.reason for one in found.bad):
        return DataError(error.message, "Texts are read from tables: write them with their classes as csv: or jsonl:.")
    return DataError(error.message, f"Mend or delete them: too few of the {found.noun} can be used to begin with.")


def require_enough(look: Look) -> None:
    """Refuse data of which no split can be made.

    Raises:
        DataError: every class has fewer than three examples.
    """
    most = max(look.trainable.values(), default=0)
    if most < _FEWEST and not {"validation", "test"} <= set(look.counts):
        raise DataError(
            f"Expected a class with at least {_FEWEST} examples, for training, validation and test. "
            f"Received: {look.total:,} examples in {len(look.class_names):,} classes, at most {most} in one.",
            "Add examples" + (", or name another column of classes: --label-column NAME." if look.columns else "."),
        )


def _counts(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.split][row.label] += 1
    return {split: counts[split] for split in ("", "train", "validation", "test") if split in counts}


def _repeated(rows: Sequence[Row]) -> tuple[int, int]:
    """How many rows repeat another one's content, and how many contents stand in several official splits."""
    splits: dict[bytes, set[str]] = defaultdict(set)
    for row in rows:
        splits[hashlib.sha256(row.input.encode()).digest()].add(row.split or "train")
    return len(rows) - len(splits), sum(len(own) > 1 for own in splits.values())
