"""Runs: from a config to a run folder, and from a run folder back to a model.

Names are imported when they are first asked for, because most of them need Keras.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "begin": "ftsuite.runs.begin",
    "RunResult": "ftsuite.runs.execute",
    "execute": "ftsuite.runs.execute",
    "dry_run": "ftsuite.runs.dry_run",
    "LoadedRun": "ftsuite.runs.load",
    "load_run": "ftsuite.runs.load",
    "resolve_run": "ftsuite.runs.folder",
    "thumbnails_for": "ftsuite.runs.thumbnails",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ftsuite.runs' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
