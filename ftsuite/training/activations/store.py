"""The outputs of a frozen trunk, computed once and then gathered in random batches while the tail trains.

A writer takes rows as they come out of the trunk and ends in `Activations`. This file keeps them in memory;
`ftsuite.training.activations.folder` keeps them on disk.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from ftsuite.errors import ResourceError
from ftsuite.training.activations.columns import Column, gather_fixed, gather_ragged, make_column
from ftsuite.training.activations.layouts import ArrivingRows, RowLayout, real_items

BLOCK_BYTES = 256 * 2**20


class Activations:
    """Kept rows; any number of threads may gather at the same time.

    Args:
        columns: of each layout.
        order: `order[i]` is the number of arrival of row i, (count,) int64.
        lengths: of each row in order of arrival, int64; None where no layout is ragged.
    """

    def __init__(self, columns: Sequence[Column], order: np.ndarray, lengths: np.ndarray | None) -> None:
        self.layouts: tuple[RowLayout, ...] = tuple(column.layout for column in columns)
        self.count: int = len(order)
        self.size_bytes: int = sum(column.size_bytes for column in columns)
        self.lengths: np.ndarray | None = None if lengths is None else lengths[order]
        if self.lengths is not None:
            self.lengths.flags.writeable = False
        self._columns: tuple[Column, ...] | None = tuple(columns)
        self._order = order
        self._offsets = np.concatenate([[0], np.cumsum(np.zeros(0, np.int64) if lengths is None else lengths)])
        self._release: weakref.finalize[[], Activations] | None = None

    def gather(self, rows: np.ndarray, *, width: int | None = None) -> dict[str, np.ndarray]:
        """Copy rows out.

        Args:
            rows: their numbers, (batch,) of an integer dtype, in any order, repeated or not.
            width: pad ragged arrays to this many steps; by default to the longest row of the batch.

        Returns:
            Each layout's name with (batch, *shape), or (batch, width, …) padded with zeros or False where it is ragged.

        Raises:
            IndexError: a row that is not there.
            ValueError: rows that are not (batch,) of integers, or a `width` less than the longest row.
            RuntimeError: after `close`.
        """
        columns = self._columns
        if columns is None:
            raise RuntimeError("These activations were closed.")
        arrived = self._order[_checked_rows(rows, self.count)]
        if self.lengths is not None:
            longest = int((self._offsets[arrived + 1] - self._offsets[arrived]).max(initial=0))
            if width is not None and width < longest:
                raise ValueError(f"The longest of these rows has {longest} steps. Received: a width of {width}.")
            steps = longest if width is None else width
        return {
            column.layout.name: gather_ragged(column, arrived, self._offsets, steps)
            if column.layout.ragged
            else gather_fixed(column, arrived)
            for column in columns
        }

    def view(self, name: str, row: int) -> np.ndarray:
        """One row of one layout where it lies, without copying: its shape, or of a ragged one (length, …).

        Not to be written to. Raises as `gather`, and KeyError for a layout that is not there.
        """
        columns = self._columns
        if columns is None:
            raise RuntimeError("These activations were closed.")
        column = next((column for column in columns if column.layout.name == name), None)
        if column is None:
            raise KeyError(name)
        if not 0 <= row < self.count:
            raise IndexError(f"Expected the number of one of {self.count} rows. Received: {row}.")
        arrived = int(self._order[row])
        block = int(np.searchsorted(column.first_rows, arrived, side="right")) - 1
        first = int(column.first_rows[block])
        if not column.layout.ragged:
            return column.blocks[block][arrived - first]
        start = int(self._offsets[first])
        return column.blocks[block][int(self._offsets[arrived]) - start : int(self._offsets[arrived + 1]) - start]

    def when_closed(self, release: Callable[[], None]) -> None:
        """Have `release` called once: by `close`, or when nothing refers to this object, or when Python ends."""
        self._release = weakref.finalize(self, release)

    def close(self) -> None:
        """Give back the memory or the files, which then may be evicted; a second call does nothing."""
        self._columns = None
        if self._release is not None:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class ActivationWriter(Protocol):
    """Takes rows in order of arrival. Use it as a context: left without `finish`, it leaves nothing behind."""

    def append(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None = None) -> None:
        """Take a batch of rows; the arrays may be used for something else afterwards.

        Args:
            arrays: by name of the layout, (batch, *shape); ragged ones padded at the end, (batch, width, …).
            lengths: how many leading steps of each row are real, (batch,) of an integer dtype, the same for every
                ragged layout; only these are kept. None where no layout is ragged.

        Raises:
            ValueError: arrays or lengths that are not as the layouts say.
            ResourceError: no room in memory or on disk, or a folder that cannot be written to; the writer is closed.
            RuntimeError: after `finish` or `close`.
        """

    def finish(self, order: np.ndarray) -> Activations:
        """End with all rows, and return them.

        Args:
            order: `order[i]` says which row of arrival is row i from now on, (rows,) of an integer dtype.

        Raises:
            ValueError: a number in `order` that no row has; the writer can still be finished.
            ResourceError: as `append`.
            RuntimeError: after `finish` or `close`.
        """

    def close(self) -> None:
        """Give up what is not finished; nothing to do after `finish`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def memory_writer(layouts: Sequence[RowLayout], *, block_bytes: int = BLOCK_BYTES) -> ActivationWriter:
    """Make a writer that keeps rows in memory.

    Args:
        layouts: of a row.
        block_bytes: rows are joined in blocks of about this size; the memory needed is that of all rows and of one
            block more.
    """
    return _MemoryWriter(layouts, block_bytes)


