"""Examples with exactly the same content: one of each is kept, and none where their labels disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.sources.found import listed
from ftsuite.errors import DataError

# Of equal contents in several official splits the rarer split's stays: a test is not to lose to the training.
_SPLIT_RANKS = {"test": 0, "validation": 1, "train": 2, "": 3}


def drop_duplicates(examples: Examples) -> Examples:
    """Keep one example of each content: the first, of official splits the test's before any other's.

    Where the examples of one content have different labels, all of them are left out: none of them can be
    trusted.

    Args:
        examples: of any source.

    Returns:
        The examples kept, in their order, with notes on how many were left out.

    Raises:
        DataError: a class keeps no example, as all of its contents stand under other classes too.
    """
    labels = examples.labels.tolist()
    ranks = _ranks(examples)
    best: dict[str, int] = {}
    conflicting: set[str] = set()
    for position, content in enumerate(examples.content_hashes):
        chosen = best.setdefault(content, position)
        if labels[chosen] != labels[position]:
            conflicting.add(content)
        if ranks[position] < ranks[chosen]:
            best[content] = position
    in_conflict = sum(content in conflicting for content in examples.content_hashes) if conflicting else 0
    kept = np.asarray(sorted(at for content, at in best.items() if content not in conflicting), dtype=np.int64)
    repeated = len(examples) - in_conflict - len(kept)
    if not repeated and not in_conflict:
        return examples
    _require_classes(examples, kept)
    notes = _notes(len(examples), repeated, in_conflict, len(conflicting))
    return replace(examples.take(kept), notes=(*examples.notes, *notes))


def _ranks(examples: Examples) -> list[int]:
    if examples.splits is None:
        return [0] * len(examples)
    return [_SPLIT_RANKS.get(split, 3) for split in examples.splits.tolist()]


def _require_classes(examples: Examples, kept: np.ndarray) -> None:
    before = np.bincount(examples.labels, minlength=len(examples.class_names))
    after = np.bincount(examples.labels[kept], minlength=len(examples.class_names))
    lost = [examples.class_names[index] for index in np.flatnonzero((before > 0) & (after == 0))]
    if lost:
        raise DataError(
            "Expected every class to hold an example whose content stands under that class alone. "
            f"Received: {len(lost):,} without one: {listed(lost, 20)}.",
            "Mend the labels of these classes, or set `data.duplicates: keep`.",
        )


def _notes(total: int, repeated: int, in_conflict: int, contents: int) -> list[str]:
    notes = []
    if repeated:
        verb = "example that repeats" if repeated == 1 else "examples that repeat"
        notes.append(
            f"Left out {repeated:,} of {total:,} {verb} another one's content exactly (data.duplicates: drop)."
        )
    if in_conflict:
        which = "content stands" if contents == 1 else "contents stand"
        notes.append(
            f"Left out {in_conflict:,} of {total:,} examples whose {contents:,} {which} under more than one class "
            "(data.duplicates: drop)."
        )
    return notes
