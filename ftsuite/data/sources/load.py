"""The one door to every source of labelled examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.data.sources.asset import load_asset
from ftsuite.data.sources.field_guide_source import load_field_guide
from ftsuite.data.sources.folder import load_folder
from ftsuite.data.sources.jsonl_stream import load_jsonl_stream
from ftsuite.data.sources.parsing import Source, resolve_source
from ftsuite.data.sources.table import load_table
from ftsuite.data.sources.tfds import load_tfds
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress
    from ftsuite.config import DataConfig


def load_examples(data: DataConfig, seed: int, progress: Progress | None = None) -> Examples:
    """All labelled examples of ``data.source``, checked, with what was left out in `Examples.notes`.

    Args:
        data: the config's ``data`` section.
        seed: the run's seed; what the field guide draws depends on it.
        progress: called in this thread as (label, done, in all).

    Returns:
        Examples with the source's official splits where it has them; `ftsuite.data.splits.split_examples`
        makes the rest. Pictures come with `decoders` (0 TensorFlow, 1 Pillow).

    Raises:
        ConfigError: a source that cannot be understood.
        DataError: files, rows or classes that cannot be used, every one of them named.
        ArtifactError: an asset that is damaged.
        ResourceError: a tfds data set or an asset that is neither here nor to be had.
    """
    source = resolve_source(data.source)
    if data.streaming:
        return load_jsonl_stream(_streamable(source, data), data, progress)
    if source.kind == "folder":
        return load_folder(source.path, data.bad_files, progress)
    if source.kind in ("csv", "jsonl", "parquet"):
        return load_table(source.path, source.kind, data, progress)
    if source.kind == "tfds":
        return load_tfds(source.rest, data, progress)
    if source.kind == "asset":
        return load_asset(source.rest, progress, data.bad_files)
    return load_field_guide(data, seed)


def _streamable(source: Source, data: DataConfig) -> Path:
    if source.kind != "jsonl":
        raise ConfigError(
            f"data.streaming goes with JSON lines only. Received: the source {data.source!r}, which is {source.kind}.",
            "Write the rows as JSON lines, or remove `streaming`.",
        )
    return source.path
