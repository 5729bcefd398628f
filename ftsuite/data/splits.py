"""Train, validation and test: decided by content and seed, so that a split outlives its data set's growth.

Each *unit* - all examples that share a content or a group, taken together - draws one number in [0, 1) per
cut from ``sha256(seed | cut | key)``, and is cut off where the number is below the fraction. Nothing else
about the data set enters, so adding rows moves no old row and identical contents can never be on both sides.

That is also the most that stability allows. If no old row may ever move, a row's side in a data set is its side in
the data set that holds it alone, from which all others grow; so it can depend on the row alone, and a class's share is
as many as independent draws give: right on average, off by about ``sqrt(n * fraction * (1 - fraction))`` rows of n.
Cutting exact shares (by rank within the class) would be tighter and would move old rows whenever new ones come. The one
exception made here is for small classes: one that would be left without a training, test or validation example takes
the unit whose draw was nearest, as far as it has units to give. When rows are added and one of them is nearer, or is
cut off by its own draw, the borrowed unit goes back to where its draw puts it; only then does an old row move. A group
that is joined to another by a shared content becomes one unit with it, named by the first of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.text_stream import StreamColumn
from ftsuite.errors import ConfigError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
# From so many examples on they are split by arrays (`ftsuite.data.large_splits`), to the same split: an object for each
# of a million units would take a gigabyte.
LARGE_SPLIT = 100_000


@dataclass(slots=True)
class Unit:
    """Examples that must stay together, as they share a content or a group.

    Attributes:
        key: the first of their contents and groups by name.
        positions: of the examples.
        labels: of the examples.
        test_draw: number in [0, 1) that decides on the test.
        validation_draw: number in [0, 1) that decides on validation.
        split: where they go.
        pinned: whether an official split has decided.
    """

    key: str
    positions: list[int] = field(default_factory=list)
    labels: set[int] = field(default_factory=set)
    test_draw: float = 1.0
    validation_draw: float = 1.0
    split: str = TRAIN
    pinned: bool = False


def split_examples(examples: Examples, *, validation_fraction: float, test_fraction: float, seed: int) -> np.ndarray:
    """Assign every example to a split.

    Examples that stay on the disk are split by their own draws alone, see `ftsuite.data.streamed_splits`.

    Official splits are kept. Where the source has none, `test_fraction` of all that is not official is cut
    off for the test; where it has no validation split, `validation_fraction` of the training examples is cut
    off for it.

    Args:
        examples: with content hashes, and groups and official splits where known.
        validation_fraction: 0 to below 1, of the training examples.
        test_fraction: 0 to below 1, of all examples.
        seed: another seed gives another split.

    Returns:
        ``(n,)`` str of ``train``, ``validation`` and ``test``.

    Raises:
        ConfigError: a fraction outside its range.
    """
    for name, value in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if not 0 <= value < 1:
            raise ConfigError(f"Expected data.{name} to be at least 0 and below 1. Received: {value!r}")
    if isinstance(examples.content_hashes, StreamColumn):
        from ftsuite.data.streamed_splits import split_stream

        return split_stream(examples, validation_fraction=validation_fraction, test_fraction=test_fraction, seed=seed)
    official = np.full(len(examples), "") if examples.splits is None else examples.splits
    result = official.astype("<U10")
    cut_test = test_fraction > 0 and not bool(np.any(official == TEST))
    cut_validation = validation_fraction > 0 and not bool(np.any(official == VALIDATION))
    # Rows that the source calls "train" stay clear of the test, unless there is no official test at all.
    free = (official == "") | ((official == TRAIN) & (cut_validation or cut_test))
    if len(examples) >= LARGE_SPLIT:
        from ftsuite.data.large_splits import split_large

        cuts = {TEST: test_fraction * cut_test, VALIDATION: validation_fraction * cut_validation}
        made = {split: fraction for split, fraction in cuts.items() if fraction}
        split_large(examples, np.flatnonzero(free), official, made, seed, result)
        return result
    units = gather_units(examples, np.flatnonzero(free), seed)
    _join_official(units, examples, official)
    for unit in units:
        if not unit.pinned:
            unit.split = _drawn(unit, test_fraction * cut_test, validation_fraction * cut_validation)
    fill_empty_classes(units, [TRAIN, *[TEST] * cut_test, *[VALIDATION] * cut_validation])
    for unit in units:
        result[unit.positions] = unit.split
    return result


def split_notes(examples: Examples, splits: np.ndarray) -> tuple[str, ...]:
    """Sentences on what a reader of the split should know: classes that a split could not be given.

    Args:
        examples: the examples that were split.
        splits: ``(n,)`` as `split_examples` gives them.
    """
    if examples.targets is not None:
        return ()
    why = "too few different ones to share out" if examples.times is None else "none is of its time"
    notes = []
    for split in (split for split in SPLITS if bool(np.any(splits == split))):
        if any(note.startswith(f"The official {split} split holds no example") for note in examples.notes):
            continue
        counts = np.bincount(examples.labels[splits == split], minlength=len(examples.class_names))
        absent = [examples.class_names[index] for index in np.flatnonzero(counts == 0)]
        if absent:
            shown = ", ".join(map(repr, absent[:10])) + (f" and {len(absent) - 10} more" if len(absent) > 10 else "")
            notes.append(f"The {split} split holds no example of {shown}: {why}.")
    return tuple(notes)


def draw(seed: int, cut: str, key: str) -> float:
    """The number in [0, 1) that decides whether the unit `key` is cut off; no state enters."""
    digest = hashlib.sha256(f"{seed}|{cut}|{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def draws(seed: int, cut: str, kind: str, names: Iterable[str]) -> np.ndarray:
    """`draw` of many keys ``KIND|NAME``, ``(n,)`` float64: the same numbers, in half the time."""
    before = f"{seed}|{cut}|{kind}|".encode()
    sha256 = hashlib.sha256
    digests = bytearray()
    for name in names:
        digests += sha256(before + name.encode("utf-8", "surrogatepass")).digest()[:8]
    return np.frombuffer(digests, ">u8").astype(np.float64) / 2**64


def gather_units(examples: Examples, positions: np.ndarray, seed: int) -> list[Unit]:
    """Gather positions that share a content or a group, directly or through others (union-find), sorted by key."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    names = _names(examples, positions)
    for own in names:
        first, *others = sorted(root(name) for name in own)
        for other in others:
            parent[other] = first
    # Among the roots of joined names the first in order wins, whatever order the rows came in.
    smallest: dict[str, str] = {}
    for own in names:
        top = root(own[0])
        smallest[top] = min(smallest.get(top, own[0]), own[0])
    units: dict[str, Unit] = {}
    for position, own in zip(positions.tolist(), names, strict=True):
        top = root(own[0])
        unit = units.setdefault(top, Unit(smallest[top]))
        unit.positions.append(position)
        unit.labels.add(int(examples.labels[position]))
    for unit in units.values():
        unit.test_draw = draw(seed, TEST, unit.key)
        unit.validation_draw = draw(seed, VALIDATION, unit.key)
    return sorted(units.values(), key=lambda unit: unit.key)


