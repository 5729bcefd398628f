"""What keeps a plugin that is being imported away from the command that imports it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import FrameType
from typing import Any


class CtrlC:
    """Tells a real Ctrl-C from a KeyboardInterrupt that a plugin raises, and undoes a handler that it sets."""

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None
        self._is_watching = False

    def __enter__(self) -> CtrlC:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._note)
                self._is_watching = True
        return self

    def __exit__(self, *unused: object) -> None:
        if self._is_watching:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> object:
        self.pressed = True
        return self._before(number, frame)


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send to stderr what is printed meanwhile, by Python, by native code or by programs that are started."""
    if sys.stdout is not None:
        sys.stdout.flush()
    with redirect_stdout(sys.stderr), _descriptor_1_to_2():
        yield


@contextmanager
def _descriptor_1_to_2() -> Iterator[None]:
    try:
        kept = os.dup(1)
    except OSError:  # there is no stdout
        yield
        return
    with suppress(OSError):  # there is no stderr: what is printed is seen
        os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
