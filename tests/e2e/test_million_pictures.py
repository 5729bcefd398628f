"""A million pictures: an index in bounded memory, a first batch soon, and an epoch whose memory does not grow."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ftsuite.api import Examples
from ftsuite.data.records.shard import RecordRow, write_shard
from ftsuite.data.records.write import WritingJob, finish_records, new_head

MILLION = 1_000_000
CLASSES = tuple(f"species {number:04d}" for number in range(10))


def rows(first: int, end: int) -> Iterator[RecordRow]:
    """Tiny JPEGs that differ in their comment: as many contents as pictures, at the cost of one."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(buffer, "JPEG", optimize=True)
    start, rest = buffer.getvalue()[:2], buffer.getvalue()[2:]
    for number in range(first, end):
        content = start + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + rest
        digest = hashlib.sha256(content).hexdigest()
        label = number % len(CLASSES)
        yield RecordRow(f"{CLASSES[label]}/{number:08d}.jpg", digest, label, 0, "", "", content)


def save_records(folder: Path, count: int, shards: int) -> Path:
    folder.mkdir()
    bounds = np.linspace(0, count, shards + 1).astype(int).tolist()
    kept = tuple(
        write_shard(folder, number, shards, rows(begin, end), kind="image-file", names=CLASSES)
        for number, (begin, end) in enumerate(itertools.pairwise(bounds))
    )
    nothing = Examples((), (), np.zeros(0, np.int64), CLASSES, (), "image-file")
    finish_records(folder, new_head(WritingJob(nothing, "made by a test", shards), kept))
    return folder


@pytest.mark.slow
def test_a_million_pictures(tmp_path: Path, repository: Path) -> None:
    small, large = save_records(tmp_path / "small", 2000, 2), save_records(tmp_path / "large", MILLION, 8)
    command = [sys.executable, "-m", "tests.million_pictures", str(small), str(large)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)
    assert found["examples"] == MILLION
    assert found["seen"] == found["training"] // 256 * 256
    # A machine that does more than it has cores for makes everything wait; what was computed is the same on any.
    assert found["first_batch_cpu_seconds" if found["machine_is_busy"] else "first_batch_seconds"] < 30
    assert found["bytes_an_example"] <= 200
    assert found["growth_bytes"] < 50 * 2**20
