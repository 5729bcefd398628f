"""Kept rows of one layout, in blocks of memory or of mapped files, and how batches are gathered from them.

Measured with rows of 88 KB and of 200 KB: a batch costs what copying its bytes costs, so each row is copied as few
times as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftsuite.training.activations.layouts import RowLayout


@dataclass(frozen=True)
class Column:
    """The items of one layout in order of arrival.

    Attributes:
        layout: of a row.
        blocks: each (items, *layout.item_shape); a row lies in one block whole.
        first_rows: the number of each block's first row, (blocks,) int64, rising.
    """

    layout: RowLayout
    blocks: tuple[np.ndarray, ...]
    first_rows: np.ndarray

    @property
    def size_bytes(self) -> int:
        """The bytes of all blocks."""
        return sum(block.nbytes for block in self.blocks)


def make_column(layout: RowLayout, blocks: Sequence[np.ndarray], first_rows: Sequence[int]) -> Column:
    """Make a column; one without rows gets an empty block, so that there is always one."""
    if not blocks:
        blocks, first_rows = [np.empty((0, *layout.item_shape), layout.dtype)], [0]
    return Column(layout, tuple(blocks), np.asarray(first_rows, np.int64))


def gather_fixed(column: Column, rows: np.ndarray) -> np.ndarray:
    """Copy rows of a fixed shape, (len(rows), *item_shape); `rows` are numbers of arrival that exist."""
    if len(column.blocks) == 1:
        return column.blocks[0].take(rows, axis=0)
    gathered = np.empty((len(rows), *column.layout.item_shape), column.layout.dtype)
    # Sorted, so that each block is asked once and a mapped file is read forwards.
    places = np.argsort(rows, kind="stable")
    ordered = rows[places]
    starts = np.searchsorted(ordered, column.first_rows)
    ends = np.append(starts[1:], len(rows))
    for number in np.flatnonzero(starts < ends):
        part = slice(starts[number], ends[number])
        gathered[places[part]] = column.blocks[number].take(ordered[part] - column.first_rows[number], axis=0)
    return gathered


def gather_ragged(column: Column, rows: np.ndarray, offsets: np.ndarray, width: int) -> np.ndarray:
    """Copy ragged rows, padded with zeros or False, (len(rows), width, *item_shape).

    Args:
        column: of a ragged layout.
        rows: numbers of arrival that exist.
        offsets: how many items lie before each row of the column, and at its end all, (arrived + 1,).
        width: no less than the longest of these rows.
    """
    gathered = np.empty((len(rows), width, *column.layout.item_shape), column.layout.dtype)
    blocks = np.searchsorted(column.first_rows, rows, side="right") - 1
    starts = offsets[rows] - offsets[column.first_rows[blocks]]
    lengths = offsets[rows + 1] - offsets[rows]
    places = np.argsort(rows, kind="stable")
    # A row's steps lie side by side, so a slice a row copies them once: twice as fast as index arrays over all steps.
    for place, block, start, length in zip(
        places.tolist(), blocks[places].tolist(), starts[places].tolist(), lengths[places].tolist(), strict=True
    ):
        gathered[place, :length] = column.blocks[block][start : start + length]
        gathered[place, length:] = 0
    return gathered
