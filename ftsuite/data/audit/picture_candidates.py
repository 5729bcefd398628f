"""Which pairs of pictures are worth a closer look: the nearest by descriptors of windows and mirror images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftsuite.api import Progress
from ftsuite.data.audit.neighbour_lists import EXHAUSTIVE_VECTORS, NeighbourLists
from ftsuite.data.audit.picture_descriptors import DESCRIPTOR_SIZE, Window, descriptors, mirrored, windows

_BLOCK_PICTURES = 2048


@dataclass(frozen=True, slots=True)
class Candidate:
    """A window of one picture that looks like the whole of another one, or like its mirror image."""

    windowed: int
    whole: int
    window: Window
    mirror: bool
    cosine: float


def candidates(
    thumbnails: np.ndarray,
    least_cosine: float,
    most: int,
    exhaustive: int = EXHAUSTIVE_VECTORS,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Find pairs of pictures that may be near duplicates.

    Args:
        thumbnails: ``(n, size, size)`` uint8.
        least_cosine: of descriptors.
        most: of each picture at most so many partners are given, the nearest.
        exhaustive: above so many pictures only lists of similar ones are searched, see `NeighbourLists`.
        progress: called as (label, views compared, views in all).

    Returns:
        Each pair once, in the order of its places, with the window by which it looks most alike.
    """
    looked = windows()
    lists = NeighbourLists(_described(thumbnails, looked[0]), exhaustive)
    table = np.zeros((0, 4), dtype=np.float64)  # picture, partner, cosine, number of the window and mirror
    for number, window in enumerate(looked):
        upright = _described(thumbnails, window)
        for mirror in (0, 1):
            queries = mirrored(upright) if mirror else upright
            for asking, found, cosines in lists.search(queries, least_cosine, most):
                view = np.full(len(asking), 2 * number + mirror)
                table = np.concatenate([table, np.stack([asking, found, cosines, view], axis=1)])
                if len(table) > 4 * most * len(thumbnails):
                    table = _nearest(table, most)
            table = _nearest(table, most)
            if progress is not None:
                progress("Comparing views of pictures", 2 * number + mirror + 1, 2 * len(looked))
    return _pairs(table, looked)


def _described(thumbnails: np.ndarray, window: Window) -> np.ndarray:
    described = np.zeros((len(thumbnails), DESCRIPTOR_SIZE), dtype=np.float32)
    for start in range(0, len(thumbnails), _BLOCK_PICTURES):
        described[start : start + _BLOCK_PICTURES] = descriptors(thumbnails[start : start + _BLOCK_PICTURES], window)
    return described


def _nearest(table: np.ndarray, most: int) -> np.ndarray:
    """Rows of the best view of each partner, and of each picture the `most` nearest partners."""
    table = table[np.lexsort((table[:, 3], -table[:, 2], table[:, 1], table[:, 0]))]
    table = table[_first_of(table[:, :2])]
    table = table[np.lexsort((table[:, 1], -table[:, 2], table[:, 0]))]
    starts = np.flatnonzero(_first_of(table[:, :1]))
    rank = np.arange(len(table)) - np.repeat(starts, np.diff(np.append(starts, len(table))))
    return table[rank < most]


def _first_of(keys: np.ndarray) -> np.ndarray:
    """Where rows of sorted keys differ from the row before, ``(n,)`` bool."""
    changed = np.ones(len(keys), dtype=bool)
    changed[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    return changed


def _pairs(table: np.ndarray, looked: tuple[Window, ...]) -> list[Candidate]:
    low, high = table[:, :2].min(axis=1), table[:, :2].max(axis=1)
    order = np.lexsort((table[:, 3], -table[:, 2], high, low))
    chosen = table[order][_first_of(np.stack([low, high], axis=1)[order])]
    return [
        Candidate(int(windowed), int(whole), looked[int(view) // 2], bool(int(view) % 2), float(cosine))
        for windowed, whole, cosine, view in chosen
    ]
