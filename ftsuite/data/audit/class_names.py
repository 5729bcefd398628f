"""Classes whose names are most likely one class: the same but for case, spaces, Unicode, plural, or one letter."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.data.audit.misspellings import misspelt_pairs
from ftsuite.data.audit.name_keys import name_key
from ftsuite.data.sources.classes import near_twin_notes

CHECK = "class-twins"


def same_names(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Groups of names (positions) that differ only in case, spaces, punctuation, accents, script or leading number."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        groups[name_key(name).joined].append(position)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def similar_names(names: Sequence[str]) -> list[tuple[int, int, str]]:
    """Pairs of names (positions) that may be one, and how they differ: "in a plural" or "in one letter"."""
    # Of names that are the same already one stands for all.
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        first.setdefault(name_key(name).joined, position)
    places = list(first.values())
    keys = [name_key(names[place]) for place in places]
    plurals: dict[str, list[int]] = defaultdict(list)
    for place, key in zip(places, keys, strict=True):
        plurals[key.singular].append(place)
    found = [(group[0], other, "in a plural") for group in plurals.values() for other in group[1:]]
    misspelt = [(places[one], places[other], "in one letter") for one, other in misspelt_pairs(keys)]
    return sorted([*found, *misspelt])


def check_class_names(examples: Examples, class_names: Sequence[str]) -> list[Finding]:
    """Find classes that are most likely one.

    Args:
        examples: their labels say how many examples stand behind a name.
        class_names: all names, also of classes without examples.
    """
    counts = _counts(examples, class_names)
    same, similar = same_names(class_names), similar_names(class_names)
    findings = []
    if same:
        findings.append(
            Finding(
                CHECK,
                "error",
                f"{len(same):,} {'group of classes has' if len(same) == 1 else 'groups of classes have'} the same name "
                "but for case, spaces, punctuation or Unicode form: "
                + "; ".join(_told([class_names[at] for at in group], counts) for group in same[:5])
                + (f"; and {len(same) - 5:,} more." if len(same) > 5 else "."),
                "Merge them: move the files into one folder, or write one spelling. As they are, the model is taught "
                "to tell apart what is the same.",
                tuple(_flagged(examples, [class_names[at] for at in group], counts) for group in same),
                figures={"groups": [[class_names[at] for at in group] for group in same]},
            )
        )
    if similar:
        findings.append(
            Finding(
                "class-misspellings",
                "warning",
                f"{len(similar):,} {'pair of classes differs' if len(similar) == 1 else 'pairs of classes differ'} in "
                "one letter or a plural alone: "
                + "; ".join(_told([class_names[one], class_names[other]], counts) for one, other, _ in similar[:5])
                + (f"; and {len(similar) - 5:,} more." if len(similar) > 5 else "."),
                "If they are one class, merge them; if not, leave them as they are.",
                tuple(
                    _flagged(examples, [class_names[one], class_names[other]], counts, how)
                    for one, other, how in similar
                ),
                figures={"pairs": [[class_names[one], class_names[other], how] for one, other, how in similar]},
            )
        )
    return findings


def twin_notes(class_names: Sequence[str]) -> list[str]:
    """Sentences for a run on classes that may be one, apart from those that loading tells by itself."""
    told = near_twin_notes(class_names)
    groups = [[class_names[at] for at in group] for group in same_names(class_names)]
    pairs = [[class_names[one], class_names[other]] for one, other, _ in similar_names(class_names)]
    fresh = [
        group for group in (*groups, *pairs) if not any(all(repr(name) in note for name in group) for note in told)
    ]
    if not fresh:
        return []
    shown = "; ".join(" and ".join(map(repr, group)) for group in fresh[:5])
    more = f"; and {len(fresh) - 5:,} more" if len(fresh) > 5 else ""
    return [f"These classes may be one, spelled differently: {shown}{more}. They are taken as they are."]


def _counts(examples: Examples, class_names: Sequence[str]) -> dict[str, int]:
    by_label = np.bincount(examples.labels, minlength=len(examples.class_names)).tolist()
    return dict.fromkeys(class_names, 0) | dict(zip(examples.class_names, by_label, strict=True))


def _told(names: list[str], counts: dict[str, int]) -> str:
    return " and ".join(f"{name!r} ({counts[name]:,})" for name in names)


def _flagged(examples: Examples, names: list[str], counts: dict[str, int], how: str = "") -> Flagged:
    """All examples of the classes, in turn one of each, so that the first few show them side by side."""
    label_of = {name: label for label, name in enumerate(examples.class_names)}
    own = [np.flatnonzero(examples.labels == label_of[name]).tolist() for name in names if name in label_of]
    positions = [at for turn in itertools.zip_longest(*own) for at in turn if at is not None]
    detail = _told(names, counts) + (f" differ {how}" if how else "")
    return Flagged(tuple(positions), f"{detail}.")
