"""Memory for batches that is used again once nobody holds the batch any more.

New memory of some megabytes comes from the system a page at a time and goes back as soon as it is free, which costs a
sixth of the time in which a batch of small pictures is made.
"""

from __future__ import annotations

import math
import sys
import threading

import numpy as np

# TensorFlow takes memory over as it is if it begins at such an address, and copies what begins elsewhere.
_ALIGNMENT = 64
_MOST_BLOCKS = 16
_LARGEST_BYTES = 64 * 2**20


class BatchMemory:
    """Gives arrays; any number of threads may ask at the same time."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._lock = threading.Lock()

    def of(self, shape: tuple[int, ...]) -> np.ndarray:
        """An array of uint8 and of any content, which nobody else has."""
        count = math.prod(shape)
        if count > _LARGEST_BYTES:
            return _aligned(np.empty(count + _ALIGNMENT, np.uint8), shape)
        with self._lock:
            for number in range(len(self._blocks)):
                if self._blocks[number].size == count + _ALIGNMENT and _references(self._blocks, number) == _UNUSED:
                    return _aligned(self._blocks[number], shape)
            block = np.empty(count + _ALIGNMENT, np.uint8)
            if len(self._blocks) == _MOST_BLOCKS:
                del self._blocks[0]  # whoever holds it keeps it; it is only not used again
            self._blocks.append(block)
            return _aligned(block, shape)


def _aligned(block: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    start = -block.ctypes.data % _ALIGNMENT
    return block[start : start + math.prod(shape)].reshape(shape)


def _references(blocks: list[np.ndarray], number: int) -> int:
    """How often a block is referred to: by the list, by this call, and by every array that shows a part of it."""
    return sys.getrefcount(blocks[number])


# Measured, since it is Python's own affair how many references a call makes.
_UNUSED = _references([np.empty(1, np.uint8)], 0)
