"""`data.batch_size: auto` in numbers: the config of a run whose batches were found by trying.

Whatever memory holds, an update averages the global batch: batches of a part of it are accumulated. Durations in steps
are of the global batch and become as many times longer, so that the plan shows as many examples on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ruamel.yaml import YAML

from ftsuite.config import Config, LoadedConfig, dump_yaml
from ftsuite.runs import folder as folders
from ftsuite.runs.out_of_memory import SmallerBatches, with_smaller_batches

DEFAULT_GLOBAL_BATCH = 32


@dataclass(frozen=True)
class BatchChoice:
    """What stands in place of ``auto``.

    Attributes:
        batch_size: examples in one training step.
        accumulate_steps: batches of an update.
        global_batch_size: examples of an update.
        reason: why no larger part of the global batch, in words; empty where it is all of it.
    """

    batch_size: int
    accumulate_steps: int
    global_batch_size: int
    reason: str = ""

    @property
    def note(self) -> str:
        """A sentence or two for the plan and the report."""
        whole = f"data.batch_size: auto is {self.batch_size}"
        if self.accumulate_steps == 1:
            return f"{whole}, all of the global batch."
        because = f": {self.reason}" if self.reason else ""
        return f"{whole}, of which {self.accumulate_steps} make the global batch of {self.global_batch_size}{because}."


def is_automatic(config: Config) -> bool:
    """Whether the config leaves the batch size to be found."""
    return config.data.batch_size == "auto"


def global_batch_size(config: Config) -> int:
    """Examples of an update that a config with ``auto`` asks for."""
    return config.finetune.optimizer.global_batch_size or DEFAULT_GLOBAL_BATCH


def with_batches_of(loaded: LoadedConfig, batch_size: int) -> LoadedConfig:
    """A config with ``auto`` in numbers.

    Args:
        loaded: the config.
        batch_size: a part of its global batch.
    """
    config, whole = loaded.config, global_batch_size(loaded.config)
    optimizer = config.finetune.optimizer.model_copy(update={"global_batch_size": whole})
    finetune = config.finetune.model_copy(update={"optimizer": optimizer})
    data = config.data.model_copy(update={"batch_size": whole})
    numbers = replace(loaded, config=config.model_copy(update={"data": data, "finetune": finetune}))
    if batch_size == whole:
        return numbers
    return with_smaller_batches(numbers, SmallerBatches(batch_size, whole // batch_size, whole, 1, ""))


def as_found_before(loaded: LoadedConfig, folder: Path) -> LoadedConfig:
    """A config with ``auto`` in the numbers that an earlier start of the run wrote down; else the config itself."""
    path = folder / folders.CONFIG
    if not is_automatic(loaded.config) or not path.is_file():
        return loaded
    written = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    size = written["data"]["batch_size"]
    # A part of another global batch is that of another config, which `begin` refuses by its keys.
    if not isinstance(size, int) or global_batch_size(loaded.config) % size:
        return loaded
    return with_batches_of(loaded, size)


def write_down(loaded: LoadedConfig, folder: Path) -> None:
    """Write the config in numbers before training begins, so that whoever resumes the run has the same batches."""
    path, text = folder / folders.CONFIG, dump_yaml(loaded.resolved())
    # By when its config was written the newest run is told: a resumed one is no newer for it.
    if not path.is_file() or path.read_text("utf-8") != text:
        folders.write_text(path, text)


def found_before(folder: Path) -> BatchChoice | None:
    """What an earlier start of this run found, by its environment.json."""
    path = folder / folders.ENVIRONMENT
    told = folders.read_json(path).get("automatic_batch_size") if path.exists() else None
    return None if told is None else BatchChoice(**told)
