"""Hashes that tell whether two runs had the same data, and the same split of it, whatever the order of the rows.

Each row's sha256 is added up modulo 2^256: equal rows count as often as they stand, the order says nothing, and rows
are read one at a time. (M. Bellare, D. Micciancio, 1997, https://doi.org/10.1007/3-540-69053-0_13; it tells mistakes,
and not attacks.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ftsuite.api import Examples

_MODULUS = 2**256


class RowsHash:
    """A hash of rows that come one at a time."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, *values: str) -> None:
        """Count one row."""
        row = "\0".join(values).encode("utf-8", "surrogatepass")
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(row).digest(), "big")) % _MODULUS

    def hexdigest(self) -> str:
        """Of the rows so far, 64 digits."""
        return f"{self._sum:064x}"


def split_hashes(examples: Examples, splits: Iterable[str]) -> dict[str, str]:
    """The hashes that split.json holds.

    Args:
        examples: what was split.
        splits: of each.

    Returns:
        ``data_sha256``, of contents with their class names, and ``split_sha256``, of contents with their splits.
        Neither depends on ids, so that files may be renamed and rows moved.
    """
    data, split = RowsHash(), RowsHash()
    labels = (examples.class_names[label] for label in examples.labels.tolist())
    for content, label, side in zip(examples.content_hashes, labels, splits, strict=True):
        data.add(content, label)
        split.add(content, str(side))
    return {"data_sha256": data.hexdigest(), "split_sha256": split.hexdigest()}
