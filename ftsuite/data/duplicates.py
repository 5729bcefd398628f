"""Examples with exactly the same content: one of each is kept, and none where their labels disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.same_texts import same_texts
from ftsuite.data.sources.found import listed
from ftsuite.data.targets import same_answers
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
    same = same_texts(examples.content_hashes)
    # By content, then by rank, then as they stand: the first of each content is the one that stays.
    order = np.lexsort((_ranks(examples), same.numbers))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(same.numbers[order]) > 0
    conflicting = np.zeros(same.count, dtype=bool)
    answers = same_answers(examples)
    conflicting[same.numbers[answers != answers[same.firsts][same.numbers]]] = True
    kept = np.sort(order[first & ~conflicting[same.numbers[order]]])
    in_conflict = int(conflicting[same.numbers].sum())
    repeated = len(examples) - in_conflict - len(kept)
    if not repeated and not in_conflict:
        return examples
    _require_classes(examples, kept)
    what = "class" if examples.targets is None else "label"
    notes = _notes(len(examples), repeated, in_conflict, int(conflicting.sum()), what)
    return replace(examples.take(kept), notes=(*examples.notes, *notes))


def _ranks(examples: Examples) -> np.ndarray:
    """``(n,)``: the lower, the more its split is in want of the example."""
    if examples.splits is None:
        return np.zeros(len(examples), np.int8)
    ranks = np.full(len(examples), _SPLIT_RANKS[""], np.int8)
    for split in ("test", "validation", "train"):
        ranks[np.asarray(examples.splits) == split] = _SPLIT_RANKS[split]
    return ranks


def _require_classes(examples: Examples, kept: np.ndarray) -> None:
    if examples.targets is not None:
        return
    before = np.bincount(examples.labels, minlength=len(examples.class_names))
    after = np.bincount(examples.labels[kept], minlength=len(examples.class_names))
    lost = [examples.class_names[index] for index in np.flatnonzero((before > 0) & (after == 0))]
    if lost:
        raise DataError(
            "Expected every class to hold an example whose content stands under that class alone. "
            f"Received: {len(lost):,} without one: {listed(lost, 20)}.",
            "Mend the labels of these classes, or set `data.duplicates: keep`.",
        )


def _notes(total: int, repeated: int, in_conflict: int, contents: int, what: str) -> list[str]:
    notes = []
    if repeated:
        verb = "example that repeats" if repeated == 1 else "examples that repeat"
        notes.append(
            f"Left out {repeated:,} of {total:,} {verb} another one's content exactly (data.duplicates: drop)."
        )
    if in_conflict:
        which = "content stands" if contents == 1 else "contents stand"
        notes.append(
            f"Left out {in_conflict:,} of {total:,} examples whose {contents:,} {which} under more than one {what} "
            "(data.duplicates: drop)."
        )
    return notes
