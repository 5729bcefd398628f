"""Activations on disk: a folder of entries by key that keeps a limit, whoever else is at it at the same time.

- `<root>/<key>/`: a finished entry: shards and manifest.json; its time of change says when it was last used
- `<root>/.work-<key>-*/`: one being written or removed, or left behind by a process that was killed
- `<root>/.locks/`: who writes and who uses what
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import filelock
import numpy as np

from ftsuite.errors import ArtifactError
from ftsuite.training.activations.entry import EntryWriter, disk_errors, free_bytes, touch
from ftsuite.training.activations.layouts import RowLayout
from ftsuite.training.activations.locks import ActivationLocks
from ftsuite.training.activations.room import KEY, ActivationRoom
from ftsuite.training.activations.shards import SHARD_BYTES, open_shards
from ftsuite.training.activations.store import Activations, ActivationWriter


def _silent(text: str) -> None:
    pass


class ActivationFolder:
    """Entries of activations under one root.

    Several processes and threads may use the same root. An entry that one of them has open or is writing is not
    evicted; it is free again when it is closed, or when its process has ended, however that ended.

    Args:
        root: made where it is not there yet.
        limit_bytes: that all entries may take together.
        tell: told in a sentence that something is being waited for, or that a damaged entry was removed.
        shard_bytes: no file is larger, unless one row is.
    """

    def __init__(
        self,
        root: Path,
        limit_bytes: int,
        *,
        tell: Callable[[str], None] = _silent,
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        self.root, self.limit_bytes = root, limit_bytes
        self._tell, self._shard_bytes = tell, shard_bytes
        self._locks = ActivationLocks(root, tell)
        self._room = ActivationRoom(root, limit_bytes, self._locks)

    def telling(self, tell: Callable[[str], None]) -> ActivationFolder:
        """The same folder, whose waits and repairs are told to `tell`."""
        return ActivationFolder(self.root, self.limit_bytes, tell=tell, shard_bytes=self._shard_bytes)

    def room_bytes(self) -> int:
        """What one entry may take at most: the limit, or what the disk has free if all others were evicted.

        Raises:
            ResourceError: the root cannot be read.
        """
        with disk_errors(self.root):
            return min(self.limit_bytes, free_bytes(self.root) + self._room.size_bytes())

    def open(self, key: str) -> Activations | None:
        """Open an entry and mark it as used now; None where there is no whole one.

        It waits while another process writes the entry. A damaged one is removed, and `tell` is told.

        Args:
            key: lower-case hexadecimal digits, as of `activation_key`.

        Raises:
            ResourceError: the root cannot be read from and written to.
            ValueError: `key` is no key.
        """
        with self._held(key):
            return self._open_held(key)

    def writer(self, key: str, layouts: Sequence[RowLayout], expected_bytes: int) -> ActivationWriter:
        """Begin an entry; it is there when the writer is finished, and replaces what may be there before.

        The least recently used entries are evicted until there is room. While another process writes the same key this
        waits; `open_or_write` then finds what the other one made, and is what to use where both can happen.

        Args:
            key: as `open`.
            layouts: of a row.
            expected_bytes: of all rows. Where more come, more room is made for them.

        Raises:
            ResourceError: `expected_bytes` are more than the limit, than the disk has, or than what is free beside
                entries in use; or the root cannot be written to. Nothing has been evicted then.
            ValueError: `key` is no key, or layouts that are not as `RowLayout` says.
        """
        with self._held(key) as lock:
            return self._begin_held(key, layouts, expected_bytes, lock)

    def open_or_write(
        self,
        key: str,
        layouts: Sequence[RowLayout],
        expected_bytes: int,
        write: Callable[[ActivationWriter], np.ndarray],
    ) -> Activations:
        """Open an entry, or write it where it is not there; of several processes one writes and the others find it.

        Args:
            key: as `open`.
            layouts: as `writer`.
            expected_bytes: as `writer`.
            write: appends all rows and returns the order for `ActivationWriter.finish`.

        Raises:
            ResourceError: as `open`, `writer` and `ActivationWriter.append`.
            ValueError: as `writer`.
        """
        with self._held(key) as lock:
            found = self._open_held(key)
            if found is not None:
                return found
            writer = self._begin_held(key, layouts, expected_bytes, lock)
        with writer:
            return writer.finish(write(writer))

    def evict(self, needed_bytes: int = 0) -> tuple[str, ...]:
        """Remove least recently used entries until `needed_bytes` more would keep the limit; clear what was left over.

        Returns:
            The keys that went. Where the others are in use, fewer bytes are free than were asked for.

        Raises:
            ResourceError: the root cannot be written to.
        """
        with disk_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            return self._room.evict(needed_bytes)

    def size_bytes(self) -> int:
        """The bytes that entries take, those being written included.

        Raises:
            ResourceError: the root cannot be read.
        """
        with disk_errors(self.root):
            return self._room.size_bytes()

    @contextlib.contextmanager
    def _held(self, key: str) -> Iterator[filelock.BaseFileLock]:
        """Hold a key's lock for a while, in an existing root."""
        if not KEY.fullmatch(key):
            raise ValueError(f"A key should be of lower-case hexadecimal digits. Received: {key!r}.")
        with disk_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = self._locks.acquire(key)
            try:
                yield lock
            finally:
                lock.release()

    def _open_held(self, key: str) -> Activations | None:
        path = self.root / key
        if not os.path.lexists(path):
            return None
        release = self._locks.use(key)
        try:
            activations = open_shards(path)
            touch(path)
        except ArtifactError as error:
            release()
            self._room.discard(key)
            self._tell(f"{error.message} They were removed, and are computed again.")
            return None
        except BaseException:
            release()
            raise
        activations.when_closed(release)
        return activations

    def _begin_held(
        self, key: str, layouts: Sequence[RowLayout], expected_bytes: int, lock: filelock.BaseFileLock
    ) -> ActivationWriter:
        return EntryWriter(
            self.root / key,
            layouts,
            expected_bytes,
            room=self._room,
            lock=lock,
            use=lambda: self._locks.use(key),
            shard_bytes=self._shard_bytes,
        )
