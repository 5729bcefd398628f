"""From pairs of alike examples to groups that a person can look at, none of them an endless chain."""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np

# So many fit on a line of a page, and a chain of so few is still one scene: beyond it, a is like b and b is like c
# says little about a and c.
LARGEST_CHAIN = 12


def grouped(pairs: np.ndarray, largest_chain: int = LARGEST_CHAIN) -> list[tuple[np.ndarray, np.ndarray]]:
    """Put pairs into groups so that every pair lies in exactly one.

    Pairs that hang together, directly or through others, are one group while they hold at most `largest_chain`
    examples. Larger ones are taken apart into stars: the example with the most pairs left, together with everything
    paired with it directly, until no pair is left. An example can then lie in several groups.

    Args:
        pairs: ``(k, 2)`` int64, no pair twice and none of an example with itself.
        largest_chain: at least 2.

    Returns:
        Of each group its members ``(m,)`` int64, rising, and its pairs ``(j,)`` as rows of `pairs`, rising.

    Raises:
        ValueError: a chain shorter than a pair.
    """
    if largest_chain < 2:
        raise ValueError(f"Expected a largest chain of at least 2 examples. Received: {largest_chain!r}")
    groups: list[np.ndarray] = []
    for rows in _components(pairs):
        whole = len(np.unique(pairs[rows])) <= largest_chain
        groups.extend([rows] if whole else _stars(pairs, rows))
    return [(np.unique(pairs[rows]), rows) for rows in groups]


def _components(pairs: np.ndarray) -> list[np.ndarray]:
    """Rows of `pairs` that hang together, components in the order of their first row."""
    if not len(pairs):
        return []
    # Imported here: a second that an audit without a pair need not wait for.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, ends = np.unique(pairs, return_inverse=True)
    ends = ends.reshape(-1, 2)
    links = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes)))
    _, component = connected_components(links, directed=False)
    of_pair = component[ends[:, 0]]
    order = np.argsort(of_pair, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(of_pair[order])) + 1)
    return sorted(parts, key=lambda rows: int(rows[0]))


def _stars(pairs: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    left: dict[int, set[int]] = defaultdict(set)
    ends = {int(row): (int(pairs[row, 0]), int(pairs[row, 1])) for row in rows}
    for row, (first, second) in ends.items():
        left[first].add(row)
        left[second].add(row)
    # Entries grow stale as pairs are taken; a stale one is put back with the number that is true by then.
    heap = [(-len(own), node) for node, own in left.items()]
    heapq.heapify(heap)
    stars = []
    while heap:
        negative_count, node = heapq.heappop(heap)
        own = left[node]
        if len(own) != -negative_count:
            if own:
                heapq.heappush(heap, (-len(own), node))
            continue
        if not own:
            continue
        stars.append(np.asarray(sorted(own), dtype=np.int64))
        for row in list(own):
            first, second = ends[row]
            left[first].discard(row)
            left[second].discard(row)
    return stars
