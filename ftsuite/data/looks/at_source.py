"""From a ``data.source`` to what a first look finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ftsuite.data.looks.look import Look, Wanted
from ftsuite.data.looks.tables import look_at_huggingface, look_at_table
from ftsuite.data.looks.trees import look_at_archive, look_at_folder
from ftsuite.data.sources.arrow_files import holds_pictures
from ftsuite.data.sources.parsing import Source, resolve_source
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.api import Progress

TABLES = ("csv", "jsonl", "parquet", "huggingface")


def look_at(text: str, wanted: Wanted | None = None, progress: Progress | None = None) -> Look:
    """Look at a source: at all names and labels, and at a sample of the pictures or texts.

    Pictures are not decoded, but for a few; a run that reads them all can still find one that is damaged. Records, tfds
    data sets and assets are opened as a run opens them.

    Args:
        text: any form of ``data.source`` that is one source.
        wanted: columns, for tables.
        progress: called in this thread as (label, done, in all).

    Raises:
        ConfigError: a source or a column that cannot be understood.
        DataError: nothing there, unreadable, or no classes to learn.
        ResourceError: a tfds data set that is not prepared.
    """
    wanted = wanted or Wanted()
    source = resolve_source(text)
    if source.kind not in TABLES and wanted != Wanted():
        raise ConfigError(
            "--input-column and --label-column go with a table. "
            f"Received: one of them with {text!r}, which is {source.kind}.",
            "Leave them out.",
        )
    if source.kind == "folder":
        return look_at_folder(source.path)
    if source.kind == "archive":
        return look_at_archive(source.path, progress)
    if source.kind == "huggingface" or (source.kind == "parquet" and holds_pictures(source.path, wanted.input_column)):
        return look_at_huggingface(source.path, wanted)
    if source.kind in TABLES:
        return look_at_table(source.path, source.kind, wanted)
    return _loader(source)(text, source, progress)


def _loader(source: Source) -> Callable[..., Look]:
    # Brings what other sources do without; of tfds TensorFlow.
    from ftsuite.data.looks.opened import look_at_opened

    return look_at_opened
