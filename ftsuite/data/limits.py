"""Fewer examples of a split, for a quick run or a learning curve: the same ones however many others come.

Each example draws a number from its content and the seed, as in `ftsuite.data.splits`, and a class gives those
with the lowest numbers. So of two choices among the same examples of a class the larger holds the smaller one, and
when examples are added an old one loses its place to a new one only, or where its class's share has become smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import SPLITS, draws

if TYPE_CHECKING:
    from ftsuite.config import ExampleLimits

_CUT = "limit"


def limit_splits(
    examples: Examples, splits: np.ndarray, limit: ExampleLimits, seed: int
) -> tuple[Examples, np.ndarray]:
    """Keep at most so many examples of each split, each class by its share of the split.

    Args:
        examples: of any source; groups play no part, since nothing changes its split.
        splits: ``(n,)`` str, as `ftsuite.data.splits.split_examples` gives them.
        limit: the most examples of each split, None for all.
        seed: another seed chooses others.

    Returns:
        The examples kept, in their order, with a note for each split that was cut; and their splits ``(m,)``.
        A class keeps at least one example wherever the limit is no less than the number of classes.
    """
    kept = np.ones(len(examples), dtype=bool)
    notes = []
    for split in SPLITS:
        most: int | None = getattr(limit, split)
        positions = np.flatnonzero(splits == split)
        if most is None or len(positions) <= most:
            continue
        kept[positions] = False
        for chosen in _chosen(examples, positions, most, seed):
            kept[chosen] = True
        notes.append(
            f"Left out {len(positions) - most:,} of {len(positions):,} {split} examples "
            f"(data.limit.{split}: {most}), chosen by content and seed, each class by its share."
        )
    if not notes:
        return examples, splits
    return replace(examples.take(np.flatnonzero(kept)), notes=(*examples.notes, *notes)), splits[kept]


def class_quotas(counts: np.ndarray, most: int) -> np.ndarray:
    """Share out `most` places among classes by their counts (largest remainder).

    Args:
        counts: ``(c,)`` examples of each class, more than `most` in all.
        most: places to give, at least 1.

    Returns:
        ``(c,)`` int64 that adds up to `most`. No class gets more than it has; each that has any gets at least one
        where `most` allows.
    """
    total = int(counts.sum())
    # In whole numbers, so that no rounding decides who gets a place.
    quotas, remainders = np.divmod(counts.astype(np.int64) * most, total)
    # Of equal remainders the larger class's comes first, then the class that is named first.
    order = np.lexsort((np.arange(len(counts)), -counts, -remainders))
    quotas[order[: most - int(quotas.sum())]] += 1
    # A class without a place takes one of the class that has the most, larger classes first.
    by_count = np.argsort(-counts, kind="stable")
    for lacking in by_count[(counts > 0)[by_count] & (quotas == 0)[by_count]]:
        giver = int(np.argmax(quotas))
        if quotas[giver] < 2:
            break
        quotas[giver] -= 1
        quotas[lacking] += 1
    return quotas


def _chosen(examples: Examples, positions: np.ndarray, most: int, seed: int) -> Iterator[np.ndarray]:
    """For each class the positions that are kept."""
    labels = examples.labels[positions]
    quotas = class_quotas(np.bincount(labels, minlength=len(examples.class_names)), most)
    contents = examples.take(positions).content_hashes
    drawn = draws(seed, _CUT, "content", contents)
    for label, quota in enumerate(quotas.tolist()):
        own = np.flatnonzero(labels == label)
        # A stable sort: of equal contents, which draw the same number, those that come first are kept.
        yield positions[own[np.argsort(drawn[own], kind="stable")[:quota]]]