class _MemoryWriter:
    def __init__(self, layouts: Sequence[RowLayout], block_bytes: int) -> None:
        self._rows = ArrivingRows(layouts)
        self._block_bytes = block_bytes
        self._blocks: dict[str, _Blocks] | None = {layout.name: _Blocks() for layout in layouts}

    def append(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None = None) -> None:
        blocks = self._open_blocks()
        count, lengths = self._rows.check(arrays, lengths)
        if not count:
            return
        try:
            for layout in self._rows.layouts:
                items = real_items(layout, arrays[layout.name], lengths)
                if np.may_share_memory(items, arrays[layout.name]):
                    items = items.copy()
                blocks[layout.name].add(items, self._rows.count, self._block_bytes)
        except MemoryError as error:
            self.close()
            raise _memory_full() from error
        self._rows.add(count, lengths)

    def finish(self, order: np.ndarray) -> Activations:
        blocks = self._open_blocks()
        order = self._rows.checked_order(order)
        try:
            columns = []
            for layout in self._rows.layouts:
                blocks[layout.name].join()
                columns.append(make_column(layout, blocks[layout.name].joined, blocks[layout.name].first_rows))
        except MemoryError as error:
            raise _memory_full() from error
        finally:
            self.close()
        return Activations(columns, order, self._rows.lengths)

    def close(self) -> None:
        self._blocks = None

    def _open_blocks(self) -> dict[str, _Blocks]:
        if self._blocks is None:
            raise RuntimeError("This writer was finished or closed.")
        return self._blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Blocks:
    """Batches of one layout, joined to a block whenever enough are there."""

    def __init__(self) -> None:
        self.joined: list[np.ndarray] = []
        self.first_rows: list[int] = []
        self._loose: list[np.ndarray] = []
        self._loose_bytes = 0
        self._first_row = 0

    def add(self, items: np.ndarray, first_row: int, block_bytes: int) -> None:
        if not self._loose:
            self._first_row = first_row
        self._loose.append(items)
        self._loose_bytes += items.nbytes
        if self._loose_bytes >= block_bytes:
            self.join()

    def join(self) -> None:
        if self._loose:
            self.joined.append(self._loose[0] if len(self._loose) == 1 else np.concatenate(self._loose))
            self.first_rows.append(self._first_row)
            self._loose, self._loose_bytes = [], 0


def _checked_rows(rows: np.ndarray, count: int) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ValueError(f"Expected the numbers of rows, (batch,). Received: {rows.dtype} {rows.shape}.")
    if rows.size and not (rows.min() >= 0 and rows.max() < count):
        raise IndexError(f"Expected numbers of the {count} rows. Received: {rows.min()} to {rows.max()}.")
    return rows.astype(np.int64)


def _memory_full() -> ResourceError:
    return ResourceError(
        "The activations should fit into memory. Received: there is no more of it.",
        "Keep them on disk, or train without keeping them.",
    )
