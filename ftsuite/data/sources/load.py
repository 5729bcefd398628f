"""The one door to every source of labelled examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftsuite.data.sources.field_guide_source import load_field_guide
from ftsuite.data.sources.folder import load_folder
from ftsuite.data.sources.parsing import resolve_source
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
        ResourceError: a tfds data set that is neither here nor to be had.
    """
    source = resolve_source(data.source)
    if source.kind == "folder":
        return load_folder(source.path, data.bad_files, progress)
    if source.kind in ("csv", "jsonl", "parquet"):
        return load_table(source.path, source.kind, data, progress)
    if source.kind == "tfds":
        return load_tfds(source.rest, data, progress)
    if source.kind == "field-guide":
        return load_field_guide(data, seed)
    raise ConfigError(
        f"Expected a source of labelled examples; the catalogue's assets are not read as data sets yet. "
        f"Received: {data.source!r}",
        "Pull it with `ftsuite assets pull NAME` and give its files with folder:PATH or csv:PATH.",
    )
