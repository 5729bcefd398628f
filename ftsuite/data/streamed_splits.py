"""Splits of examples that stay on the disk: each row's draw from its content hash, a block of rows at a time.

The draws are those of `ftsuite.data.splits`, so that rows lie on the sides where they would lie in memory. Two things
need all rows in memory at once and are left out: a class that drew no example of a split is given none, and there are
no groups. Rows of equal content draw the same number and stay together by that alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import TEST, TRAIN, VALIDATION, draw
from ftsuite.data.text_stream import StreamHashes, disk_array

_BLOCK = 65536


def split_stream(examples: Examples, *, validation_fraction: float, test_fraction: float, seed: int) -> np.ndarray:
    """`ftsuite.data.splits.split_examples` for streamed examples.

    Returns:
        ``(n,)`` str, mapped from the disk.
    """
    assert isinstance(examples.content_hashes, StreamHashes)
    result = disk_array(len(examples), "<U10")
    official = examples.splits
    cut_test = test_fraction > 0 and not _holds(official, TEST)
    cut_validation = validation_fraction > 0 and not _holds(official, VALIDATION)
    pinned = _pinned_contents(examples.content_hashes, official, train_is_free=cut_validation or cut_test)
    for start, hashes in _blocks(examples.content_hashes):
        block = slice(start, start + len(hashes))
        sides = [
            _drawn(f"content|{content}", seed, test_fraction * cut_test, validation_fraction * cut_validation)
            for content in hashes
        ]
        drawn = np.asarray(sides, dtype="<U10")
        if official is not None:
            drawn = _beside_official(
                drawn, np.asarray(official[block]), hashes.prefixes(), pinned, cut_validation or cut_test
            )
        result[block] = drawn
    return result


def _drawn(key: str, seed: int, test_fraction: float, validation_fraction: float) -> str:
    if test_fraction and draw(seed, TEST, key) < test_fraction:
        return TEST
    return VALIDATION if validation_fraction and draw(seed, VALIDATION, key) < validation_fraction else TRAIN


def _holds(official: np.ndarray | None, split: str) -> bool:
    return official is not None and bool(np.any(official == split))


def _pinned_contents(hashes: StreamHashes, official: np.ndarray | None, train_is_free: bool) -> dict[str, np.ndarray]:
    """Contents (by the first 8 bytes of their hash) of the official test and validation.

    Rows of these contents without an official split follow them, unless one that may be drawn stands in the training.
    """
    if official is None:
        return {}
    prefixes = hashes.prefixes()
    free = np.unique(prefixes[official == TRAIN]) if train_is_free else np.zeros(0, prefixes.dtype)
    return {split: np.setdiff1d(prefixes[official == split], free) for split in (TEST, VALIDATION)}


def _beside_official(
    drawn: np.ndarray, official: np.ndarray, prefixes: np.ndarray, pinned: dict[str, np.ndarray], train_is_free: bool
) -> np.ndarray:
    """What was drawn, where neither the row's own official split nor its content's says otherwise."""
    unsplit = official == ""
    for split in (VALIDATION, TEST):
        drawn[unsplit & np.isin(prefixes, pinned[split])] = split
    kept = ~unsplit & ~((official == TRAIN) & train_is_free)
    drawn[kept] = official[kept]
    return drawn


def _blocks(hashes: StreamHashes) -> Iterator[tuple[int, StreamHashes]]:
    for start in range(0, len(hashes), _BLOCK):
        yield start, hashes[start : start + _BLOCK]
