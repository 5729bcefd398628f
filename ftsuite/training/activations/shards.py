"""Rows in files: shards written one after the other, and mapped into memory when they are read."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ftsuite.training.activations.columns import make_column
from ftsuite.training.activations.layouts import ArrivingRows, RowLayout, real_items
from ftsuite.training.activations.manifest import (
    MANIFEST_NAME,
    Manifest,
    Shard,
    damaged,
    manifest_text,
    read_manifest,
    shard_name,
)
from ftsuite.training.activations.store import Activations

SHARD_BYTES = 256 * 2**20
# Hashing is bound by one core; more threads than these wait for the disk.
_MOST_HASHING_THREADS = 4


class ShardWriter:
    """Writes rows into a folder; a folder without a manifest, the last file, is not whole.

    Args:
        folder: exists and is empty.
        layouts: of a row.
        shard_bytes: no shard is larger, unless one row is.

    Raises:
        ValueError: no layout, or a name that comes twice.
    """

    def __init__(self, folder: Path, layouts: Sequence[RowLayout], shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._rows = ArrivingRows(layouts)
        self._streams = [_Stream(folder, number, shard_bytes) for number in range(len(layouts))]

    @property
    def size_bytes(self) -> int:
        """The bytes of all shards so far."""
        return sum(stream.size_bytes for stream in self._streams)

    def batch_bytes(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None) -> int:
        """How many bytes `append` would add.

        Raises:
            ValueError: arrays or lengths that are not as the layouts say.
        """
        count, lengths = self._rows.check(arrays, lengths)
        steps = 0 if lengths is None else int(lengths.sum())
        return sum(layout.item_bytes * (steps if layout.ragged else count) for layout in self._rows.layouts)

    def append(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None) -> None:
        """Do as `ActivationWriter.append`.

        Raises:
            ValueError: arrays or lengths that are not as the layouts say.
            OSError: what was written is then good for nothing.
        """
        count, lengths = self._rows.check(arrays, lengths)
        for layout, stream in zip(self._rows.layouts, self._streams, strict=True):
            items = real_items(layout, arrays[layout.name], lengths)
            row_items = lengths if layout.ragged and lengths is not None else np.ones(count, np.int64)
            stream.write(items, row_items, layout.item_bytes, self._rows.count)
        self._rows.add(count, lengths)

    def checked_order(self, order: np.ndarray) -> np.ndarray:
        """Return `order` as int64.

        Raises:
            ValueError: it is not a list of rows that arrived.
        """
        return self._rows.checked_order(order)

    def seal(self, order: np.ndarray) -> None:
        """Write the manifest; when this returns, the disk has everything in the folder.

        Args:
            order: as `checked_order` returns it.

        Raises:
            OSError: as `append`.
        """
        lengths = self._rows.lengths
        for stream in self._streams:
            stream.close()
        manifest = Manifest(
            layouts=self._rows.layouts,
            arrived=self._rows.count,
            order=tuple(order.tolist()),
            lengths=None if lengths is None else tuple(lengths.tolist()),
            shards=tuple(shard for stream in self._streams for shard in stream.shards),
        )
        with (self._folder / MANIFEST_NAME).open("wb") as file:
            file.write(manifest_text(manifest).encode())
            _to_disk(file)
        sync_folder(self._folder)

    def close(self) -> None:
        """Close the files; what is in the folder is for the caller to remove."""
        for stream in self._streams:
            stream.abandon()


class _Stream:
    """The shards of one layout."""

    def __init__(self, folder: Path, layout: int, shard_bytes: int) -> None:
        self.shards: list[Shard] = []
        self.size_bytes = 0
        self._folder, self._layout, self._shard_bytes = folder, layout, shard_bytes
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._first_row = self._items = self._written_bytes = 0

    def write(self, items: np.ndarray, row_items: np.ndarray, item_bytes: int, first_row: int) -> None:
        """Append rows of `row_items` items each; where a shard would grow too large, the next row begins another."""
        ends = np.cumsum(row_items)
        row = taken = 0
        while row < len(ends):
            room = self._shard_bytes - self._written_bytes
            until = int(np.searchsorted((ends - taken) * item_bytes, room, side="right"))
            if until <= row:
                if self._file is not None:
                    self.close()
                    continue
                until = row + 1  # a row that is larger than a shard
            if self._file is None:
                self._begin(first_row + row)
            self._put(items[taken : int(ends[until - 1])])
            row, taken = until, int(ends[until - 1])

    def close(self) -> None:
        if self._file is not None:
            _to_disk(self._file)
            self._file.close()
            self._file = None
            digest = self._digest.hexdigest()
            self.shards.append(Shard(layout=self._layout, first_row=self._first_row, items=self._items, sha256=digest))
            self._written_bytes = 0

    def abandon(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk again; nobody will read this file
                self._file.close()
            self._file = None

    def _begin(self, first_row: int) -> None:
        self._file = (self._folder / shard_name(self._layout, first_row)).open("xb")
        self._digest = hashlib.sha256()
        self._first_row, self._items, self._written_bytes = first_row, 0, 0

    def _put(self, items: np.ndarray) -> None:
        assert self._file is not None
        # As plain bytes: dtypes that a library registered have no buffer format of their own.
        data = items.reshape(-1).view(np.uint8).data if items.size else b""
        self._file.write(data)
        self._digest.update(data)
        self._items += len(items)
        self._written_bytes += items.nbytes
        self.size_bytes += items.nbytes


def open_shards(folder: Path, *, verify: bool = True) -> Activations:
    """Map a finished folder into memory.

    Args:
        folder: as `ShardWriter` leaves it.
        verify: read every byte and compare the sha256; without, only the sizes.

    Raises:
        ArtifactError: something is missing, torn or edited.
        OSError: something cannot be read.
    """
    manifest = read_manifest(folder)

    def open_one(shard: Shard) -> np.ndarray:
        return _open_shard(folder, manifest, shard, verify)

    with ThreadPoolExecutor(min(_MOST_HASHING_THREADS, os.cpu_count() or 1)) as threads:
        blocks = list(threads.map(open_one, manifest.shards))
    columns = []
    for number, layout in enumerate(manifest.layouts):
        own = [place for place, shard in enumerate(manifest.shards) if shard.layout == number]
        columns.append(
            make_column(layout, [blocks[place] for place in own], [manifest.shards[place].first_row for place in own])
        )
    lengths = None if manifest.lengths is None else np.asarray(manifest.lengths, np.int64)
    return Activations(columns, np.asarray(manifest.order, np.int64), lengths)


def _open_shard(folder: Path, manifest: Manifest, shard: Shard, verify: bool) -> np.ndarray:
    layout = manifest.layouts[shard.layout]
    path = folder / manifest.file_of(shard)
    expected_bytes = shard.items * layout.item_bytes
    try:
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes != expected_bytes:
                raise damaged(folder, f"{path.name} has {size_bytes:,} bytes and should have {expected_bytes:,}")
            if verify and hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
                raise damaged(folder, f"{path.name} does not have the sha256 that it was written with")
            # An empty file cannot be mapped.
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size_bytes else b""
    except (FileNotFoundError, IsADirectoryError) as error:
        raise damaged(folder, f"{path.name} is missing") from error
    return np.frombuffer(data, np.uint8).view(layout.dtype).reshape(shard.items, *layout.item_shape)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
