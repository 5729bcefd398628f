"""Where labelled examples come from: folders, tables, tfds, and the field guide that the suite draws."""

from __future__ import annotations

from ftsuite.data.sources.load import load_examples
from ftsuite.data.sources.parsing import Source, resolve_source

__all__ = ["Source", "load_examples", "resolve_source"]
