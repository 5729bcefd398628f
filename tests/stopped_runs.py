"""Stopping runs, and what must be the same of a stopped and a straight one."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftsuite.training.journal import read_journal

# What may differ between a straight run and a resumed one: times, and what was resident.
_TIMED = ("time", "seconds", "examples_per_second", "tokens_per_second", "input_wait_share", "peak_memory_bytes")


class Killed(BaseException):
    """Stands for kill -9: nothing of the run's own catches it, and what is on the disk stays as it is."""


class Stopper:
    """Presses Ctrl-C at the nth event of a kind."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind, self.left = kind, number

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == self.kind:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def weights_in(folder: Path) -> bytes:
    """The weights of a run's model."""
    return zipfile.ZipFile(folder / "model.keras").read("model.weights.h5")


def events_in(folder: Path, name: str = "journal.jsonl") -> list[dict[str, Any]]:
    """A run's journal without times, and without the note that it was stopped."""
    kept = [event for event in read_journal(folder / name) if event["event"] != "interrupted"]
    return [{key: value for key, value in event.items() if key not in _TIMED} for event in kept]
