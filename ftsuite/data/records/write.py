"""Writing a folder of records: shard by shard beside its place, and moved there by one rename when it is whole.

A start that was killed leaves a folder ``.NAME.preparing``. The next start of the same job goes on in it: shards that
are whole are kept, which each tells by its rows of the index, written after it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import filelock
import numpy as np

from ftsuite.api import Examples, Progress
from ftsuite.data.records.contents import Content, content_maker
from ftsuite.data.records.index import join_rows
from ftsuite.data.records.layout import HEAD, INDEX, KeptFile, RecordsHead, head_text, kept_file
from ftsuite.data.records.shard import RecordRow, finished_shard, part_path, write_shard
from ftsuite.errors import ConfigError, ResourceError

_WORKERS = min(32, 2 * (os.cpu_count() or 1))
# Contents that are made ahead of the writer.
_MADE_TOGETHER = 256
# What a record and its row of the index take besides content, id and class name.
_ROW_BYTES = 300
_SAMPLE = 64
_MARGIN = 1.05


@dataclass(frozen=True)
class WritingJob:
    """What is to be written.

    Attributes:
        examples: all of the source.
        source: the ``data.source`` they come from.
        shards: how many files.
        image_size: pixels of the shorter side of pictures that have more; None for all as they are.
        splits: ``(n,)`` str to keep as official splits, empty for rows without; None for none.
    """

    examples: Examples
    source: str
    shards: int
    image_size: int | None = None
    splits: np.ndarray | None = None

    @property
    def pictures(self) -> str:
        """What is done to pictures, a sentence; empty for texts."""
        if self.examples.kind == "text":
            return ""
        if self.image_size is not None:
            return f"Pictures whose shorter side has more than {self.image_size} pixels are stored with so many."
        drawn = self.examples.kind == "field-guide"
        return "Pictures are stored as drawn." if drawn else "Pictures are stored byte for byte as they were found."


def expected_bytes(examples: Examples, image_size: int | None) -> int:
    """About what the records of the examples will take on the disk, from some of them."""
    make = content_maker(examples, image_size)
    rows = np.unique(np.linspace(0, len(examples) - 1, _SAMPLE).astype(int)).tolist()
    total = _file_bytes(examples) if image_size is None else None
    if total is None:
        total = sum(len(make(row).data) for row in rows) / len(rows) * len(examples)
    names = sum(2 * len(examples.ids[row]) for row in rows) / len(rows) + _ROW_BYTES
    return int((total + names * len(examples)) * _MARGIN)


def _file_bytes(examples: Examples) -> float | None:
    """What the files take; None where an example is no file of its own."""
    if examples.kind != "image-file" or hasattr(examples.inputs, "contents"):
        return None
    try:
        return float(sum(os.stat(path).st_size for path in examples.inputs))
    except (OSError, ValueError):
        return None


def write_records(job: WritingJob, out: Path, progress: Progress | None = None) -> tuple[RecordsHead, int]:
    """Write a folder of records.

    Args:
        job: what to write.
        out: the folder, which must not be there yet.
        progress: called in this thread as (label, examples done, in all).

    Returns:
        What records.json says, and how many shards an earlier start had written.

    Raises:
        ConfigError: `out` is there already, or another process is writing it.
        DataError: a picture cannot be read, or was changed since it was scanned.
        ResourceError: the disk is full, or cannot be written to.
    """
    require_absent(out)
    folder = out.with_name(f".{out.name}.preparing")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock", blocking=False):
            return _write(job, out, folder, progress)
    except filelock.Timeout as error:
        raise ConfigError(
            f"Expected to be the only one that prepares {out}. Received: another process that does.",
            "Wait for it, or give another folder by --out.",
        ) from error
    except OSError as error:
        raise ResourceError(
            f"Expected to write {out}. Received: {error.strerror or error}.",
            "Make room, or give a folder on another disk by --out; what is written so far is kept.",
        ) from error


def require_absent(out: Path) -> None:
    """Refuse to write over anything.

    Raises:
        ConfigError: there is something at `out`.
    """
    if os.path.lexists(out):
        raise ConfigError(
            f"Expected a folder that is not there yet. Received: {str(out)!r}, which is.",
            "Give another one by --out; `--verify` checks records that are there.",
        )


def finish_records(folder: Path, head: RecordsHead) -> RecordsHead:
    """Join the index of all shards in a folder and write records.json, after which it is whole.

    Args:
        folder: with all shards of `head`, as `write_shard` leaves them.
        head: with anything as its index.
    """
    parts = [part_path(folder, number) for number in range(len(head.shards))]
    join_rows(folder / INDEX, parts)
    head = replace(head, index=kept_file(folder / INDEX, sum(shard.examples for shard in head.shards)))
    temporary = folder / f".{HEAD}.tmp"
    temporary.write_text(head_text(head), encoding="utf-8")
    os.replace(temporary, folder / HEAD)
    for part in parts:
        part.unlink()
    return head


def new_head(job: WritingJob, shards: tuple[KeptFile, ...]) -> RecordsHead:
    """What records.json says of a job, before there is an index."""
    examples = job.examples
    return RecordsHead(
        kind=examples.kind,
        class_names=examples.class_names,
        notes=examples.notes,
        source=job.source,
        pictures=job.pictures,
        has_splits=job.splits is not None,
        has_groups=examples.groups is not None,
        has_decoders=examples.kind == "image-file" or job.image_size is not None,
        index=KeptFile(INDEX, 0, "", 0),
        shards=shards,
    )


def _write(job: WritingJob, out: Path, folder: Path, progress: Progress | None) -> tuple[RecordsHead, int]:
    plan, total = _fingerprint(job), len(job.examples)
    _clear_other_plans(folder, job.shards, plan)
    bounds = np.linspace(0, total, job.shards + 1).astype(int).tolist()
    shards: list[KeptFile] = []
    kept = 0

    def told(done: int) -> None:
        if progress is not None:
            progress("Writing records", done, total)

    with ThreadPoolExecutor(_WORKERS) as pool:
        for number, (begin, end) in enumerate(itertools.pairwise(bounds)):
            shard = finished_shard(folder, number, job.shards, plan)
            kept += shard is not None
            if shard is None:
                rows = _rows(job, begin, end, pool, told)
                names = job.examples.class_names
                shard = write_shard(folder, number, job.shards, rows, kind=job.examples.kind, names=names, plan=plan)
            shards.append(shard)
            told(end)
    head = finish_records(folder, new_head(job, tuple(shards)))
    (folder / ".lock").unlink(missing_ok=True)
    require_absent(out)
    folder.rename(out)
    return head, kept


def _rows(
    job: WritingJob, begin: int, end: int, pool: ThreadPoolExecutor, told: Callable[[int], None]
) -> Iterator[RecordRow]:
    examples, make = job.examples, content_maker(job.examples, job.image_size)
    for start in range(begin, end, _MADE_TOGETHER):
        stop = min(start + _MADE_TOGETHER, end)
        ids = list(examples.ids[start:stop])
        groups = [""] * len(ids) if examples.groups is None else list(examples.groups[start:stop])
        splits = [""] * len(ids) if job.splits is None else np.asarray(job.splits[start:stop]).tolist()
        labels = examples.labels[start:stop].tolist()
        made: Iterator[Content] = pool.map(make, range(start, stop))
        for name, group, split, label, content in zip(ids, groups, splits, labels, made, strict=True):
            yield RecordRow(name, content.content_hash, label, content.decoder, split, group, content.data)
        told(stop)


def _fingerprint(job: WritingJob) -> str:
    """What makes one job another: a shard is kept only for the very same one."""
    examples = job.examples
    facts = {**asdict(new_head(job, ())), "shards": job.shards, "image_size": job.image_size}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    groups = examples.groups if examples.groups is not None else [""] * 0
    for column in (examples.ids, examples.content_hashes, groups):
        for text in column:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    digest.update(np.ascontiguousarray(examples.labels, np.int64).tobytes())
    for array in (examples.decoders, job.splits):
        digest.update(b"" if array is None else "\n".join(map(str, np.asarray(array).tolist())).encode())
    return digest.hexdigest()


def _clear_other_plans(folder: Path, shards: int, plan: str) -> None:
    """Remove what an earlier start of another job has left, and half-written files of any."""
    wanted = {".lock"}
    for number in range(shards):
        shard = finished_shard(folder, number, shards, plan)
        wanted |= set() if shard is None else {shard.name, part_path(folder, number).name}
    for path in folder.iterdir():
        if path.name not in wanted:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
