"""From a config's data to a folder of records. Nothing is trained, and no model is loaded.

Imports no Keras for the tasks that come with ftsuite, which are known to have classes.
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ftsuite.api import Examples, Progress
from ftsuite.config import Config, source_names, source_text, source_weights
from ftsuite.data.assigned_splits import assigned_splits
from ftsuite.data.records.layout import MOST_SHARDS, RecordsHead
from ftsuite.data.records.write import WritingJob, expected_bytes, require_absent, write_records
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.classes import labels_are_values
from ftsuite.data.sources.pattern_groups import grouped_by_pattern
from ftsuite.errors import ConfigError, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs.own_metrics import is_built_in, metrics_of
from ftsuite.runs.own_places import require_apart

SHARD_BYTES = 256 * 2**20


@dataclass(frozen=True)
class PreparedData:
    """What was written.

    Attributes:
        folder: of the records.
        head: what its records.json says.
        shards_kept: how many of them an earlier start had written.
        seconds: of the whole.
    """

    folder: Path
    head: RecordsHead
    shards_kept: int
    seconds: float


def prepare_data(
    config: Config,
    out: Path,
    *,
    shards: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    image_size: int | None = None,
    progress: Progress | None = None,
) -> PreparedData:
    """Write all examples of ``data.source`` as records.

    Args:
        config: of the job; ``data.limit`` and ``data.duplicates`` are left to the runs.
        out: the folder, which must not be there yet.
        shards: how many files; None for as many as `shard_bytes` asks for.
        shard_bytes: about what a file is to hold.
        image_size: pixels of the shorter side of pictures that have more; None for all as they are.
        progress: told how loading and writing go on.

    Raises:
        ConfigError: `out` is there, or lies in the data; or a size for texts.
        ResourceError: too little room.
        FtsuiteError: what loading the data raises.
    """
    began = time.perf_counter()
    out = out.absolute()
    source = source_text(config.data.source)
    require_absent(out)
    _require_keepable(config)
    require_apart(config, out)
    with nullcontext() if _has_classes(config) else labels_are_values():
        examples = load_examples(config.data, config.seed, progress)
    if config.data.group_pattern is not None:
        examples = grouped_by_pattern(examples, config.data.group_pattern, source_names(config.data.source))
    if image_size is not None and examples.kind == "text":
        raise ConfigError(f"A size goes with pictures. Received: {source}, which gives texts.")
    size_bytes = expected_bytes(examples, image_size)
    _require_room(out, size_bytes)
    count = shards or min(-(-size_bytes // shard_bytes), MOST_SHARDS)
    job = WritingJob(examples, source, max(min(count, len(examples)), 1), image_size, examples.splits)
    if image_size is not None or config.data.time_column is not None:
        job = _with_decided_splits(job, config)
    head, kept = write_records(job, out, progress)
    return PreparedData(out, head, kept, time.perf_counter() - began)


def _has_classes(config: Config) -> bool:
    """Whether labels are classes to the config's task; a plugin's is made to be asked."""
    registry = Registry.discover()
    if is_built_in(registry, config.task):
        return True
    spec = registry.spec(config.task)
    options: Any = spec.options.model_validate_json(json.dumps(dict(config.options), default=str))
    return not metrics_of(spec.create(options, config.seed), spec)


def _with_decided_splits(job: WritingJob, config: Config) -> WritingJob:
    """Keep splits as made of what records do not hold: times, and the contents of pictures before they were shrunk."""
    data = config.data
    examples, splits, _ = assigned_splits(job.examples, data.model_copy(update={"folds": None}), config.seed)
    how = f"seed {config.seed}" if data.time_column is None else f"the times in {data.time_column!r}"
    note = (
        f"{job.pictures} Their splits are those that {how} and the fractions {data.validation_fraction:g} (validation) "
        f"and {data.test_fraction:g} (test) gave the examples as they were."
    ).strip()
    return replace(job, splits=splits, examples=_noted(examples, note))


def _noted(examples: Examples, note: str) -> Examples:
    return replace(examples, notes=(*examples.notes, note))


def _require_keepable(config: Config) -> None:
    """Records are one source: nothing of what each of several was to weigh, or a manifest leaves out, would be left."""
    if config.data.manifest is not None:
        raise ConfigError(
            f"Records hold all examples of a source, and a manifest is for the runs. Received: {config.data.manifest}.",
            "Remove `manifest` here (`--set data.manifest=null`), and name it beside `--data records:…` in the run: "
            "ids and contents are the same.",
        )
    weights = source_weights(config.data.source)
    if weights is not None:
        raise ConfigError(
            f"Expected sources without weights, which records do not keep. Received: the weights {list(weights)}.",
            "Remove them here; `data.sampling` of a run evens out classes, which records do keep.",
        )


def _require_room(out: Path, size_bytes: int) -> None:
    folder = next(parent for parent in out.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    # What an earlier start has written counts: it is used again, or removed.
    started = out.with_name(f".{out.name}.preparing")
    written = sum(path.stat().st_size for path in started.iterdir() if path.is_file()) if started.is_dir() else 0
    if size_bytes > free + written:
        raise ResourceError(
            f"Preparing the data needs about {size_bytes / 2**20:,.0f} MiB in {folder}. Received: "
            f"{free / 2**20:,.0f} MiB free.",
            "Free some space, choose another disk by --out, or store smaller pictures by --image-size.",
        )
