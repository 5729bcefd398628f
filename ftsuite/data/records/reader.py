"""Reading records by their row, in any order and from several threads."""

from __future__ import annotations

import os
import threading
import weakref
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ftsuite.data.records.index import RecordsIndex, read_rows
from ftsuite.data.records.layout import INDEX, RecordsHead, file_sha256, read_head
from ftsuite.errors import ArtifactError, DataError

_DAMAGED = "Check the folder with `ftsuite data prepare CONFIG --out FOLDER --verify`, and prepare the data again."


class Records:
    """An opened folder of records. Only its index is in memory, under 100 bytes a row and its id.

    Args:
        folder: of the records.
        head: what its records.json says.
        index: of its rows.

    Attributes:
        failure: what the last read that failed has raised, or None.
    """

    def __init__(self, folder: Path, head: RecordsHead, index: RecordsIndex) -> None:
        self.folder = folder
        self.head = head
        self.index = index
        self.failure: DataError | None = None
        self._descriptors: dict[int, int] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._descriptors)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def mean_bytes(self) -> float:
        """Bytes of a content in the mean."""
        return float(self.index.size.mean()) if len(self.index) else 0.0

    def contents(self, row: int) -> bytes:
        """The encoded picture, or the text as UTF-8, of one row.

        Raises:
            DataError: it is not what was written, or cannot be read; names the row.
        """
        index = self.index
        size, shard = int(index.size[row]), int(index.shard[row])
        try:
            content = os.pread(self._descriptor(shard), size, int(index.offset[row]))
        except OSError as error:
            raise self._lost(row, error.strerror or str(error)) from error
        if len(content) != size or zlib.crc32(content) != int(index.crc32[row]):
            raise self._lost(row, "its bytes are not those that were written")
        return content

    def many(self, rows: Sequence[int] | np.ndarray) -> list[bytes]:
        """`contents` of several rows."""
        return [self.contents(int(row)) for row in rows]

    def _descriptor(self, shard: int) -> int:
        found = self._descriptors.get(shard)
        if found is None:
            with self._lock:
                found = self._descriptors.get(shard)
                if found is None:
                    path = self.folder / self.head.shards[shard].name
                    found = self._descriptors[shard] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return found

    def _lost(self, row: int, why: str) -> DataError:
        shard = self.head.shards[int(self.index.shard[row])].name
        self.failure = DataError(
            f"Expected the record of {self.index.ids[row]!r} as it was written. Received: row {row} of "
            f"{self.folder / shard}: {why}.",
            _DAMAGED,
        )
        return self.failure


_open: weakref.WeakValueDictionary[str, Records] = weakref.WeakValueDictionary()


def open_records(folder: str | Path) -> Records:
    """Open a folder of records; one that is open already in this process is the same object.

    Raises:
        DataError: no such folder, or no records in it.
        ArtifactError: files are missing, cut, or of another format.
    """
    path = Path(folder).absolute()
    head = read_head(path)
    known = _open.get(str(path))
    if known is not None and known.head == head:
        return known
    _require_sizes(path, head)
    if file_sha256(path / INDEX) != head.index.sha256:
        raise ArtifactError(f"Expected the index that was written. Received: {path / INDEX}, which differs.", _DAMAGED)
    index = read_rows(path / INDEX, with_splits=head.has_splits, with_groups=head.has_groups)
    if len(index) != head.examples:
        raise ArtifactError(f"Expected {head.examples:,} rows in {path / INDEX}. Received: {len(index):,}.", _DAMAGED)
    records = _open[str(path)] = Records(path, head, index)
    return records


@lru_cache(maxsize=1)
def last_opened(folder: str) -> Records:
    """`open_records`, kept open for the next call: for who has the name of a record and nothing else."""
    return open_records(folder)


def _require_sizes(folder: Path, head: RecordsHead) -> None:
    for file in (head.index, *head.shards):
        path = folder / file.name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ArtifactError(
                f"Expected the file {path}, which belongs to these records. Received: {error.strerror}.", _DAMAGED
            ) from error
        if size != file.size_bytes:
            raise ArtifactError(f"Expected {file.size_bytes:,} bytes in {path}. Received: {size:,}.", _DAMAGED)


def _close(descriptors: dict[int, int]) -> None:
    for descriptor in descriptors.values():
        os.close(descriptor)