def _names(examples: Examples, positions: np.ndarray) -> list[list[str]]:
    # Taken together: a column gives its rows in turn far faster than one by one.
    some = examples.take(positions)
    contents = [f"content|{text}" for text in some.content_hashes]
    if some.groups is None:
        return [[content] for content in contents]
    return [[f"group|{group}", content] for group, content in zip(some.groups, contents, strict=True)]


def _join_official(units: list[Unit], examples: Examples, official: np.ndarray) -> None:
    """Rows without an official split follow their content's official side; official rows stay."""
    sides: dict[str, set[str]] = defaultdict(set)
    held = np.flatnonzero((official == TEST) | (official == VALIDATION))
    for position, own in zip(held.tolist(), _names(examples, held), strict=True):
        for name in own:
            sides[name].add(str(official[position]))
    if not sides:
        return
    names = _names(examples, np.arange(len(examples)))
    for unit in units:
        near = set().union(*(sides.get(name, set()) for p in unit.positions for name in names[p]))
        if near and all(official[p] == "" for p in unit.positions):
            unit.split = TEST if TEST in near else VALIDATION
            unit.pinned = True


def _drawn(unit: Unit, test_fraction: float, validation_fraction: float) -> str:
    if unit.test_draw < test_fraction:
        return TEST
    return VALIDATION if unit.validation_draw < validation_fraction else TRAIN


def fill_empty_classes(units: list[Unit], wanted: list[str]) -> None:
    """Give each class one unit of every wanted split, in that order, as far as it has units to give."""
    by_label: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        for label in unit.labels:
            by_label[label].append(unit)
    counts = {label: Counter(unit.split for unit in own) for label, own in by_label.items()}
    for label in sorted(by_label):
        for place, split in enumerate(wanted):
            if counts[label][split]:
                continue
            later = wanted[place + 1 :]
            movable = [unit for unit in by_label[label] if _may_leave(unit, label, later, counts)]
            if movable:
                unit = min(movable, key=lambda one: (_distance(one, split), one.key))
                for other in unit.labels:
                    counts[other][unit.split] -= 1
                    counts[other][split] += 1
                unit.split = split


def _may_leave(unit: Unit, label: int, later: list[str], counts: dict[int, Counter[str]]) -> bool:
    """Whether no other class of the unit loses its last one, nor this class that of a prior split."""
    alone = {other for other in unit.labels if counts[other][unit.split] == 1}
    return not unit.pinned and (not alone or (alone == {label} and unit.split in later))


def _distance(unit: Unit, split: str) -> float:
    """How far a unit's draw is from `split`; the nearest is the one that a larger cut would take."""
    if split == TEST:
        return unit.test_draw
    return unit.validation_draw if split == VALIDATION else -max(unit.test_draw, unit.validation_draw)
