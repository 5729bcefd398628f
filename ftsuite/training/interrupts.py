"""Ctrl-C and SIGTERM while training: what must not be cut in two is finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequests:
    """Notes the first request to stop, for `check` to act on; a second one acts at once.

    In the main thread of a process only: elsewhere Python hears no signals, and nothing is changed. A signal that the
    process was started to ignore stays ignored.
    """

    def __init__(self) -> None:
        self._requested = False
        self._at_once = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequests:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
            self._before = {number: signal.signal(number, self._hear) for number in heard}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # Heard too late for anything to check: the caller still must know.
        if self._requested and error[0] is None:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt where a stop was asked for."""
        if self._requested:
            self._requested = False
            raise KeyboardInterrupt

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this a stop takes effect where it comes, for long work that leaves nothing half done."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._at_once or self._requested:
            self._requested = False
            raise KeyboardInterrupt
        self._requested = True
