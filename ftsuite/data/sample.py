"""A quick look: some of all examples, before they are split, so that every split shrinks alike.

All examples stand in one order that content and seed decide, and a sample is its beginning: so a larger sample holds
every smaller one. Within a class the order is that of a number drawn from the content; classes take turns as the
divisor method of Webster (Sainte-Laguë) gives out seats, each by its size. With official splits each class of each
split takes turns for itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import draw
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.config import SampleSize

_CUT = "sample"


def sample_examples(examples: Examples, size: SampleSize | None, seed: int) -> Examples:
    """Some of the examples, in their own order, each class by its share and with one example at least.

    Args:
        examples: of any source, not yet split.
        size: how many, None for all.
        seed: another seed chooses others.

    Returns:
        The examples kept, with a note on how many were left out.

    Raises:
        DataError: fewer examples than classes are asked for.
    """
    if size is None or size.count(len(examples)) >= len(examples):
        return examples
    wanted = size.count(len(examples))
    classes = len(np.unique(examples.labels))
    if wanted < classes:
        raise DataError(
            f"Expected data.sample to leave every class an example: at least {classes:,}. Received: {size}, which is "
            f"{wanted:,} of {len(examples):,} examples.",
            f"Write `sample: {10 * classes}`, for about ten of each class.",
        )
    kept = np.sort(sample_order(examples, seed)[:wanted])
    note = (
        f"A sample of {wanted:,} of {len(examples):,} examples (data.sample: {size}), chosen by content and seed, each "
        "class by its share: figures are for a quick look."
    )
    return replace(examples.take(kept), notes=(*examples.notes, note))


def sample_order(examples: Examples, seed: int) -> np.ndarray:
    """All positions ``(n,)`` int64 in the order in which samples take them."""
    strata = examples.labels.astype(np.int64)
    if examples.splits is not None:
        _, split_numbers = np.unique(examples.splits, return_inverse=True)
        strata = strata * (int(split_numbers.max()) + 1) + split_numbers
    draws = np.asarray([draw(seed, _CUT, f"content|{content}") for content in examples.content_hashes])
    turns = _ranks(strata, draws)
    counts = np.bincount(strata)[strata]
    return np.lexsort((draws, (turns + 0.5) / counts, ~_first_of_classes(examples, draws))).astype(np.int64)


def _first_of_classes(examples: Examples, draws: np.ndarray) -> np.ndarray:
    """``(n,)`` bool: the first of each class to train on, which no sample goes without."""
    free = np.ones(len(examples), bool) if examples.splits is None else np.isin(examples.splits, ("", "train"))
    positions = np.flatnonzero(free)
    first = np.zeros(len(examples), dtype=bool)
    first[positions[_ranks(examples.labels[positions], draws[positions]) == 0]] = True
    return first


def _ranks(groups: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """How many of its own group have a smaller draw, for each ``(n,)``; of equal draws those that come first."""
    order = np.lexsort((draws, groups))
    sorted_groups = groups[order]
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.searchsorted(sorted_groups, sorted_groups, side="left")
    return ranks
