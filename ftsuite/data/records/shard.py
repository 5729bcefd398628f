"""Writing one shard: a TFRecord file, and beside it its rows of the index, which say that the shard is whole."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ftsuite.data.records.example_bytes import example_bytes
from ftsuite.data.records.index import facts_of, write_rows
from ftsuite.data.records.layout import KeptFile, kept_file, shard_name
from ftsuite.errors import ResourceError

# A record of a TFRecord file: 8 bytes of length and 4 of checksum before it, 4 of checksum behind it.
# https://www.tensorflow.org/tutorials/load_data/tfrecord
_BEFORE_BYTES, _BEHIND_BYTES = 12, 4
_COLUMNS = ("id", "content_hash", "label", "decoder", "split", "group", "shard", "offset", "size", "crc32")


class RecordRow(NamedTuple):
    """One example to write.

    Attributes:
        id: of the example.
        content_hash: sha256 hexadecimal.
        label: index into the class names.
        decoder: as `ftsuite.api.Examples.decoders`.
        split: official split, or empty.
        group: its group, or empty.
        content: the encoded picture, or the text as UTF-8.
    """

    id: str
    content_hash: str
    label: int
    decoder: int
    split: str
    group: str
    content: bytes


def write_shard(
    folder: Path,
    number: int,
    count: int,
    rows: Iterable[RecordRow],
    *,
    kind: str,
    names: tuple[str, ...],
    plan: str = "",
) -> KeptFile:
    """Write a shard and its rows of the index.

    Args:
        folder: of records that are being written.
        number: of the shard, from 0.
        count: of all shards.
        rows: what it holds, in order.
        kind: as `ftsuite.api.Examples.kind`.
        names: of the classes.
        plan: what the shard belongs to; only a shard of the same plan is taken for done.

    Raises:
        ResourceError: the disk is full, or cannot be written to.
    """
    path = folder / shard_name(number, count)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        columns = _write_records(temporary, number, rows, "text" if kind == "text" else "image", names)
        _sync(temporary)
        kept = replace(kept_file(temporary, len(columns["id"])), name=path.name)
        os.replace(temporary, path)
        part = part_path(folder, number)
        facts = {"plan": plan, "size_bytes": str(kept.size_bytes), "sha256": kept.sha256}
        write_rows(part.with_name(f".{part.name}.tmp"), columns, facts)
        os.replace(part.with_name(f".{part.name}.tmp"), part)
    except OSError as error:
        raise ResourceError(
            f"Expected to write {path}. Received: {error.strerror or error}.",
            "Make room and start again: shards that are whole are kept.",
        ) from error
    return kept


def finished_shard(folder: Path, number: int, count: int, plan: str) -> KeptFile | None:
    """A shard that an earlier start has written for the same plan; None where there is none."""
    import pyarrow.parquet as pq

    part, path = part_path(folder, number), folder / shard_name(number, count)
    facts = facts_of(part)
    if facts is None or facts.get("plan") != plan or not path.is_file():
        return None
    kept = KeptFile(path.name, int(facts["size_bytes"]), facts["sha256"], pq.read_metadata(part).num_rows)
    return kept if path.stat().st_size == kept.size_bytes else None


def part_path(folder: Path, number: int) -> Path:
    """Where the index of one shard lies until all shards are written."""
    return folder / f"index-{number:05d}.parquet"


def _write_records(
    path: Path, number: int, rows: Iterable[RecordRow], feature: str, names: tuple[str, ...]
) -> Mapping[str, list[Any]]:
    import tensorflow as tf

    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    add = [columns[name].append for name in _COLUMNS]
    offset = 0
    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for row in rows:
                facts: dict[str, str | int] = {"id": row.id, "label": row.label, "class": names[row.label]}
                facts["content_hash"] = row.content_hash
                facts.update({key: value for key, value in (("split", row.split), ("group", row.group)) if value})
                record, size = example_bytes(facts, feature, row.content), len(row.content)
                writer.write(record)
                place = offset + _BEFORE_BYTES + len(record) - size
                told = (row.id, bytes.fromhex(row.content_hash), row.label, row.decoder, row.split, row.group)
                for append, value in zip(add, (*told, number, place, size, zlib.crc32(row.content)), strict=True):
                    append(value)
                offset += _BEFORE_BYTES + len(record) + _BEHIND_BYTES
    except tf.errors.OpError as error:
        raise ResourceError(
            f"Expected to write {path}. Received: {error.message}.",
            "Make room and start again: shards that are whole are kept.",
        ) from error
    return columns


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
