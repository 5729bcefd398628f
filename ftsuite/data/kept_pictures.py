"""Decoded pictures that are kept between epochs, so that each is decoded or drawn once.

What is kept is just what decoding gives, so whether and where pictures are kept changes no pixel, and a resumed run may
keep them elsewhere than the run that it goes on with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ftsuite.data.drawn_pictures import draw_input

# What drawn pictures have in place of the pixels that their crops need: they are kept as they are drawn.
DRAWN = 0


class PictureRows(Protocol):
    """Pictures on the disk, by row."""

    def picture(self, row: int) -> np.ndarray:
        """``(height, width, 3)`` uint8, not to be written to."""
        ...


class KeptPictures:
    """Keeps decoded pictures; any number of threads may use it at the same time.

    Until `keep_in_memory` or `keep_rows` is called it keeps nothing.

    Attributes:
        needed: the pixels that the shorter side of a picture keeps for the crops of the run's own size; None where
            training cuts nothing out, and reads no pictures that were decoded for it.
        limit_bytes: that pictures in memory may take.
        size_bytes: that they take.
    """

    def __init__(self) -> None:
        self.needed: int | None = None
        self.limit_bytes = 0
        self.size_bytes = 0
        self._pictures: dict[tuple[str, int], np.ndarray] = {}
        self._rows: PictureRows | None = None
        self._row_numbers: Mapping[str, int] = {}
        self._rows_needed = DRAWN
        self._lock = threading.Lock()

    def keep_in_memory(self, limit_bytes: int) -> None:
        """Keep pictures as they come, until they take so many bytes together; those beyond are made anew each time."""
        self.limit_bytes = limit_bytes

    @property
    def has_room(self) -> bool:
        """Whether more pictures may be offered."""
        return self.size_bytes < self.limit_bytes

    def keep_rows(self, rows: PictureRows, numbers: Mapping[str, int], needed: int) -> None:
        """Use pictures that were written before.

        Args:
            rows: the pictures.
            numbers: the row of each source.
            needed: with which they were decoded (`ftsuite.data.crop_boxes.side_needed`), or `DRAWN`.
        """
        self._row_numbers, self._rows_needed, self._rows = numbers, needed, rows

    def find(self, source: str, needed: int) -> np.ndarray | None:
        """A kept picture ``(height, width, 3)`` uint8, not to be written to, or None.

        Args:
            source: its input, as `ftsuite.api.Examples.inputs` has it.
            needed: with which it was decoded, or `DRAWN`.
        """
        if self._rows is not None and needed == self._rows_needed:
            row = self._row_numbers.get(source)
            if row is not None:
                return self._rows.picture(row)
        return self._pictures.get((source, needed))

    def offer(self, source: str, needed: int, pixels: np.ndarray) -> None:
        """Keep a picture if there is room for it. Arguments as of `find`."""
        if self.size_bytes + pixels.nbytes > self.limit_bytes:
            return
        # A view would hold all of what it is a part of.
        pixels = pixels if pixels.base is None else pixels.copy()
        pixels.setflags(write=False)
        with self._lock:
            if (source, needed) not in self._pictures and self.size_bytes + pixels.nbytes <= self.limit_bytes:
                self._pictures[source, needed] = pixels
                self.size_bytes += pixels.nbytes

    def drawn(self, source: str) -> np.ndarray:
        """A picture of the field guide ``(pixels, pixels, 3)`` uint8, not to be written to."""
        found = self.find(source, DRAWN)
        if found is None:
            found = draw_input(source)
            self.offer(source, DRAWN, found)
        return found
