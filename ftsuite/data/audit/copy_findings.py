"""What pairs of near duplicates mean for splits and labels: the findings that pictures and texts have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.copy_groups import LARGEST_CHAIN, grouped
from ftsuite.data.audit.findings import Finding, Flagged, Severity

# Of copies in several splits the rarer split's stays: a test is not to lose to the training.
SPLIT_RANKS = {"test": 0, "validation": 1, "train": 2}
_NAMES_SHOWN = 4


def split_rank(split: str) -> int:
    """0 for test, 1 for validation, 2 for train and 3 for any other: the order in which copies are to stay."""
    return SPLIT_RANKS.get(split, 3)


def left_of_splits(positions: Sequence[int], splits: np.ndarray) -> tuple[int, ...]:
    """Those of copies that a cleaned manifest leaves out: all but those of the split that is to keep its own."""
    kept = min(split_rank(str(splits[position])) for position in positions)
    return tuple(position for position in positions if split_rank(str(splits[position])) > kept)


def in_order(positions: Sequence[int] | np.ndarray, splits: np.ndarray) -> tuple[int, ...]:
    """Positions with the test's in front, then the validation's, then the training's."""
    return tuple(sorted((int(p) for p in positions), key=lambda p: (split_rank(str(splits[p])), p)))


def named(examples: Examples, splits: np.ndarray, positions: Sequence[int]) -> str:
    """The first few ids with their splits, in words: ``a.jpg (test), b.jpg (train)``."""
    shown = [f"{examples.ids[p]} ({splits[p] or 'no split'})" for p in positions[:_NAMES_SHOWN]]
    more = len(positions) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def near_findings(
    examples: Examples,
    splits: np.ndarray,
    pairs: np.ndarray,
    scores: np.ndarray,
    figures: Mapping[str, Any],
    keys: Sequence[str],
    largest_chain: int = LARGEST_CHAIN,
) -> list[Finding]:
    """Findings on pairs of contents that are nearly the same.

    Args:
        examples: all that were compared.
        splits: ``(n,)`` of train, validation and test.
        pairs: ``(k, 2)`` int64, positions of examples whose keys differ, one example standing for all of its key.
        scores: ``(k,)`` float, likeness up to 1.
        figures: numbers of the comparison that go into every finding.
        keys: n; examples of one key count as alike, and as exact copies where their content hashes are equal too.
        largest_chain: see `grouped`.

    Returns:
        At most one finding each on pairs across splits, within a split, and with different labels.
    """
    pairs, scores = _of_all(examples, splits, pairs, scores, keys)
    across = splits[pairs[:, 0]] != splits[pairs[:, 1]]
    conflict = examples.labels[pairs[:, 0]] != examples.labels[pairs[:, 1]]
    found = []
    for kind, chosen in (("across", across), ("within", ~across), ("conflict", conflict)):
        if not chosen.any():
            continue
        flagged = _flagged(examples, splits, pairs[chosen], scores[chosen], kind, largest_chain)
        found.append(_finding(examples, splits, kind, flagged, {**figures, "pairs": int(chosen.sum())}))
    return found


def _of_all(
    examples: Examples, splits: np.ndarray, pairs: np.ndarray, scores: np.ndarray, keys: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of keys as pairs of examples, and the pairs of different contents that share a key.

    Each example meets one example of each split and class of the other key, not all of them: a blank page that is there
    a thousand times would make a million pairs.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        members[key].append(position)
    linked = [(members[keys[one]], members[keys[other]], score) for (one, other), score in _rows(pairs, scores)]
    linked += [(own, own, 1.0) for own in members.values() if len({examples.content_hashes[p] for p in own}) > 1]
    best: dict[tuple[int, int], float] = {}
    for ones, others, score in linked:
        met = [(one, other) for one in ones for other in _one_of_each(examples, splits, others)]
        met += [(one, other) for one in _one_of_each(examples, splits, ones) for other in others]
        for one, other in met:
            if examples.content_hashes[one] != examples.content_hashes[other]:
                pair = (min(one, other), max(one, other))
                best[pair] = max(score, best.get(pair, score))
    places = sorted(best)
    return np.asarray(places, dtype=np.int64).reshape(-1, 2), np.asarray([best[pair] for pair in places])


def _rows(pairs: np.ndarray, scores: np.ndarray) -> Iterator[tuple[list[int], float]]:
    return zip(pairs.tolist(), scores.tolist(), strict=True)


def _one_of_each(examples: Examples, splits: np.ndarray, positions: Sequence[int]) -> list[int]:
    """The first example of each split and class."""
    first: dict[tuple[str, int], int] = {}
    for position in positions:
        first.setdefault((str(splits[position]), int(examples.labels[position])), position)
    return list(first.values())


def _flagged(
    examples: Examples, splits: np.ndarray, pairs: np.ndarray, scores: np.ndarray, kind: str, largest_chain: int
) -> tuple[Flagged, ...]:
    flagged = []
    for members, rows in grouped(pairs, largest_chain):
        positions = in_order(members, splits)
        score = float(scores[rows].max())
        flagged.append(
            Flagged(
                positions=positions,
                detail=_detail(examples, splits, positions, kind, score),
                score=round(score, 4),
                leave_out=left_of_splits(positions, splits) if kind == "across" else (),
            )
        )
    return tuple(sorted(flagged, key=lambda entry: (-(entry.score or 0.0), entry.positions)))


def _detail(examples: Examples, splits: np.ndarray, positions: Sequence[int], kind: str, score: float) -> str:
    text = f"Nearly the same (likeness {score:.2f}): {named(examples, splits, positions)}"
    if kind != "conflict":
        return f"{text}."
    classes = sorted({examples.class_names[int(examples.labels[p])] for p in positions})
    return f"{text}; labelled {', '.join(classes[:_NAMES_SHOWN])}."


def _finding(
    examples: Examples, splits: np.ndarray, kind: str, flagged: tuple[Flagged, ...], figures: Mapping[str, Any]
) -> Finding:
    touched = {position for entry in flagged for position in entry.positions}
    noun = noun_of(examples)
    groups = "one group" if len(flagged) == 1 else f"{len(flagged):,} groups"
    count = f"{len(touched):,} of {len(examples):,} {noun} (in {groups})"
    figures = {**figures, "examples": len(touched), "groups": len(flagged)}
    if kind == "within":
        return Finding(
            "near-duplicates-within-splits",
            "warning",
            f"{count} are nearly the same as another one of the same split.",
            "They count several times: look whether one of each would do, or give them a common group.",
            flagged,
            figures=figures,
        )
    if kind == "conflict":
        return Finding(
            "near-duplicates-conflicting-labels",
            "warning",
            f"{count} are nearly the same as one of another class.",
            "At most one of the labels is right: correct it, or leave the examples out.",
            flagged,
            figures=figures,
        )
    severity, harm = _harm(splits, flagged)
    return Finding(
        "near-duplicates-across-splits",
        severity,
        f"{count} are nearly the same as one of another split: {harm}.",
        "Leave out the copies outside the test split, or give each set of copies a common group and split anew.",
        flagged,
        figures=figures,
    )


def _harm(splits: np.ndarray, flagged: Sequence[Flagged]) -> tuple[Severity, str]:
    """Training that touches what is judged by makes figures too good; validation and test alone much less."""
    if any(str(splits[position]) == "train" for entry in flagged for position in entry.positions):
        return "error", "figures become too good, since the model was trained on what it is judged by"
    return "warning", "choices made on the validation split are not independent of the test"


def noun_of(examples: Examples) -> str:
    """What the examples are, in the plural."""
    return "texts" if examples.kind == "text" else "pictures"
