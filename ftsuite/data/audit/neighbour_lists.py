"""Nearest neighbours by cosine, in blocks of BLAS, over lists that bound the work where there are many vectors.

Up to `EXHAUSTIVE_VECTORS` every query is compared with every vector. Beyond, vectors are kept in lists around chosen
ones of them and a query looks into the nearest lists only, an inverted file as in Jégou, Douze and Schmid, "Product
quantization for nearest neighbor search", 2011 (https://doi.org/10.1109/TPAMI.2010.57).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

EXHAUSTIVE_VECTORS = 8_192
_LIST_VECTORS = 128
_LISTS_READ = 8
# Products of a block stay in the processor's cache.
_BLOCK_QUERIES = 1024
_BLOCK_VECTORS = 2048


class NeighbourLists:
    """Vectors to be found again.

    Args:
        vectors: ``(n, d)`` float32 of length 1, or 0: these are found by nothing.
        exhaustive: up to so many vectors are all compared.
        lists_read: how many lists a query looks into.
    """

    def __init__(
        self, vectors: np.ndarray, exhaustive: int = EXHAUSTIVE_VECTORS, lists_read: int = _LISTS_READ
    ) -> None:
        self._vectors = vectors
        self._lists_read = lists_read
        self._centres: np.ndarray | None = None
        self._lists: list[np.ndarray] = []
        if len(vectors) > exhaustive:
            count = max(2, len(vectors) // _LIST_VECTORS)
            # Fixed, so that the same data gives the same neighbours.
            chosen = np.random.default_rng(0).choice(len(vectors), size=count, replace=False)
            self._centres = vectors[np.sort(chosen)]
            nearest = np.concatenate([part[:, 0] for part in self._nearest_lists(vectors, 1)])
            order = np.argsort(nearest, kind="stable")
            self._lists = np.split(order, np.searchsorted(nearest[order], np.arange(1, count)))

    def search(
        self, queries: np.ndarray, threshold: float, most: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Find vectors with a cosine of at least `threshold`, the `most` nearest of each list that a query looks into.

        Args:
            queries: ``(n, d)`` float32, in the order of the vectors: a query does not find the vector of its own place.
            threshold: least cosine.
            most: bound of what one query finds in one list.

        Yields:
            Places of queries ``(k,)``, of vectors ``(k,)`` and their cosines ``(k,)`` float32.
        """
        if self._centres is None:
            for start in range(0, len(self._vectors), _BLOCK_VECTORS):
                members = np.arange(start, min(start + _BLOCK_VECTORS, len(self._vectors)))
                yield from self._compare(queries, np.arange(len(queries)), members, threshold, most)
            return
        read = np.concatenate(list(self._nearest_lists(queries, min(self._lists_read, len(self._lists)))))
        order = np.argsort(read, axis=None, kind="stable")
        bounds = np.searchsorted(read.ravel()[order], np.arange(len(self._lists) + 1))
        for number, members in enumerate(self._lists):
            asking = order[bounds[number] : bounds[number + 1]] // read.shape[1]
            for start in range(0, len(members), _BLOCK_VECTORS):
                yield from self._compare(queries, asking, members[start : start + _BLOCK_VECTORS], threshold, most)

    def _nearest_lists(self, queries: np.ndarray, count: int) -> Iterator[np.ndarray]:
        assert self._centres is not None
        for start in range(0, len(queries), _BLOCK_QUERIES):
            cosines = queries[start : start + _BLOCK_QUERIES] @ self._centres.T
            if count >= cosines.shape[1]:
                yield np.tile(np.arange(cosines.shape[1], dtype=np.int32), (len(cosines), 1))
            else:
                yield np.argpartition(-cosines, count, axis=1)[:, :count].astype(np.int32)

    def _compare(
        self, queries: np.ndarray, asking: np.ndarray, members: np.ndarray, threshold: float, most: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        vectors = self._vectors[members]
        for start in range(0, len(asking) if len(members) else 0, _BLOCK_QUERIES):
            rows = asking[start : start + _BLOCK_QUERIES]
            cosines = queries[rows] @ vectors.T
            own = np.minimum(np.searchsorted(members, rows), len(members) - 1)
            itself = np.flatnonzero(members[own] == rows)
            cosines[itself, own[itself]] = -2.0
            # Most rows hold no near one: a single pass for their largest, and no more, is spent on them.
            hits = np.flatnonzero(cosines.max(axis=1) >= threshold)
            near = cosines[hits] >= threshold
            for crowded in np.flatnonzero(near.sum(axis=1) > most):
                near[crowded] = False
                near[crowded, np.argpartition(-cosines[hits[crowded]], most)[:most]] = True
            at_hit, at_member = np.nonzero(near)
            if len(at_hit):
                yield rows[hits[at_hit]], members[at_member], cosines[hits[at_hit], at_member]
