"""Exact copies: the same content several times, within a split, across splits and under different labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ftsuite.api import Examples, Progress
from ftsuite.data.audit.copy_findings import in_order, left_of_splits, named, noun_of
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.data.audit.pixel_hashes import pixel_hashes


def check_exact_copies(
    examples: Examples, splits: np.ndarray, progress: Progress | None = None, *, pixels: bool = True
) -> list[Finding]:
    """Find examples with exactly the same content.

    Texts are the same where every character is. Pictures are the same where their files have the same bytes, and, with
    `pixels`, also where they decode to the same upright 8-bit RGB pixels: the same photo as PNG and as BMP, with and
    without EXIF, rotated by EXIF and rotated for good. A JPEG that was compressed once more has other pixels: it is a
    near duplicate.

    Args:
        examples: any kind; pictures that the field guide draws are compared by their content hash.
        splits: ``(n,)`` of train, validation and test.
        progress: called as (label, pictures done, in all) while pixels are read.
        pixels: decode every picture in full, about 800 of 227 pixels a second on two cores; without it only content
            hashes are compared, which are there already.

    Returns:
        At most one finding each on copies across splits (an error; the copies outside the test are left out, of
        validation and training those in training), within a split (a warning; all but the first are left out) and under
        different labels (a warning; all are left out). Contents with different labels are not told as within a split.
    """
    if pixels and examples.kind == "image-file":
        keys: Sequence[str] = pixel_hashes(examples.inputs, examples.content_hashes, progress)
    else:
        keys = examples.content_hashes
    places: dict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        places[key].append(position)
    copies = [in_order(positions, splits) for positions in places.values() if len(positions) > 1]
    found = (_across(examples, splits, copies), _within(examples, splits, copies), _conflicts(examples, splits, copies))
    return [finding for finding in found if finding is not None]


def _across(examples: Examples, splits: np.ndarray, copies: Sequence[tuple[int, ...]]) -> Finding | None:
    flagged = [
        Flagged(positions, _detail(examples, splits, positions), 1.0, leave_out=left_of_splits(positions, splits))
        for positions in copies
        if len(set(splits[list(positions)].tolist())) > 1
    ]
    return _finding(
        examples,
        flagged,
        "exact-copies-across-splits",
        "have exactly the content of one in another split: figures become too good.",
        "Leave out the copies outside the test split, or set `data.duplicates: drop`.",
    )


def _within(examples: Examples, splits: np.ndarray, copies: Sequence[tuple[int, ...]]) -> Finding | None:
    flagged = []
    for positions in copies:
        by_split: dict[str, list[int]] = defaultdict(list)
        for position in positions:
            by_split[str(splits[position])].append(position)
        for same in by_split.values():
            if len(same) > 1 and not _disagree(examples, positions):
                flagged.append(Flagged(tuple(same), _detail(examples, splits, same), 1.0, leave_out=tuple(same[1:])))
    return _finding(
        examples,
        flagged,
        "exact-copies-within-splits",
        "have exactly the content of another one in the same split: they count several times.",
        "Keep one of each, or set `data.duplicates: drop`.",
    )


def _conflicts(examples: Examples, splits: np.ndarray, copies: Sequence[tuple[int, ...]]) -> Finding | None:
    flagged = [
        Flagged(positions, _detail(examples, splits, positions, with_classes=True), 1.0, leave_out=positions)
        for positions in copies
        if _disagree(examples, positions)
    ]
    return _finding(
        examples,
        flagged,
        "exact-copies-conflicting-labels",
        "have exactly the content of one under another class.",
        "At most one of the labels is right: correct it, or leave all of them out (`data.duplicates: drop` does).",
    )


def _disagree(examples: Examples, positions: Sequence[int]) -> bool:
    return len(set(examples.labels[list(positions)].tolist())) > 1


def _detail(examples: Examples, splits: np.ndarray, positions: Sequence[int], with_classes: bool = False) -> str:
    text = f"Exactly the same: {named(examples, splits, positions)}"
    if not with_classes:
        return f"{text}."
    classes = sorted({examples.class_names[int(examples.labels[p])] for p in positions})
    return f"{text}; labelled {', '.join(classes[:4])}{' and others' if len(classes) > 4 else ''}."


def _finding(examples: Examples, flagged: list[Flagged], check: str, what: str, advice: str) -> Finding | None:
    if not flagged:
        return None
    touched = len({position for entry in flagged for position in entry.positions})
    flagged.sort(key=lambda entry: (-len(entry.positions), entry.positions))
    return Finding(
        check,
        "error" if check == "exact-copies-across-splits" else "warning",
        f"{touched:,} of {len(examples):,} {noun_of(examples)} {what}",
        advice,
        tuple(flagged),
        figures={"examples": touched, "contents": len(flagged)},
    )
