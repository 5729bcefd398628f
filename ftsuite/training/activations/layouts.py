"""What one row of kept activations holds, how many bytes it takes, and whether a batch of rows is as promised."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class RowLayout:
    """One named array of each row.

    Attributes:
        name: of the boundary at which the trunk was cut.
        dtype: a NumPy dtype's name, such as "float32"; names that a library registered (bfloat16) are known once that
            library is imported.
        shape: of one row; its first entry may be None where each row has a length of its own (ragged).

    Raises:
        ValueError: a None after the first entry, a negative size, or a dtype that is not of plain numbers.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __post_init__(self) -> None:
        if any(size is None for size in self.shape[1:]) or any(size is not None and size < 0 for size in self.shape):
            raise ValueError(f"Only the first size of {self.name} may be None, and none negative: {self.shape}")
        dtype = np.dtype(self.dtype)
        if dtype.hasobject or dtype.names or dtype.kind in "SUMm" or dtype.itemsize == 0:
            raise ValueError(f"{self.name} should hold plain numbers or booleans. Received: {self.dtype}.")
        object.__setattr__(self, "dtype", dtype.name)
        object.__setattr__(self, "shape", tuple(None if size is None else int(size) for size in self.shape))

    @property
    def ragged(self) -> bool:
        """Whether rows have lengths of their own."""
        return self.shape[:1] == (None,)

    @property
    def item_shape(self) -> tuple[int, ...]:
        """The shape of one stored item: of a whole row, or of one step of a ragged one."""
        return tuple(size for size in self.shape if size is not None)

    @property
    def item_bytes(self) -> int:
        """The bytes of one stored item."""
        return math.prod(self.item_shape) * np.dtype(self.dtype).itemsize


def row_bytes(layouts: Sequence[RowLayout], mean_length: float | None = None) -> int:
    """Bytes that one row takes on average, rounded up.

    Args:
        layouts: of a row.
        mean_length: the mean number of steps of a ragged row; needed where there is a ragged layout.

    Raises:
        ValueError: a ragged layout and no mean length.
    """
    if mean_length is None and any(layout.ragged for layout in layouts):
        raise ValueError("A ragged layout needs mean_length.")
    return math.ceil(sum(layout.item_bytes * (mean_length or 0 if layout.ragged else 1) for layout in layouts))


class ArrivingRows:
    """Checks batches as they arrive and remembers how many rows came, and how long each is.

    Args:
        layouts: of a row, each name once.

    Raises:
        ValueError: no layout, or a name that comes twice.
    """

    def __init__(self, layouts: Sequence[RowLayout]) -> None:
        self.layouts = tuple(layouts)
        if not layouts or len({layout.name for layout in layouts}) < len(layouts):
            raise ValueError(f"Expected layouts with names of their own. Received: {[each.name for each in layouts]}.")
        self.ragged = any(layout.ragged for layout in layouts)
        self.count = 0
        self._lengths: list[np.ndarray] = []

    @property
    def lengths(self) -> np.ndarray | None:
        """The length of each row in order of arrival, (count,) int64; None where no layout is ragged."""
        return np.concatenate([np.zeros(0, np.int64), *self._lengths]) if self.ragged else None

    def check(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None) -> tuple[int, np.ndarray | None]:
        """Check a batch and return its number of rows and its lengths as int64; nothing is remembered yet.

        Raises:
            ValueError: names, dtypes, shapes or lengths that are not as the layouts say.
        """
        if set(arrays) != {layout.name for layout in self.layouts}:
            raise ValueError(f"Expected {[layout.name for layout in self.layouts]}. Received: {sorted(arrays)}.")
        if (lengths is not None) != self.ragged:
            raise ValueError("Lengths belong to ragged layouts, and to them alone.")
        count = len(arrays[self.layouts[0].name])
        if lengths is not None:
            lengths = np.asarray(lengths)
            if lengths.shape != (count,) or lengths.dtype.kind not in "iu" or (lengths < 0).any():
                raise ValueError(f"Expected {count} lengths, whole and not negative. Received: {lengths!r}.")
            lengths = lengths.astype(np.int64)
        for layout in self.layouts:
            _check_array(layout, arrays[layout.name], count, 0 if lengths is None else int(lengths.max(initial=0)))
        return count, lengths

    def add(self, count: int, lengths: np.ndarray | None) -> None:
        """Remember a batch that was checked and kept."""
        self.count += count
        if lengths is not None:
            self._lengths.append(lengths)

    def checked_order(self, order: np.ndarray) -> np.ndarray:
        """Return `order` as int64.

        Raises:
            ValueError: it is not a list of rows that arrived.
        """
        order = np.asarray(order)
        if order.ndim != 1 or (order.size and order.dtype.kind not in "iu"):
            raise ValueError(f"Expected the numbers of rows, (rows,). Received: {order.dtype} {order.shape}.")
        if order.size and not (order.min() >= 0 and order.max() < self.count):
            raise ValueError(f"Expected numbers of the {self.count} rows. Received: {order.min()} to {order.max()}.")
        return order.astype(np.int64)


def _check_array(layout: RowLayout, array: np.ndarray, count: int, longest: int) -> None:
    steps = array.shape[1:2] if layout.ragged else ()
    shape = (count, *steps, *layout.item_shape)
    if array.dtype != np.dtype(layout.dtype) or array.shape != shape or array.ndim != 1 + len(layout.shape):
        raise ValueError(
            f"Expected {layout.name} as {layout.dtype} ({count}, {', '.join(map(str, layout.shape))}). "
            f"Received: {array.dtype} {array.shape}."
        )
    if steps and steps[0] < longest:
        raise ValueError(f"{layout.name} has {steps[0]} steps, and a row of the batch should have {longest}.")


def real_items(layout: RowLayout, array: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Return a batch without its padding, (items, *item_shape) in C order; it may share memory with `array`."""
    if layout.ragged and lengths is not None:
        array = array[np.arange(array.shape[1]) < lengths[:, None]]
    return np.ascontiguousarray(array)
