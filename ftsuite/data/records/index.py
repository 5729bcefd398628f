"""The index of records: a row an example, in Parquet on the disk and in plain arrays in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.data.columns import HashColumn, StringColumn, compact_offsets
from ftsuite.errors import ArtifactError

# Rows that are decoded together, which bounds what reading takes beside the arrays.
_ROWS_TOGETHER = 65_536
_NUMBERS: Mapping[str, Any] = {
    "label": np.int64,
    "decoder": np.uint8,
    "shard": np.uint16,
    "offset": np.int64,
    "size": np.uint32,
    "crc32": np.uint32,
}


@dataclass(frozen=True)
class RecordsIndex:
    """All rows.

    Attributes:
        ids: of the examples.
        content_hashes: of them.
        label: ``(n,)`` int64.
        decoder: ``(n,)`` uint8.
        split: ``(n,)`` str, empty where a row has no official split.
        groups: of the examples; empty texts where there are none.
        shard: ``(n,)`` uint16, the number of the file that holds a row.
        offset: ``(n,)`` int64, the byte of it at which the row's content begins.
        size: ``(n,)`` uint32, bytes of the content.
        crc32: ``(n,)`` uint32, of the content.
    """

    ids: StringColumn
    content_hashes: HashColumn
    label: np.ndarray
    decoder: np.ndarray
    split: np.ndarray | None
    groups: StringColumn | None
    shard: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    crc32: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


def index_schema() -> Any:
    """The columns on the disk."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("content_hash", pa.binary(32), nullable=False),
            pa.field("label", pa.int32(), nullable=False),
            pa.field("decoder", pa.uint8(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("group", pa.string(), nullable=False),
            pa.field("shard", pa.uint16(), nullable=False),
            pa.field("offset", pa.int64(), nullable=False),
            pa.field("size", pa.uint32(), nullable=False),
            pa.field("crc32", pa.uint32(), nullable=False),
        ]
    )


def write_rows(path: Path, columns: Mapping[str, Sequence[Any]], facts: Mapping[str, str]) -> None:
    """Write the rows of one shard, and facts about it in the file's own metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = index_schema().with_metadata(dict(facts))
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    pq.write_table(pa.table(arrays, schema=schema), path, row_group_size=_ROWS_TOGETHER)


def join_rows(path: Path, parts: Iterable[Path]) -> None:
    """Write one file of the rows of several, in that order."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, index_schema()) as writer:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group).replace_schema_metadata(None))


def facts_of(path: Path) -> dict[str, str] | None:
    """What `write_rows` was told beside the rows; None where there is no such file, or no whole one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        told = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    return {key.decode(): value.decode() for key, value in told.items() if not key.startswith(b"ARROW:")}


def read_rows(path: Path, *, with_splits: bool, with_groups: bool) -> RecordsIndex:
    """Read an index, some rows at a time, so that little more is taken than what stays.

    Raises:
        ArtifactError: it cannot be read, or is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(index_schema()):
                raise ArtifactError(f"Expected the columns of an index. Received: {path}, which has others.")
            return _read(file, with_splits, with_groups)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"Expected an index that can be read. Received: {path} ({str(error).splitlines()[0]}).",
            "Prepare the data again into another folder.",
        ) from error
    finally:
        pa.default_memory_pool().release_unused()


def _read(file: Any, with_splits: bool, with_groups: bool) -> RecordsIndex:
    count = file.metadata.num_rows
    numbers = {name: np.empty(count, dtype) for name, dtype in _NUMBERS.items()}
    digests = np.empty((count, 32), np.uint8)
    split = np.empty(count, "<U10") if with_splits else None
    texts = {name: _Texts(count) for name in ("id", *(["group"] if with_groups else []))}
    start = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, use_threads=False).combine_chunks()
        rows = slice(start, start + table.num_rows)
        for name, array in numbers.items():
            array[rows] = table[name].to_numpy()
        digests[rows] = _fixed_bytes(table["content_hash"].chunk(0))
        if split is not None:
            split[rows] = table["split"].to_numpy()
        for name, gathered in texts.items():
            gathered.add(table[name].chunk(0), rows)
        start += table.num_rows
    columns = {name: gathered.finish() for name, gathered in texts.items()}
    return RecordsIndex(columns["id"], HashColumn(digests), split=split, groups=columns.get("group"), **numbers)


class _Texts:
    """Gathers a column of texts from Arrow's arrays without making a string of any."""

    def __init__(self, count: int) -> None:
        self._text = bytearray()
        self._offsets = np.zeros(count + 1, np.int64)

    def add(self, array: Any, rows: slice) -> None:
        _, places, text = array.buffers()
        offsets = np.frombuffer(places, np.int32)[array.offset : array.offset + len(array) + 1]
        self._offsets[rows.start + 1 : rows.stop + 1] = offsets[1:].astype(np.int64) - offsets[0] + len(self._text)
        if text is not None:
            self._text += memoryview(text)[int(offsets[0]) : int(offsets[-1])]

    def finish(self) -> StringColumn:
        return StringColumn(self._text, compact_offsets(self._offsets))


def _fixed_bytes(array: Any) -> np.ndarray:
    whole = np.frombuffer(array.buffers()[1], np.uint8).reshape(-1, 32)
    return whole[array.offset : array.offset + len(array)]
