"""The examples of a job: what its task loads, and of that what ``data.manifest`` keeps."""

from __future__ import annotations

from pathlib import Path

from ftsuite.api import Examples, Progress, Task
from ftsuite.config import DataConfig
from ftsuite.data.sources.found import COLLECT
from ftsuite.data.sources.manifest import apply_manifest


def load_of_task(task: Task, data: DataConfig, progress: Progress | None, *, collect: bool = False) -> Examples:
    """Load the examples of a job.

    A manifest is applied to what the task made of its source, so that its labels are the classes that a run and its
    report name.

    Args:
        task: of the job.
        data: the config's ``data`` section.
        progress: told how loading goes on.
        collect: collect what would stop a run in `Examples.collected`, in place of an error.

    Raises:
        DataError: as `ftsuite.data.sources.load_examples`, or rows of the manifest that do not fit.
    """
    if data.manifest is None:
        return task.load(data.model_copy(update={"bad_files": COLLECT}) if collect else data, progress)
    # What the manifest leaves out must not stop a run, so all of it is known before anything is refused.
    everything = task.load(data.model_copy(update={"bad_files": COLLECT}), progress)
    return apply_manifest(everything, Path(data.manifest).expanduser(), classifies=task.classifies)
