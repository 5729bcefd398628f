"""A polite kill ends a command like Ctrl-C."""

from __future__ import annotations

import signal


def take_sigterm_as_ctrl_c() -> None:
    """From now on SIGTERM raises KeyboardInterrupt, so that what was kept so far is put in order as after Ctrl-C."""
    signal.signal(signal.SIGTERM, _stop)


def _stop(signal_number: int, frame: object) -> None:
    raise KeyboardInterrupt
