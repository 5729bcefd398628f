"""Locks on kept activations: one process makes an entry, and none evicts what another one uses.

- `<root>/.locks/<key>.lock`: held while an entry is written, opened or removed
- `<root>/.locks/<key>.use-*`: one for each opened entry, held until it is closed, be it by the process's end
- `<root>/.locks/root.lock`: held while room is made
Who holds a key's lock may wait for the root's; who holds the root's only tries the keys'.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from ftsuite.errors import ResourceError

_ROOT = "root"
# A trunk's pass over a large data set takes hours on a slow machine.
_LONGEST_WAIT_SECONDS = 6 * 3600.0


class ActivationLocks:
    """The locks under one root.

    Args:
        root: of the activations; it need not exist yet.
        tell: told what is being waited for.
    """

    def __init__(self, root: Path, tell: Callable[[str], None]) -> None:
        self._folder = root / ".locks"
        self._tell = tell

    def acquire(self, key: str) -> filelock.BaseFileLock:
        """Lock a key, waiting as long as another process holds it; the caller releases it.

        Raises:
            ResourceError: the other process did not end in six hours, or the file system knows no locks.
            OSError: the folder cannot be made or written to.
        """
        lock = self.try_acquire(key)
        if lock is not None:
            return lock
        if key != _ROOT:
            self._tell(f"Waiting for another process that is at work on the same activations ({key[:12]}).")
        lock = self._lock(f"{key}.lock")
        try:
            lock.acquire(timeout=_LONGEST_WAIT_SECONDS)
        except filelock.Timeout:
            raise ResourceError(
                f"The activations {key[:12]} should be free within {_LONGEST_WAIT_SECONDS / 3600:.0f} hours. "
                f"Received: another process holds {lock.lock_file}.",
                "End that process, then try again.",
            ) from None
        return lock

    def try_acquire(self, key: str) -> filelock.BaseFileLock | None:
        """Lock a key if nobody holds it, else return None; errors as `acquire`."""
        return self._try(f"{key}.lock")

    @contextlib.contextmanager
    def root(self) -> Iterator[None]:
        """Lock what concerns all keys; errors as `acquire`."""
        lock = self.acquire(_ROOT)
        try:
            yield
        finally:
            lock.release()

    def use(self, key: str) -> Callable[[], None]:
        """Mark an entry as in use, with its key's lock held; the mark ends with the process or with the result's call.

        Raises:
            OSError: the folder cannot be written to.
        """
        process = os.getpid()
        name = f"{key}.use-{process}-{secrets.token_hex(4)}"
        lock = self._try(name)
        assert lock is not None  # the name is new

        def release() -> None:
            if os.getpid() == process:  # a forked child ends too, and must not end its parent's mark
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink(missing_ok=True)
                lock.release()

        return release

    def in_use(self, key: str) -> bool:
        """Whether a live process has the entry open; call it with the key's lock held. Marks of dead ones go away."""
        for path in self._folder.glob(f"{key}.use-*"):
            lock = self._try(path.name)
            if lock is None:
                return True
            path.unlink(missing_ok=True)
            lock.release()
        return False

    def _try(self, name: str) -> filelock.BaseFileLock | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock(name)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return None
        except NotImplementedError as error:
            raise ResourceError(
                f"The file system of {self._folder} should know file locks. Received: {error}",
                "Choose a folder on a local disk for the activations.",
            ) from error
        return lock

    def _lock(self, name: str) -> filelock.BaseFileLock:
        # Released by whichever thread lets go of the activations last.
        return filelock.FileLock(self._folder / name, thread_local=False)
