"""The second attempt of a run whose memory ran out: what the first one wrote is put aside, and the config is rewritten.

What is decided is written first, into environment.json, and the config last; a run that is killed in between has a
config of other batches than were decided on, and its next start finishes the move. A finished adaptation of the encoder
stays where it is: the classifier's batches have no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ftsuite.config import LoadedConfig, dump_yaml
from ftsuite.runs import folder as folders
from ftsuite.runs.automatic_batch import as_found_before
from ftsuite.runs.out_of_memory import SmallerBatches, with_smaller_batches

ASIDE = "before-out-of-memory"
# The journal is copied: a folder without one counts as a run that never began, and is removed when its start fails.
_KEPT = (folders.CONFIG, folders.SPLIT, folders.LOG, folders.LOCK, folders.ENVIRONMENT, folders.JOURNAL, ASIDE)


def begin_anew(folder: Path, loaded: LoadedConfig, change: SmallerBatches) -> LoadedConfig:
    """Put what the first attempt wrote aside, under ``before-out-of-memory``, and write the config of the second.

    Called again after a kill at any point, it ends with the same folder.

    Args:
        folder: of the run.
        loaded: the config of the first attempt.
        change: what the second one changes.

    Returns:
        The config of the second attempt.
    """
    environment = folders.read_json(folder / folders.ENVIRONMENT)
    folders.write_json(folder / folders.ENVIRONMENT, {**environment, "out_of_memory": asdict(change)})
    aside = folder / ASIDE
    aside.mkdir(exist_ok=True)
    folders.write_text(aside / folders.JOURNAL, (folder / folders.JOURNAL).read_text(encoding="utf-8"))
    adapted = (folders.ADAPTATION, folders.ENCODER) if (folder / folders.ADAPTATION).is_file() else ()
    for path in sorted(path for path in folder.iterdir() if path.name not in (*_KEPT, *adapted)):
        path.rename(aside / path.name)
    smaller = with_smaller_batches(loaded, change)
    folders.write_text(folder / folders.CONFIG, dump_yaml(smaller.resolved()))
    return smaller


def begun_anew(folder: Path, loaded: LoadedConfig) -> tuple[LoadedConfig, SmallerBatches | None]:
    """The config to start or go on with, and what an earlier start changed; finishes a second beginning cut short.

    Args:
        folder: of the run.
        loaded: the config that it was started with.
    """
    change = recorded(folder)
    if change is None:
        return loaded, None
    numbers = as_found_before(loaded, folder)
    if numbers.config.data.batch_size == change.batch_size:
        return loaded, change
    return begin_anew(folder, numbers, change), change


def recorded(folder: Path) -> SmallerBatches | None:
    """What an earlier start of this run changed, by its environment.json."""
    path = folder / folders.ENVIRONMENT
    told: Mapping[str, Any] | None = folders.read_json(path).get("out_of_memory") if path.exists() else None
    return None if told is None else SmallerBatches(**told)


def adapted_journal_bytes(folder: Path) -> int:
    """Where the journal of a run ends with its finished adaptation; 0 where there is none."""
    path = folder / folders.ADAPTATION
    return int(folders.read_json(path)["journal_bytes"]) if path.is_file() else 0
