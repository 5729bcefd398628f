"""Activations on disk: killed writers, damage, the limit, other processes, and disks that are full or read-only."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from ftsuite.errors import ResourceError
from ftsuite.training.activations import locks as activation_locks
from ftsuite.training.activations import shards as activation_shards
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.layouts import RowLayout
from ftsuite.training.activations.manifest import MANIFEST_NAME
from ftsuite.training.activations.store import Activations, ActivationWriter

LAYOUTS = (RowLayout("map", "float32", (8, 16)), RowLayout("states", "float32", (None, 4)))
ROWS = 40
LENGTHS = np.arange(ROWS) % 5
# 40 rows of 512 bytes, 80 steps of 16; the manifest takes about 700 bytes.
ROW_BYTES = ROWS * 512 + 80 * 16
ENTRY_BYTES = ROW_BYTES + 2000
MAPS = np.arange(ROWS * 128, dtype=np.float32).reshape(ROWS, 8, 16)
STATES = np.arange(ROWS * 16, dtype=np.float32).reshape(ROWS, 4, 4)

# Sent to a process of its own.
PROCESS = """
import sys, time
import numpy as np
from pathlib import Path
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.layouts import RowLayout
layouts = (RowLayout("map", "float32", (8, 16)),)
root, key = Path(sys.argv[1]), sys.argv[2]
folder = ActivationFolder(root, 10**9, shard_bytes=4096)
def say(text):
    print(text, flush=True)
def write(writer):
    say("writing")
    for _ in range(10):
        writer.append({"map": np.ones((4, 8, 16), np.float32)})
        time.sleep(0.05)
    return np.arange(40)
"""


class Told(NamedTuple):
    folder: ActivationFolder
    told: list[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "activations"


@pytest.fixture
def cache(root: Path) -> Told:
    """A folder with room for three entries and a half, with small shards."""
    told: list[str] = []
    return Told(ActivationFolder(root, ENTRY_BYTES * 7 // 2, tell=told.append, shard_bytes=4096), told)


def fill(writer: ActivationWriter) -> np.ndarray:
    for start in range(0, ROWS, 16):
        batch = slice(start, start + 16)
        writer.append({"map": MAPS[batch], "states": STATES[batch]}, LENGTHS[batch])
    return np.arange(ROWS)[::-1]


def make(folder: ActivationFolder, key: str) -> None:
    with folder.writer(key, LAYOUTS, ENTRY_BYTES) as writer:
        writer.finish(fill(writer)).close()


def assert_whole(activations: Activations | None) -> None:
    assert activations is not None
    rows = np.array([3, 0, 39, 3])
    gathered = activations.gather(rows)
    np.testing.assert_array_equal(gathered["map"], MAPS[::-1][rows])
    for found, states, length in zip(gathered["states"], STATES[::-1][rows], LENGTHS[::-1][rows], strict=True):
        np.testing.assert_array_equal(found[:length], states[:length])


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if not path.name.startswith("."))


def works(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(".work-*"))


@pytest.fixture
def start(root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `PROCESS` with more code after it, and waits until it says a word."""
    running = []

    def run(code: str, key: str, word: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROCESS + code, str(root), key]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == word
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def test_an_entry_is_kept_for_another_object(cache: Told, root: Path) -> None:
    assert cache.folder.open("aa") is None
    with cache.folder.writer("aa", LAYOUTS, ENTRY_BYTES) as writer, writer.finish(fill(writer)) as activations:
        assert_whole(activations)
        assert activations.size_bytes == ROW_BYTES
    assert len(list((root / "aa").glob("*.bin"))) > 4
    assert max(path.stat().st_size for path in (root / "aa").glob("*.bin")) <= 4096
    with ActivationFolder(root, ENTRY_BYTES).open("aa") as found:  # type: ignore[union-attr]
        assert_whole(found)
    assert ROW_BYTES < cache.folder.size_bytes() <= ENTRY_BYTES
    assert (cache.told, works(root)) == ([], [])


def test_an_entry_is_written_once(cache: Told) -> None:
    for wanted in (1, 0):
        calls: list[int] = []

        def write(writer: ActivationWriter, calls: list[int] = calls) -> np.ndarray:
            calls.append(1)
            return fill(writer)

        with cache.folder.open_or_write("aa", LAYOUTS, ENTRY_BYTES, write) as activations:
            assert_whole(activations)
        assert len(calls) == wanted


