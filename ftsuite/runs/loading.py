"""The examples of a job: what its task loads, in the groups and with what of them the config asks for."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from ftsuite.api import Examples, Progress, Task
from ftsuite.config import DataConfig, source_names
from ftsuite.data.sources.classes import labels_are_values
from ftsuite.data.sources.found import COLLECT
from ftsuite.data.sources.manifest import apply_manifest
from ftsuite.data.sources.pattern_groups import grouped_by_pattern


def load_of_task(task: Task, data: DataConfig, progress: Progress | None, *, collect: bool = False) -> Examples:
    """Load the examples of a job, of whichever kind their source is.

    A manifest is applied to what the task made of its source, so that its labels are the classes that a run and its
    report name.

    Args:
        task: of the job.
        data: the config's ``data`` section.
        progress: told how loading goes on.
        collect: collect what would stop a run in `Examples.collected`, in place of an error.

    Raises:
        ConfigError: `data.group_pattern` fits no id.
        DataError: as `ftsuite.data.sources.load_examples`, or rows of the manifest that do not fit.
    """
    # What a manifest leaves out must not stop a run, so all of it is known before anything is refused.
    if collect or data.manifest is not None:
        data = data.model_copy(update={"bad_files": COLLECT})
    with labels_are_values() if task.metrics() else nullcontext():
        examples = task.load(data, progress)
    if data.group_pattern is not None:
        examples = grouped_by_pattern(examples, data.group_pattern, source_names(data.source))
    if data.manifest is not None:
        has_classes = task.classifies and examples.targets is None
        examples = apply_manifest(examples, Path(data.manifest).expanduser(), classifies=has_classes)
    return examples
