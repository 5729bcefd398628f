"""A text encoder of hashed words, for tests of what stands around a real one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

START, END, WIDTH_STEP = 1, 2, 4


class ToyTextEncoder:
    """Words to numbers from 3 on; texts longer than `max_length` are cut, or read in windows.

    It notes the largest number of texts that it was given at once.
    """

    def __init__(self, max_length: int = 16, windows: int = 0) -> None:
        self.max_length = max_length
        self.windows = windows
        self.most_texts = 0

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        self.most_texts = max(self.most_texts, len(texts))
        return [
            np.asarray([3 + zlib.crc32(word.encode()) % 2**30 for word in text.split()], dtype=np.int32)
            for text in texts
        ]

    def pack(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        seen = self.max_length - 2
        if not self.windows:
            return self._padded([[row[:seen]] for row in rows], squeeze=True)
        pieces = [[row[i * seen : (i + 1) * seen] for i in range(max(self._count(row), 1))] for row in rows]
        return self._padded(pieces, squeeze=False)

    def truncated(self, row_lengths: np.ndarray) -> np.ndarray:
        return row_lengths > (self.max_length - 2) * max(self.windows, 1)

    def _count(self, row: np.ndarray) -> int:
        return min(-(-len(row) // (self.max_length - 2)), self.windows)

    def _padded(self, pieces: list[list[np.ndarray]], squeeze: bool) -> dict[str, np.ndarray]:
        longest = max(len(piece) for row in pieces for piece in row) + 2
        width = min(-(-longest // WIDTH_STEP) * WIDTH_STEP, self.max_length)
        token_ids = np.zeros((len(pieces), max(map(len, pieces)), width), np.int32)
        mask = np.zeros(token_ids.shape, np.bool_)
        for row, own in enumerate(pieces):
            for number, piece in enumerate(own):
                whole = [START, *piece, END]
                token_ids[row, number, : len(whole)] = whole
                mask[row, number, : len(whole)] = True
        return {
            "token_ids": token_ids[:, 0] if squeeze else token_ids,
            "padding_mask": mask[:, 0] if squeeze else mask,
        }
