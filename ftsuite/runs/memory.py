"""How much memory there is for a process, and the most that a piece of work held."""

from __future__ import annotations

import resource
import sys
import threading
from pathlib import Path
from types import TracebackType

import psutil

_CGROUP = Path("/sys/fs/cgroup")
_SECONDS_BETWEEN_LOOKS = 0.005


def available_memory_bytes(cgroup: Path = _CGROUP) -> int:
    """What can still be taken without swapping, of the machine and of the container that this process may run in."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        held = int((cgroup / "memory.current").read_text())
        rows = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return free
    # Files that were read and may be forgotten count as held, and are no want of memory.
    return free if limit == "max" else max(min(free, int(limit) - held + int(rows.get("inactive_file", 0))), 0)


def peak_memory_bytes() -> int:
    """The most memory that this process has held so far."""
    try:
        # A process begins with its parent's peak in `getrusage`, so under a large program that figure says nothing.
        rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(rows["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class PeakMemory:
    """Looks again and again at how much this process holds, in a thread, while it is entered."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self.peak_bytes = self._held()

    def __enter__(self) -> PeakMemory:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self.peak_bytes = max(self.peak_bytes, self._held())

    def _watch(self) -> None:
        while not self._done.wait(_SECONDS_BETWEEN_LOOKS):
            self.peak_bytes = max(self.peak_bytes, self._held())

    def _held(self) -> int:
        return int(self._process.memory_info().rss)
