"""Labels of sentiment data: which scale they are on, names that people read, and from finer scales to coarser ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ftsuite.api import DataError, Examples

BINARY = ("negative", "positive")
THREE_WAY = ("negative", "neutral", "positive")
STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")

# How data sets write their labels, as sets of class names in lower case, each name with its place on a scale.
_SPELLINGS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("0", "1"), BINARY),
    (("-1", "1"), BINARY),
    (("neg", "pos"), BINARY),
    (("negative", "positive"), BINARY),
    (("false", "true"), BINARY),
    (("-1", "0", "1"), THREE_WAY),
    (("0", "1", "2"), THREE_WAY),
    (("neg", "neu", "pos"), THREE_WAY),
    (("negative", "neutral", "positive"), THREE_WAY),
    (("1", "2", "3", "4", "5"), STARS),
    (("1.0", "2.0", "3.0", "4.0", "5.0"), STARS),
    (("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), STARS),
)
_MIDDLE = {THREE_WAY: 1, STARS: 2}


def to_scale(examples: Examples, scale: str) -> Examples:
    """Give the labels the names of their scale, in its order, and carry them to a coarser one where that is wanted.

    Args:
        examples: with classes as their source names them.
        scale: ``as-is``, ``binary`` or ``three-way``.

    Raises:
        DataError: if the labels are on no known scale and another one is wanted, or on a coarser one.
    """
    known = _recognize(examples.class_names)
    if known is None:
        if scale == "as-is":
            return examples
        raise _not_convertible(examples.class_names, scale)
    names, places = known
    examples = replace(examples, labels=places[examples.labels], class_names=names, notes=_named(examples, names))
    if scale == "as-is" or names == {"binary": BINARY, "three-way": THREE_WAY}[scale]:
        return examples
    if scale == "three-way":
        if names == BINARY:
            raise _not_convertible(names, scale)
        return replace(examples, labels=np.array([0, 0, 1, 2, 2])[examples.labels], class_names=THREE_WAY)
    middle = _MIDDLE[names]
    kept = examples.take(np.flatnonzero(examples.labels != middle))
    note = f"Left out {len(examples) - len(kept):,} texts labelled {names[middle]!r}: options.scale is binary."
    return replace(kept, labels=(kept.labels > middle).astype(np.int64), class_names=BINARY, notes=(*kept.notes, note))


def _recognize(class_names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray] | None:
    """The names of the scale, and the place on it of each class; None where the names are on no known scale."""
    lowered = [name.strip().lower() for name in class_names]
    for spelling, names in _SPELLINGS:
        if sorted(spelling) == sorted(lowered):
            return names, np.array([spelling.index(name) for name in lowered], dtype=np.int64)
    return None


def _named(examples: Examples, names: tuple[str, ...]) -> tuple[str, ...]:
    if tuple(examples.class_names) == names:
        return examples.notes
    return (*examples.notes, f"The labels {', '.join(examples.class_names)} are read as {', '.join(names)}.")


def _not_convertible(class_names: Sequence[str], scale: str) -> DataError:
    return DataError(
        f"options.scale: {scale} needs labels on a finer scale: one to five stars"
        + (", or negative, neutral and positive" if scale == "binary" else "")
        + f". Received the classes: {', '.join(class_names)}.",
        "Leave options.scale out to learn the labels as they are.",
    )
