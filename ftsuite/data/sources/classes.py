"""Checks of class names: twins, empty ones, too few, and tests of classes that were never trained."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from ftsuite.data.sources.found import COLLECT, Found, listed
from ftsuite.errors import DataError

_among_others: ContextVar[bool] = ContextVar("among_others", default=False)
_no_classes: ContextVar[bool] = ContextVar("no_classes", default=False)


@contextmanager
def one_of_several() -> Iterator[None]:
    """What is loaded meanwhile is one of several sources: one class, or a test alone, is no mistake there."""
    token = _among_others.set(True)
    try:
        yield
    finally:
        _among_others.reset(token)


def is_one_of_several() -> bool:
    """Whether what is being loaded is one of several sources, which are checked as a whole."""
    return _among_others.get()


@contextmanager
def labels_are_values() -> Iterator[None]:
    """What is loaded meanwhile has numbers or sets of labels where others have classes: nothing is checked of classes.

    One example of each, and some that training never shows, are no mistake there.
    """
    token = _no_classes.set(True)
    try:
        yield
    finally:
        _no_classes.reset(token)


def are_values() -> bool:
    """Whether what is being loaded has no classes, see `labels_are_values`."""
    return _no_classes.get()


def normal_form(name: str) -> str:
    """The composed Unicode form (NFC): macOS and other systems store the same name in different bytes."""
    return unicodedata.normalize("NFC", name)


def check_twins(names: Iterable[str], where: str) -> None:
    """Refuse names that look the same and differ only in their Unicode form.

    Raises:
        DataError: names every pair, in escapes so that the difference shows.
    """
    same: dict[str, list[str]] = defaultdict(list)
    for name in names:
        same[normal_form(name)].append(name)
    twins = [sorted(group) for group in same.values() if len(group) > 1]
    if twins:
        shown = "; ".join(f"{group[0]!r} as " + " and ".join(ascii(name) for name in group) for group in twins[:10])
        raise DataError(
            f"Expected class names in {where} that differ in more than their Unicode form. Received: {shown}.",
            "These are one class in two folders: move the files of one into the other.",
        )


def near_twin_notes(names: Iterable[str]) -> list[str]:
    """A sentence for class names that differ only in case, spaces or dashes: kept apart, likely one."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike["".join(name.casefold().replace("_", " ").replace("-", " ").split())].append(name)
    twins = [sorted(group) for group in alike.values() if len(group) > 1]
    return [
        f"The class names {listed(group)} differ only in case, spaces or dashes; they are taken as "
        f"{len(group)} classes."
        for group in sorted(twins)
    ]


def check_classes(found: Found, bad_files: str) -> None:
    """Check the classes of what is left to train on; under ``skip`` empty classes are dropped with a note, and under
    `COLLECT` they stay.

    Raises:
        DataError: empty classes, classes that are tested but never trained, or fewer than two classes.
    """
    by_split: dict[str, Counter[str]] = defaultdict(Counter)
    for row in found.rows:
        by_split[row.split][row.label] += 1
    check_class_counts(found, by_split, bad_files)


def check_class_counts(found: Found, by_split: Mapping[str, Counter[str]], bad_files: str) -> None:
    """`check_classes` for rows that were only counted: `by_split` gives each split's rows by class name.

    Raises:
        DataError: as `check_classes`.
    """
    if are_values():
        used = set().union(*by_split.values()) if by_split else set()
        found.class_names[:] = [name for name in found.class_names if name in used]
        return
    found.notes.extend(near_twin_notes(found.class_names))
    counts = {name: sum(own[name] for own in by_split.values()) for name in found.class_names}
    trained = {name: sum(by_split[split][name] for split in ("", "train") if split in by_split) for name in counts}
    empty = [name for name, count in counts.items() if not count]
    if empty and bad_files not in ("skip", COLLECT):
        raise DataError(
            f"Expected every class to hold at least one usable example. Received: {len(empty):,} empty: "
            f"{listed(empty, 20)}.",
            "Fill or delete these classes, or set `data.bad_files: skip` to drop them from this run.",
        )
    if empty and bad_files != COLLECT:
        found.notes.append(f"Dropped {len(empty):,} classes without a usable example: {listed(empty, 20)}.")
        found.class_names[:] = [name for name in found.class_names if counts[name]]
    untrained = [name for name in found.class_names if counts[name] and not trained[name]]
    if is_one_of_several():
        return
    if untrained:
        error = DataError(
            "Expected every class to have training examples. Received: "
            f"{len(untrained):,} that stand in other splits only: {listed(untrained, 20)}.",
            "Give them training examples, or delete them from the other splits.",
        )
        found.refuse(error, bad_files)
    # What was collected before says why, and in better words.
    if len(found.class_names) < 2 and not found.refusals:
        error = DataError(
            f"Expected at least two classes. Received: {len(found.class_names)}: {listed(found.class_names)}.",
            "Add examples of another class, or name the column of the classes: data.label_column.",
        )
        found.refuse(error, bad_files)
    _note_untested(found, by_split)


def _note_untested(found: Found, by_split: Mapping[str, Counter[str]]) -> None:
    for split in ("validation", "test"):
        present = set(by_split.get(split, ()))
        absent = [name for name in found.class_names if name not in present]
        if present and absent:
            found.notes.append(f"The official {split} split holds no example of {listed(absent)}.")
