"""One entry of activations while it is written to disk: whole in the end, or gone."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock
import numpy as np

from ftsuite.errors import ResourceError
from ftsuite.training.activations.layouts import RowLayout
from ftsuite.training.activations.room import FINISHED, ActivationRoom, disk_full
from ftsuite.training.activations.shards import ShardWriter, open_shards, sync_folder
from ftsuite.training.activations.store import Activations

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


class EntryWriter:
    """An `ActivationWriter` into a folder of entries.

    Args:
        path: where the finished entry belongs; its lock is held, by `lock`, until this writer ends.
        layouts: of a row.
        expected_bytes: of all rows.
        room: in which to make room.
        lock: of the key; this writer holds it once more and releases it once.
        use: marks the entry as in use, and returns what ends that.
        shard_bytes: no file is larger, unless one row is.

    Raises:
        ValueError: no layout, or a name that comes twice.
        ResourceError: there is no room.
        OSError: the root cannot be written to.
    """

    def __init__(
        self,
        path: Path,
        layouts: Sequence[RowLayout],
        expected_bytes: int,
        *,
        room: ActivationRoom,
        lock: filelock.BaseFileLock,
        use: Callable[[], Callable[[], None]],
        shard_bytes: int,
    ) -> None:
        self._path, self._room, self._use = path, room, use
        self._reserved_bytes = expected_bytes
        self._work = room.begin(path.name, expected_bytes)
        try:
            self._shards = ShardWriter(self._work / FINISHED, layouts, shard_bytes)
        except BaseException:
            shutil.rmtree(self._work, ignore_errors=True)
            raise
        lock.acquire()
        self._lock: filelock.BaseFileLock | None = lock

    def append(self, arrays: Mapping[str, np.ndarray], lengths: np.ndarray | None = None) -> None:
        """Do as `ActivationWriter.append`."""
        self._require_open()
        needed_bytes = self._shards.size_bytes + self._shards.batch_bytes(arrays, lengths)
        with self._gone_on_failure():
            if needed_bytes > self._reserved_bytes:
                self._reserved_bytes = self._room.extend(self._work, needed_bytes)
            self._shards.append(arrays, lengths)

    def finish(self, order: np.ndarray) -> Activations:
        """Do as `ActivationWriter.finish`."""
        self._require_open()
        order = self._shards.checked_order(order)
        with self._gone_on_failure():
            self._shards.seal(order)
            if os.path.lexists(self._path):
                self._room.discard(self._path.name)
            (self._work / FINISHED).rename(self._path)
            sync_folder(self._path.parent)
            release = self._use()
            try:
                touch(self._path)
                activations = open_shards(self._path, verify=False)  # it was hashed as it was written
            except BaseException:
                release()
                raise
        activations.when_closed(release)
        self.close()
        return activations

    def close(self) -> None:
        """Do as `ActivationWriter.close`."""
        if self._lock is not None:
            self._shards.close()
            shutil.rmtree(self._work, ignore_errors=True)
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._lock is None:
            raise RuntimeError("This writer was finished or closed.")

    @contextlib.contextmanager
    def _gone_on_failure(self) -> Iterator[None]:
        try:
            with disk_errors(self._path.parent, max(self._reserved_bytes - self._shards.size_bytes, 0)):
                yield
        except BaseException:
            self.close()
            raise


def touch(path: Path) -> None:
    """Mark an entry as used now."""
    # The kernel's own "now" is some milliseconds coarse.
    now_nanoseconds = time.time_ns()
    os.utime(path, ns=(now_nanoseconds, now_nanoseconds))


@contextlib.contextmanager
def disk_errors(root: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turn the operating system's errors within the context into ResourceError that says what to do."""
    try:
        yield
    except BrokenPipeError:
        raise  # of whoever is told something, and no fault of the folder
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise disk_full(root, needed_bytes, free_bytes(root)) from error
        place = f" ({error.filename})" if error.filename else ""
        raise ResourceError(
            f"The folder of activations {root} should be one that can be written to. "
            f"Received: {error.strerror or error}{place}.",
            "Mend its permissions, choose another folder, or train without keeping activations.",
        ) from error


def free_bytes(root: Path) -> int:
    """What the disk of a folder has free, be the folder there yet or not; 0 where nobody can tell."""
    for place in (root, *root.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            break
    return 0
