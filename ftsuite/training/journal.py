"""The journal of a run: one JSON object a line, each with its event and the time."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Listener = Callable[[dict[str, Any]], None]


class Journal:
    """Appends events to a file and tells a listener of each.

    Args:
        path: of ``journal.jsonl``.
        listener: shown every event, for the terminal.
    """

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        self.path = path
        self._listener = listener

    def write(self, event: str, **fields: Any) -> None:
        """Append one event and flush it, so that a killed run keeps it."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        entry = {"event": event, "time": now, **fields}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False, default=float) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.tell(entry)

    def tell(self, entry: dict[str, Any]) -> None:
        """Show the listener something that is not worth keeping."""
        if self._listener is not None:
            self._listener(entry)

    @property
    def length_bytes(self) -> int:
        """Where the journal ends now; a checkpoint remembers it."""
        return self.path.stat().st_size if self.path.exists() else 0

    def cut(self, length_bytes: int) -> None:
        """Forget what was written after a checkpoint, before training goes on from there."""
        # Never longer than it is: that would append zero bytes.
        if self.length_bytes > length_bytes:
            os.truncate(self.path, length_bytes)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a journal; a line that a kill cut short at the end is left out."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events
