"""Groups (frames of one video, pictures of one patient) that stand on both sides of a split."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.data.sources.pattern_groups import ALONE

_SHOWN_A_SIDE = 2
_ORDER = ("test", "validation", "train", "")


def check_groups(examples: Examples, splits: np.ndarray) -> list[Finding]:
    """Find groups whose examples lie in several splits: official splits can do that, those of a run never do.

    Args:
        examples: with `groups`, or without any: then nothing is found.
        splits: ``(n,)`` str.
    """
    crossing = groups_across(examples, splits)
    if not crossing:
        return []
    flagged = tuple(
        _flagged(name, sides) for name, sides in sorted(crossing.items(), key=lambda item: -_shared(item[1]))
    )
    tested = sum(len(sides["test"]) for sides in crossing.values() if "test" in sides and "train" in sides)
    known = len({name for name in examples.groups or () if not name.startswith(ALONE)})
    return [
        Finding(
            "groups-across-splits",
            "error",
            f"{len(crossing):,} of {known:,} groups have examples in more than one split; {tested:,} test examples "
            "have another one of their group in training.",
            "A run refuses that: what is judged would measure how well groups are remembered. Move each group to one "
            "side, set `data.overlap: drop-from-training`, or let ftsuite split by group: no official splits (a folder "
            "without train/ and test/, a table without `split`) and no `data.time_column`.",
            flagged,
            figures={"groups": known, "crossing": len(crossing), "test_examples": tested},
        )
    ]


def groups_across(examples: Examples, splits: np.ndarray) -> dict[str, dict[str, list[int]]]:
    """Groups in several splits: for each the positions of its examples by split."""
    if examples.groups is None:
        return {}
    sides: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, (name, split) in enumerate(zip(examples.groups, splits.tolist(), strict=True)):
        if not name.startswith(ALONE):
            sides[name][split].append(position)
    return {name: dict(own) for name, own in sides.items() if len(own) > 1}


def group_notes(examples: Examples, splits: np.ndarray) -> list[str]:
    """A sentence for a run whose official splits divide groups."""
    crossing = groups_across(examples, splits)
    if not crossing:
        return []
    which = "group has" if len(crossing) == 1 else "groups have"
    return [f"{len(crossing):,} {which} examples in more than one split; figures may be too good."]


def _shared(sides: dict[str, list[int]]) -> int:
    return sum(len(own) for split, own in sides.items() if split == "test")


def _flagged(name: str, sides: dict[str, list[int]]) -> Flagged:
    ordered = [split for split in _ORDER if split in sides]
    positions = [at for split in ordered for at in sides[split][:_SHOWN_A_SIDE]]
    told = ", ".join(f"{len(sides[split]):,} in {split or 'no split'}" for split in ordered)
    return Flagged(tuple(positions), f"The group {name!r} has {told}.", score=float(_shared(sides)))
