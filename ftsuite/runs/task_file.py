"""Keeps the code of a run whose task is a single file, so that it is not gone on with by other code."""

from __future__ import annotations

from pathlib import Path

from ftsuite.config.task_file import parse_task_file
from ftsuite.errors import ConfigError

COPY = "task.py"


def keep_task_file(folder: Path, task: str) -> None:
    """Copy the file of the task into the folder of a new run; a task that is installed has none."""
    named = parse_task_file(task)
    if named is not None:
        (folder / COPY).write_bytes(Path(named.path).read_bytes())


def refuse_changed_task_file(folder: Path, task: str) -> None:
    """Refuse to go on with a run whose task's file is not what it was.

    Raises:
        ConfigError: naming the copy that the run began with.
    """
    named, copy = parse_task_file(task), folder / COPY
    if named is not None and copy.is_file() and copy.read_bytes() != Path(named.path).read_bytes():
        raise ConfigError(
            f"--resume needs the task as the run began with it. Received: {named.path}, which was changed since.",
            f"Put it back from {copy}, or begin a new run.",
        )