@pytest.mark.parametrize("key", ["", "AB", "../up", "xyz", "a/b", ".locks", "a" * 129])
def test_keys_are_hexadecimal(cache: Told, key: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        cache.folder.open(key)
    with pytest.raises(ValueError, match="hexadecimal"):
        cache.folder.writer(key, LAYOUTS, 1)


# What is left of a writer that did not end.


def test_an_unfinished_writer_leaves_nothing(cache: Told, root: Path) -> None:
    with cache.folder.writer("aa", LAYOUTS, ENTRY_BYTES) as writer:
        fill(writer)
        assert works(root) and cache.folder.size_bytes() > 4096
    assert (entries(root), works(root), cache.folder.open("aa")) == ([], [], None)
    with pytest.raises(RuntimeError, match="closed"):
        writer.finish(np.arange(ROWS))


def test_a_failing_trunk_leaves_nothing(cache: Told, root: Path) -> None:
    def write(writer: ActivationWriter) -> np.ndarray:
        fill(writer)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cache.folder.open_or_write("aa", LAYOUTS, ENTRY_BYTES, write)
    assert (entries(root), works(root)) == ([], [])
    make(cache.folder, "aa")  # and its lock is free


def test_a_wrong_batch_or_order_does_not_end_the_writer(cache: Told) -> None:
    with cache.folder.writer("aa", LAYOUTS, ENTRY_BYTES) as writer:
        with pytest.raises(ValueError, match="Expected"):
            writer.append({"map": MAPS}, LENGTHS)
        order = fill(writer)
        with pytest.raises(ValueError, match="numbers of the 40 rows"):
            writer.finish(np.array([ROWS]))
        with writer.finish(order) as activations:
            assert_whole(activations)


@pytest.mark.parametrize("next_key", ["aa", "bb"])
def test_a_killed_writer_leaves_nothing_that_looks_whole(
    cache: Told, root: Path, start: Callable[..., subprocess.Popen[str]], next_key: str
) -> None:
    code = """
with folder.writer(key, layouts, 10**8) as writer:
    write(writer)
    say("written")
    time.sleep(600)
"""
    process = start(code, "aa", "writing")
    assert process.stdout is not None and process.stdout.readline() == "written\n"
    assert len(works(root)) == 1
    cache.folder.evict()
    assert len(works(root)) == 1  # it lives, and keeps what it writes
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (entries(root), len(works(root))) == ([], 1)
    assert cache.folder.open("aa") is None
    make(cache.folder, next_key)  # whose room the dead process had reserved
    assert (entries(root), works(root)) == ([next_key], [])


def test_killed_at_random_moments(cache: Told, root: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    code = """
for number in range(10**6):
    with folder.writer(key, layouts, 10**6) as writer:
        writer.append({"map": np.full((40, 8, 16), number, np.float32)})
        writer.finish(np.arange(40)).close()
    if number == 0:
        say("begun")
"""
    random = np.random.default_rng(0)
    for _ in range(4):
        process = start(code, "aa", "begun")
        time.sleep(random.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with_none = cache.folder.open("aa")  # None only if it died between taking the old away and the new one's name
        if with_none is not None:
            with with_none as found:
                assert len(np.unique(found.gather(np.arange(40))["map"])) == 1
    cache.folder.evict()
    assert (works(root), cache.told) == ([], [])


# Damage.


def _truncate(folder: Path) -> None:
    path = sorted(folder.glob("*.bin"))[3]
    os.truncate(path, path.stat().st_size - 1)


def _flip(folder: Path) -> None:
    path = sorted(folder.glob("*.bin"))[2]
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def _edit_content(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    edit(manifest["content"])
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "torn shard": _truncate,
    "edited shard": _flip,
    "missing shard": lambda folder: sorted(folder.glob("*.bin"))[1].unlink(),
    "a folder for a shard": lambda folder: [(p := sorted(folder.glob("*.bin"))[1]).unlink(), p.mkdir()],
    "no manifest": lambda folder: (folder / MANIFEST_NAME).unlink(),
    "torn manifest": lambda folder: os.truncate(folder / MANIFEST_NAME, 200),
    "empty manifest": lambda folder: os.truncate(folder / MANIFEST_NAME, 0),
    "no JSON object": lambda folder: (folder / MANIFEST_NAME).write_text("[1]"),
    "not text": lambda folder: (folder / MANIFEST_NAME).write_bytes(b"\xff\xfe{"),
    "deep": lambda folder: (folder / MANIFEST_NAME).write_text("[" * 100_000),
    "other lengths": lambda folder: _edit_content(folder, lambda content: content["lengths"].reverse()),
    "other order": lambda folder: _edit_content(folder, lambda content: content["order"].reverse()),
    "a later format": lambda folder: _edit_content(folder, lambda content: content.update(format=2)),
    "no shards": lambda folder: _edit_content(folder, lambda content: content.pop("shards")),
    "another shape": lambda folder: _edit_content(folder, lambda content: content["layouts"][0].update(shape=[16, 8])),
    "another dtype": lambda folder: _edit_content(folder, lambda content: content["layouts"][0].update(dtype="int32")),
    "no dtype": lambda folder: _edit_content(folder, lambda content: content["layouts"][0].update(dtype="nonsense")),
    "empty folder": lambda folder: [path.unlink() for path in folder.iterdir()],
    "a file": lambda folder: [shutil.rmtree(folder), folder.write_text("notes")],
    "a dead link": lambda folder: [shutil.rmtree(folder), folder.symlink_to("nowhere")],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_removed_told_of_and_made_anew(cache: Told, root: Path, damage: str) -> None:
    make(cache.folder, "aa")
    DAMAGE[damage](root / "aa")
    assert cache.folder.open("aa") is None
    assert (entries(root), works(root)) == ([], [])
    assert len(cache.told) == 1
    assert "Received: " in cache.told[0] and "computed again" in cache.told[0]
    make(cache.folder, "aa")
    with cache.folder.open("aa") as found:  # type: ignore[union-attr]
        assert_whole(found)
    assert len(cache.told) == 1


def test_a_linked_folder_is_unlinked_and_not_emptied(cache: Told, root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    root.mkdir(parents=True)
    (root / "aa").symlink_to(tmp_path / "mine")
    assert cache.folder.open("aa") is None
    assert entries(root) == [] and (tmp_path / "mine" / "notes.txt").exists()


def test_junk_in_the_root_is_passed_over(cache: Told, root: Path) -> None:
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "big.bin").write_bytes(bytes(10 * ENTRY_BYTES))
    (root / ".DS_Store").write_bytes(b"x")
    (root / "README.md").write_text("x")
    (root / ".work-").mkdir()
    (root / ".work-notes-1").mkdir()
    (root / ".work-file").write_text("x")
    for key in ("aa", "bb", "cc", "dd"):
        make(cache.folder, key)
    assert entries(root) == ["README.md", "bb", "cc", "dd", "notes"]
    assert (root / "notes" / "big.bin").exists()
    assert cache.folder.size_bytes() <= 3 * ENTRY_BYTES


# The limit.


def test_the_least_recently_used_goes_first(cache: Told, root: Path) -> None:
    for key in ("aa", "bb", "cc"):
        make(cache.folder, key)
    cache.folder.open("aa").close()  # type: ignore[union-attr]
    make(cache.folder, "dd")
    assert entries(root) == ["aa", "cc", "dd"]
    cache.folder.open("cc").close()  # type: ignore[union-attr]
    make(cache.folder, "ee")
    assert entries(root) == ["cc", "dd", "ee"]
    assert cache.folder.size_bytes() <= cache.folder.limit_bytes


def test_evicting_by_hand(cache: Told, root: Path) -> None:
    for key in ("aa", "bb", "cc"):
        make(cache.folder, key)
    assert cache.folder.evict() == ()
    assert cache.folder.evict(ENTRY_BYTES) == ("aa",)
    assert cache.folder.evict(cache.folder.limit_bytes) == ("bb", "cc")
    assert (entries(root), cache.folder.size_bytes()) == ([], 0)


def test_an_entry_beyond_the_limit_is_refused_before_anything_goes(cache: Told, root: Path) -> None:
    make(cache.folder, "aa")
    with pytest.raises(ResourceError) as caught:
        cache.folder.writer("bb", LAYOUTS, cache.folder.limit_bytes + 1)
    assert "0.1 MiB" in caught.value.message and "beside" not in caught.value.message
    assert "Raise the limit" in caught.value.advice
    assert (entries(root), works(root)) == (["aa"], [])
    make(cache.folder, "bb")  # the lock is free again


def test_writers_at_the_same_time_share_the_limit(cache: Told) -> None:
    with (
        cache.folder.writer("aa", LAYOUTS, 2 * ENTRY_BYTES),
        pytest.raises(ResourceError, match="beside those that running processes use"),
    ):
        cache.folder.writer("bb", LAYOUTS, 2 * ENTRY_BYTES)
    make(cache.folder, "bb")


def test_more_rows_than_expected_get_more_room(cache: Told, root: Path) -> None:
    for key in ("aa", "bb", "cc"):
        make(cache.folder, key)
    with cache.folder.writer("dd", LAYOUTS, 10) as writer:
        assert entries(root) == ["aa", "bb", "cc"]
        order = fill(writer)
        assert entries(root) == ["bb", "cc"]
        with writer.finish(order) as activations:
            assert_whole(activations)


def test_more_rows_than_the_limit_are_refused(cache: Told, root: Path) -> None:
    with cache.folder.writer("aa", LAYOUTS, 10) as writer:
        with pytest.raises(ResourceError, match="may take"):
            for _ in range(4):
                fill(writer)
        assert (entries(root), works(root)) == ([], [])
        with pytest.raises(RuntimeError, match="closed"):
            fill(writer)


# Other processes and threads.


def test_an_entry_in_use_is_not_evicted(cache: Told, root: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    for key in ("aa", "bb", "cc"):
        make(cache.folder, key)
    process = start("kept = folder.open(key)\nsay('open')\ntime.sleep(600)", "aa", "open")
    cache.folder.open("bb").close()  # type: ignore[union-attr]
    cache.folder.open("cc").close()  # type: ignore[union-attr]
    assert cache.folder.evict(cache.folder.limit_bytes) == ("bb", "cc")
    with pytest.raises(ResourceError, match="beside those that running processes use") as caught:
        cache.folder.writer("bb", LAYOUTS, cache.folder.limit_bytes)
    assert "wait" in caught.value.advice
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert cache.folder.evict(cache.folder.limit_bytes) == ("aa",)
    assert not list((root / ".locks").glob("*.use-*"))


def test_an_entry_open_in_this_process_is_not_evicted(cache: Told) -> None:
    make(cache.folder, "aa")
    first, second = cache.folder.open("aa"), cache.folder.open("aa")
    assert first is not None and second is not None
    first.close()
    assert cache.folder.evict(cache.folder.limit_bytes) == ()
    assert_whole(second)
    second.close()
    assert cache.folder.evict(cache.folder.limit_bytes) == ("aa",)


def test_what_was_just_written_is_in_use(cache: Told) -> None:
    with cache.folder.writer("aa", LAYOUTS, ENTRY_BYTES) as writer:
        activations = writer.finish(fill(writer))
    assert cache.folder.evict(cache.folder.limit_bytes) == ()
    activations.close()
    assert cache.folder.evict(cache.folder.limit_bytes) == ("aa",)


def test_the_second_process_waits_and_finds_it(cache: Told, start: Callable[..., subprocess.Popen[str]]) -> None:
    start("kept = folder.open_or_write(key, layouts, 10**5, write)\nsay('done')\ntime.sleep(600)", "aa", "writing")
    found = cache.folder.open("aa")
    assert found is not None and found.count == 40
    assert len(cache.told) == 1 and "Waiting for another process" in cache.told[0]


def test_the_second_of_two_writers_need_not_write(cache: Told, start: Callable[..., subprocess.Popen[str]]) -> None:
    start("kept = folder.open_or_write(key, layouts, 10**5, write)\nsay('done')\ntime.sleep(600)", "aa", "writing")

    def write(writer: ActivationWriter) -> np.ndarray:
        raise AssertionError("the other process wrote it")

    with cache.folder.open_or_write("aa", LAYOUTS, ENTRY_BYTES, write) as found:
        assert found.count == 40


def test_waiting_ends(
    cache: Told, start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_locks, "_LONGEST_WAIT_SECONDS", 0.1)
    start("writer = folder.writer(key, layouts, 10)\nsay('begun')\ntime.sleep(600)", "aa", "begun")
    with pytest.raises(ResourceError, match="another process holds") as caught:
        cache.folder.open("aa")
    assert "End that process" in caught.value.advice


def test_threads_write_one_entry_and_gather_from_it(cache: Told) -> None:
    written: list[int] = []

    def write(writer: ActivationWriter) -> np.ndarray:
        written.append(1)
        return fill(writer)

    def work(_: int) -> None:
        with cache.folder.open_or_write("aa", LAYOUTS, ENTRY_BYTES, write) as activations:
            for _ in range(20):
                assert_whole(activations)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert written == [1]


# The disk.


class FullAfter(io.FileIO):
    """A file on a disk that has no room after some bytes."""

    left_bytes = 0

    def write(self, data: Any) -> int:
        FullAfter.left_bytes -= len(memoryview(data))
        if FullAfter.left_bytes < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)
        return super().write(data)


def _fill_up(monkeypatch: pytest.MonkeyPatch, left_bytes: int) -> None:
    opened = Path.open

    def open_file(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if mode in ("xb", "wb"):
            return io.BufferedWriter(FullAfter(path, mode))
        return opened(path, mode, *rest, **named)

    FullAfter.left_bytes = left_bytes
    monkeypatch.setattr(Path, "open", open_file)


@pytest.mark.parametrize("left_bytes", [0, 5000, ROW_BYTES - 1, ROW_BYTES + 10])
def test_a_disk_that_fills_up_leaves_nothing(
    cache: Told, root: Path, monkeypatch: pytest.MonkeyPatch, left_bytes: int
) -> None:
    make(cache.folder, "aa")
    _fill_up(monkeypatch, left_bytes)
    with pytest.raises(ResourceError) as caught, cache.folder.writer("bb", LAYOUTS, ENTRY_BYTES) as writer:
        writer.finish(fill(writer))
    assert "Received: " in caught.value.message and "Free some space" in caught.value.advice
    assert (entries(root), works(root)) == (["aa"], [])
    monkeypatch.undo()
    make(cache.folder, "bb")


def test_a_disk_too_small_is_refused_before_anything_goes(
    cache: Told, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(cache.folder, "aa")
    usage = shutil.disk_usage(root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(ResourceError) as caught:
        cache.folder.writer("bb", LAYOUTS, 3 * ENTRY_BYTES)
    assert "on the disk" in caught.value.message and "Free some space" in caught.value.advice
    assert entries(root) == ["aa"]
    make_smaller = cache.folder.writer("bb", LAYOUTS, ENTRY_BYTES // 2)  # room by evicting
    assert entries(root) == []
    make_smaller.close()


def _calls(folder: ActivationFolder) -> list[Callable[[], object]]:
    return [
        lambda: folder.open("aa"),
        lambda: folder.writer("aa", LAYOUTS, 10),
        lambda: folder.open_or_write("aa", LAYOUTS, 10, fill),
        lambda: folder.evict(),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes where nobody may")
def test_a_folder_without_permission(cache: Told, root: Path) -> None:
    root.mkdir(parents=True)
    root.chmod(0o500)
    try:
        for call in _calls(cache.folder):
            with pytest.raises(ResourceError, match="can be written to") as caught:
                call()
            assert "permissions" in caught.value.advice
    finally:
        root.chmod(0o700)


def test_a_read_only_disk(cache: Told, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir(parents=True)

    def refuse(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    for call in _calls(cache.folder):
        with pytest.raises(ResourceError, match="Read-only file system") as caught:
            call()
        assert "choose another folder" in caught.value.advice


def test_a_root_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for call in _calls(ActivationFolder(tmp_path / "file" / "activations", 10**6)):
        with pytest.raises(ResourceError, match="can be written to"):
            call()
    for call in _calls(ActivationFolder(tmp_path / "file", 10**6)):
        with pytest.raises(ResourceError, match="can be written to"):
            call()


def test_a_root_that_is_not_there_is_empty_and_is_made(cache: Told, root: Path) -> None:
    assert (cache.folder.size_bytes(), cache.folder.evict(), cache.folder.open("aa")) == (0, (), None)
    shutil.rmtree(root.parent)
    make(cache.folder, "aa")
    assert entries(root) == ["aa"]


def test_a_root_that_goes_away_while_it_is_written(cache: Told, root: Path) -> None:
    with cache.folder.writer("aa", LAYOUTS, ENTRY_BYTES) as writer:
        shutil.rmtree(root)
        with pytest.raises(ResourceError, match="can be written to"):
            fill(writer)


def test_a_file_system_without_locks(cache: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(activation_locks.filelock.FileLock, "acquire", refuse)
    for call in _calls(cache.folder):
        with pytest.raises(ResourceError, match="file locks"):
            call()


def test_a_closed_pipe_is_no_fault_of_the_folder(cache: Told, root: Path) -> None:
    make(cache.folder, "aa")
    _truncate(root / "aa")

    def tell(text: str) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    with pytest.raises(BrokenPipeError):
        ActivationFolder(root, 10**6, tell=tell).open("aa")


def test_every_byte_is_read_once_when_opened(cache: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    make(cache.folder, "aa")
    hashed: list[str] = []
    digest = activation_shards.hashlib.file_digest
    monkeypatch.setattr(
        activation_shards.hashlib, "file_digest", lambda file, name: [hashed.append(file.name), digest(file, name)][1]
    )
    with cache.folder.open("aa") as found:  # type: ignore[union-attr]
        shards = len(hashed)
        for _ in range(3):
            assert_whole(found)
    assert len(set(hashed)) == len(hashed) == shards > 4


def test_making_the_object_touches_no_disk(root: Path) -> None:
    ActivationFolder(root, 1)
    assert not root.exists()
