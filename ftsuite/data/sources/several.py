"""Several sources together: classes joined by name, ids told apart, and what only the whole shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.sources.classes import are_values, check_class_counts, near_twin_notes
from ftsuite.data.sources.collected import joined
from ftsuite.data.sources.found import Found, listed
from ftsuite.data.sources.labels import sorted_labels
from ftsuite.data.times import form_of
from ftsuite.errors import ConfigError

_SPLITS = ("train", "validation", "test")


def combine(parts: Sequence[Examples], names: Sequence[str], bad_files: str = "error") -> Examples:
    """The examples of several sources as those of one.

    Classes of one name are one class. Ids get the source's name in front. Official splits stay; rows of a source
    without any have none. Equal groups are one group, whichever source they stand in.

    Args:
        parts: of each source, checked by itself.
        names: of the sources, all different.
        bad_files: ``data.bad_files``.

    Returns:
        Examples with `sources`, in the order of the sources.

    Raises:
        ConfigError: some are pictures and some are texts, or their times are of several kinds.
        DataError: fewer than two classes in all, or classes that are tested and never trained.
    """
    kinds = {part.kind for part in parts}
    if len(kinds) > 1:
        given = ", ".join(f"{name} gives {part.kind}" for name, part in zip(names, parts, strict=True))
        raise ConfigError(
            f"Expected several sources to hold examples of one kind. Received: {given}.",
            "Name sources of pictures alone, or of texts alone; what the field guide draws stands alone.",
        )
    if any(hasattr(part.inputs, "contents") for part in parts):
        raise ConfigError(
            f"Expected several sources whose pictures are files. Received: {', '.join(names)}, one of them records.",
            "Prepare records of all sources together, or name the folders that they were made of.",
        )
    class_names = _class_names(parts)
    hashes = tuple(content for part in parts for content in part.content_hashes)
    labels = np.concatenate([_relabelled(part, class_names) for part in parts])
    sources = np.repeat(np.arange(len(parts), dtype=np.int16), [len(part) for part in parts])
    splits = None
    if any(part.splits is not None for part in parts):
        official = [np.full(len(part), "") if part.splits is None else part.splits for part in parts]
        splits = np.concatenate([column.astype("<U10") for column in official])
    decoders = [part.decoders for part in parts if part.decoders is not None]
    notes = [f"{name}: {note}" for name, part in zip(names, parts, strict=True) for note in part.notes]
    notes += _class_notes(parts, names, class_names)
    whole = _checked(labels, class_names, splits, parts[0].kind, bad_files)
    twins = [] if are_values() else near_twin_notes(class_names)
    notes += [note for note in whole.notes if note not in twins]
    notes += _shared_notes(hashes, labels, sources, splits)
    return Examples(
        ids=tuple(f"{name}:{one}" for name, part in zip(names, parts, strict=True) for one in part.ids),
        inputs=tuple(one for part in parts for one in part.inputs),
        labels=labels,
        class_names=class_names,
        content_hashes=hashes,
        kind=kinds.pop(),
        splits=splits,
        groups=_groups(parts, names),
        decoders=np.concatenate(decoders) if decoders else None,
        times=_times(parts, names),
        notes=tuple(notes),
        sources=sources,
        collected=joined(parts, names, whole.refusals),
    )


def _class_names(parts: Sequence[Examples]) -> tuple[str, ...]:
    """All names: in their own order where every source has the same, else sorted."""
    if len({part.class_names for part in parts}) == 1:
        return parts[0].class_names
    return tuple(sorted_labels({name for part in parts for name in part.class_names}))


def _relabelled(part: Examples, class_names: tuple[str, ...]) -> np.ndarray:
    index = {name: number for number, name in enumerate(class_names)}
    return np.asarray([index[name] for name in part.class_names], dtype=np.int64)[part.labels]


def _groups(parts: Sequence[Examples], names: Sequence[str]) -> tuple[str, ...] | None:
    if all(part.groups is None for part in parts):
        return None
    groups: list[str] = []
    for name, part in zip(names, parts, strict=True):
        own = part.groups if part.groups is not None else [f"\x00{one}" for one in part.ids]
        # A row without a group is a group of its own, and ids of two sources may be the same.
        groups += [f"\x00{name}:{group[1:]}" if group.startswith("\x00") else group for group in own]
    return tuple(groups)


def _times(parts: Sequence[Examples], names: Sequence[str]) -> np.ndarray | None:
    """Times of all, where there are any; those of unlike columns have no order among them.

    Raises:
        ConfigError: they are of several forms, or missing in one source.
    """
    if all(part.times is None for part in parts):
        return None
    forms = ["nothing" if part.times is None else form_of(part.times) for part in parts]
    if len(set(forms)) > 1:
        given = ", ".join(f"{name} gives {form}" for name, form in zip(names, forms, strict=True))
        raise ConfigError(
            f"Expected data.time_column to hold times of one form in every source. Received: {given}.",
            "Write the times of all sources in one way.",
        )
    return np.concatenate([part.times for part in parts if part.times is not None])


def _checked(
    labels: np.ndarray, class_names: tuple[str, ...], splits: np.ndarray | None, kind: str, bad_files: str
) -> Found:
    """Check the classes of all sources together, as those of one are; gives what was noted, and what was collected."""
    found = Found(kind=kind, class_names=list(class_names), has_splits=splits is not None)
    by_split: dict[str, Counter[str]] = defaultdict(Counter)
    for label, split in zip(labels.tolist(), [""] * len(labels) if splits is None else splits.tolist(), strict=True):
        by_split[split][class_names[label]] += 1
    check_class_counts(found, by_split, bad_files)
    return found


def _class_notes(parts: Sequence[Examples], names: Sequence[str], class_names: tuple[str, ...]) -> list[str]:
    if are_values():
        return []
    known = {note for part in parts for note in near_twin_notes(part.class_names)}
    notes = [note for note in near_twin_notes(class_names) if note not in known]
    for name, part in zip(names, parts, strict=True):
        absent = [one for one in class_names if one not in part.class_names]
        if absent:
            notes.append(f"The source {name} holds no example of {listed(absent)}.")
    return notes


def _shared_notes(
    hashes: tuple[str, ...], labels: np.ndarray, sources: np.ndarray, splits: np.ndarray | None
) -> list[str]:
    """Sentences on contents that stand in more than one source; within one source it has told so itself."""
    seen: dict[str, tuple[set[int], set[int], set[str]]] = {}
    official = np.full(len(hashes), "") if splits is None else splits
    for content, label, source, split in zip(hashes, labels.tolist(), sources.tolist(), official.tolist(), strict=True):
        of_sources, of_labels, of_splits = seen.setdefault(content, (set(), set(), set()))
        of_sources.add(source)
        of_labels.add(label)
        of_splits.add(split)
    shared = [entry for entry in seen.values() if len(entry[0]) > 1]
    if not shared:
        return []
    notes = [f"{len(shared):,} contents stand in more than one source; data.duplicates: drop uses the first of each."]
    conflicting = sum(len(of_labels) > 1 for _, of_labels, _ in shared)
    if conflicting:
        notes.append(f"{conflicting:,} of them stand under different {'labels' if are_values() else 'classes'}.")
    across = sum(len(of_splits & set(_SPLITS)) > 1 for _, _, of_splits in shared)
    if across:
        notes.append(f"{across:,} of them stand in different official splits, which makes figures too good.")
    return notes
