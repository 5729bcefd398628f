"""The one door to every source of labelled examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.config import entries_of, parse_source, source_names
from ftsuite.config.source import KEYS_OF_KINDS
from ftsuite.data.sources.archive import load_archive
from ftsuite.data.sources.arrow_files import holds_pictures
from ftsuite.data.sources.asset import load_asset
from ftsuite.data.sources.classes import one_of_several
from ftsuite.data.sources.field_guide_source import load_field_guide
from ftsuite.data.sources.folder import load_folder
from ftsuite.data.sources.huggingface import load_huggingface
from ftsuite.data.sources.jsonl_stream import load_jsonl_stream
from ftsuite.data.sources.parsing import Source, resolve_source
from ftsuite.data.sources.records_source import load_records
from ftsuite.data.sources.several import combine
from ftsuite.data.sources.table import load_table
from ftsuite.data.sources.tfds import load_tfds
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress
    from ftsuite.config import DataConfig, SourceEntry


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
    if isinstance(data.source, str):
        return _load_one(data.source, data, seed, progress)
    entries = entries_of(data.source)
    with one_of_several():
        parts = [_load_one(entry.source, _settings_of(entry, data), seed, progress) for entry in entries]
    return combine(parts, source_names(data.source), data.bad_files)


def _settings_of(entry: SourceEntry, data: DataConfig) -> DataConfig:
    """The settings of one of several sources: its own, else those of `data` where they fit its kind."""
    kind = parse_source(entry.source).kind
    changed: dict[str, object] = {"source": entry.source}
    for key, kinds in KEYS_OF_KINDS.items():
        own = getattr(entry, key, None)
        changed[key] = own if own is not None else getattr(data, key) if kind in kinds else None
    return data.model_copy(update=changed)


def _load_one(text: str, data: DataConfig, seed: int, progress: Progress | None) -> Examples:
    source = resolve_source(text)
    if data.time_column is not None and source.kind not in ("csv", "jsonl", "parquet"):
        raise ConfigError(
            f"data.time_column goes with a table. Received: the source {text!r}, which is {source.kind}.",
            "Remove `time_column`, or write the files with their classes and times into a CSV.",
        )
    if data.streaming:
        return load_jsonl_stream(_streamable(source, data), data, progress)
    if source.kind == "folder":
        return load_folder(source.path, data.bad_files, progress)
    if source.kind == "archive":
        return load_archive(source.path, data.bad_files, progress)
    if source.kind == "huggingface" or (source.kind == "parquet" and holds_pictures(source.path, data.image_column)):
        return load_huggingface(source.path, data, progress)
    if source.kind in ("csv", "jsonl", "parquet"):
        return load_table(source.path, source.kind, data, progress)
    if source.kind == "records":
        return load_records(source.path)
    if source.kind == "tfds":
        return load_tfds(source.rest, data, progress)
    if source.kind == "asset":
        return load_asset(source.rest, progress, data.bad_files)
    return load_field_guide(data, seed)


def _streamable(source: Source, data: DataConfig) -> Path:
    if source.kind != "jsonl":
        raise ConfigError(
            f"data.streaming goes with JSON lines only. Received: the source {data.source}, which is {source.kind}.",
            "Write the rows as JSON lines, or remove `streaming`.",
        )
    return source.path
