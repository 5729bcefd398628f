"""How much room kept activations take, and which of them go when more is needed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from ftsuite.errors import ResourceError
from ftsuite.training.activations.locks import ActivationLocks

FINISHED = "finished"
_WORK_PREFIX = ".work-"
_RESERVED = "reserved_bytes"
_REPLACED = "replaced"
KEY = re.compile(r"[0-9a-f]{1,128}")


@dataclass(frozen=True)
class Entry:
    """One finished folder.

    Attributes:
        key: its name.
        used_nanoseconds: when it was last opened or written, since the epoch.
        size_bytes: of all its files.
    """

    key: str
    used_nanoseconds: int
    size_bytes: int


class ActivationRoom:
    """Counts, reserves and frees the bytes under one root.

    Args:
        root: of the activations.
        limit_bytes: that finished entries and those being written may take together.
        locks: of the same root.
    """

    def __init__(self, root: Path, limit_bytes: int, locks: ActivationLocks) -> None:
        self._root, self._limit_bytes, self._locks = root, limit_bytes, locks

    def entries(self) -> list[Entry]:
        """All finished folders, the least recently used first; what is not ours is passed over."""
        found = []
        for path in _children(self._root):
            if KEY.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                with contextlib.suppress(FileNotFoundError):  # removed by another process just now
                    found.append(Entry(path.name, path.stat().st_mtime_ns, _size_bytes(path)))
        return sorted(found, key=lambda entry: (entry.used_nanoseconds, entry.key))

    def size_bytes(self) -> int:
        """The bytes of finished entries, and of unfinished ones as far as they are written."""
        return sum(entry.size_bytes for entry in self.entries()) + sum(map(_size_bytes, self._works()))

    def begin(self, key: str, expected_bytes: int) -> Path:
        """Make room and a folder in which an entry can be written; call it with the key's lock held.

        Raises:
            ResourceError: too little room, even if all that is not in use went; nothing has been evicted then.
            OSError: the root cannot be written to.
        """
        with self._locks.root():
            self._sweep(key)
            self._make_room(expected_bytes, expected_bytes)
            work = self._new_work(key)
            (work / FINISHED).mkdir()
            _reserve(work, expected_bytes)
        return work

    def extend(self, work: Path, needed_bytes: int) -> int:
        """Make room for an entry that grows beyond what was expected, and return what is reserved now.

        Args:
            work: from `begin`.
            needed_bytes: of the whole entry, at the least.

        Raises:
            ResourceError: as `begin`.
            OSError: as `begin`.
        """
        # A quarter more than needed, so that this happens a few times and not at every batch.
        reserved_bytes = max(needed_bytes, min(needed_bytes + needed_bytes // 4, self._limit_bytes))
        with self._locks.root():
            already_bytes = _reserved_bytes(work)
            try:
                self._make_room(reserved_bytes - already_bytes, reserved_bytes)
            except ResourceError:
                reserved_bytes = needed_bytes
                self._make_room(reserved_bytes - already_bytes, reserved_bytes)
            _reserve(work, reserved_bytes)
        return reserved_bytes

    def evict(self, needed_bytes: int) -> tuple[str, ...]:
        """Remove least recently used entries until `needed_bytes` more keep the limit, or all others are in use."""
        with self._locks.root(), contextlib.ExitStack() as held:
            self._sweep()
            chosen, _ = self._choose(self._taken_bytes() + needed_bytes - self._limit_bytes, held)
            for key in chosen:
                self.discard(key)
        return tuple(chosen)

    def discard(self, key: str) -> None:
        """Remove whatever is at a key; call it with the key's lock held."""
        work = self._new_work(key)
        # Renamed first: an entry that is half removed must not look whole.
        (self._root / key).rename(work / _REPLACED)
        shutil.rmtree(work, ignore_errors=True)

    def _make_room(self, more_bytes: int, entry_bytes: int) -> None:
        if entry_bytes > self._limit_bytes:
            raise self._beyond_limit(entry_bytes)
        beyond_limit = self._taken_bytes() + more_bytes - self._limit_bytes
        free_bytes = shutil.disk_usage(self._root).free - self._pending_bytes()
        beyond_disk = more_bytes - free_bytes
        with contextlib.ExitStack() as held:
            chosen, missing_bytes = self._choose(max(beyond_limit, beyond_disk), held)
            if missing_bytes > 0 and beyond_limit > beyond_disk:
                raise self._others_in_use(entry_bytes)
            if missing_bytes > 0:
                raise disk_full(self._root, more_bytes, max(free_bytes, 0))
            for key in chosen:
                self.discard(key)

    def _choose(self, shortage_bytes: int, held: contextlib.ExitStack) -> tuple[list[str], int]:
        """The entries to remove, locked by `held`, and how many bytes are short even so."""
        chosen = []
        for entry in self.entries():
            if shortage_bytes <= 0:
                break
            lock = self._locks.try_acquire(entry.key)
            if lock is None:
                continue
            held.callback(lock.release)
            if not self._locks.in_use(entry.key):
                chosen.append(entry.key)
                shortage_bytes -= entry.size_bytes
        return chosen, shortage_bytes

    def _taken_bytes(self) -> int:
        works = sum(max(_size_bytes(work), _reserved_bytes(work)) for work in self._works())
        return sum(entry.size_bytes for entry in self.entries()) + works

    def _pending_bytes(self) -> int:
        return sum(max(_reserved_bytes(work) - _size_bytes(work), 0) for work in self._works())

    def _works(self) -> list[Path]:
        return [path for path in _children(self._root) if path.name.startswith(_WORK_PREFIX) and path.is_dir()]

    def _new_work(self, key: str) -> Path:
        work = self._root / f"{_WORK_PREFIX}{key}-{os.getpid()}-{secrets.token_hex(4)}"
        work.mkdir()
        return work

    def _sweep(self, own_key: str | None = None) -> None:
        """Remove what killed processes left: a folder of work whose key nobody holds, or this caller alone."""
        for work in self._works():
            key = work.name.removeprefix(_WORK_PREFIX).split("-")[0]
            lock = self._locks.try_acquire(key) if key != own_key and KEY.fullmatch(key) else None
            if lock is not None or key == own_key:
                shutil.rmtree(work, ignore_errors=True)
            if lock is not None:
                lock.release()

    def _beyond_limit(self, entry_bytes: int) -> ResourceError:
        return ResourceError(
            f"All activations in {self._root} may take {_mebibytes(self._limit_bytes)}. "
            f"Received: one entry of {_mebibytes(entry_bytes)}.",
            "Raise the limit, or train without keeping activations.",
        )

    def _others_in_use(self, entry_bytes: int) -> ResourceError:
        return ResourceError(
            f"All activations in {self._root} may take {_mebibytes(self._limit_bytes)}. Received: one entry of "
            f"{_mebibytes(entry_bytes)} beside those that running processes use.",
            "Raise the limit, wait for the other runs to end, or train without keeping activations.",
        )


def disk_full(root: Path, needed_bytes: int, free_bytes: int) -> ResourceError:
    """Make the error for a disk without room for `needed_bytes` more."""
    return ResourceError(
        f"The activations in {root} need {_mebibytes(needed_bytes)} on the disk. "
        f"Received: {_mebibytes(free_bytes)} free.",
        "Free some space, choose a folder on a larger disk, or train without keeping activations.",
    )


def _mebibytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.1f} MiB"


def _reserve(work: Path, size_bytes: int) -> None:
    partial = work / f"{_RESERVED}.partial"
    partial.write_text(str(size_bytes), encoding="ascii")
    partial.rename(work / _RESERVED)


def _reserved_bytes(work: Path) -> int:
    try:
        return int((work / _RESERVED).read_text(encoding="ascii"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return 0


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.name not in (_RESERVED, f"{_RESERVED}.partial"):
                total += path.lstat().st_size
    return total


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
