"""The names that follow from a task's name, and which names there can be."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from ftsuite.errors import ConfigError

LONGEST = 30
_ALLOWED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RULE = (
    f"The name of a task has lower-case letters, digits and single hyphens, begins with a letter, and is {LONGEST} "
    "characters at most"
)
# Folders that a package has besides its own.
_FOLDERS = ("build", "data", "dist", "docs", "runs", "tests")
# Names that the made code uses for something else.
_USED = frozenset(
    (
        *("Any", "Callable", "Field", "Mapping", "Sequence"),
        *("Bars", "DataError", "Examples", "Metric", "Options", "Progress", "ReportPart", "Scatter", "Table"),
        *("Task", "TaskModel", "TaskSpec", "ClassProbabilities", "NamedAnswers"),
        *("ImageClassification", "ImageOptions", "ImageTask", "TextClassification", "TextOptions", "TextTask"),
    )
)


@dataclass(frozen=True)
class Names:
    """What a task called ``bird-songs`` is called elsewhere.

    Attributes:
        task: ``bird-songs``: the config's ``task:``, the entry point, and the folder.
        package: ``bird_songs``: what Python imports.
        class_name: ``BirdSongs``.
        distribution: ``ftsuite-bird-songs``: what pip installs.
    """

    task: str
    package: str
    class_name: str
    distribution: str

    @property
    def options_name(self) -> str:
        """``BirdSongsOptions``."""
        return f"{self.class_name}Options"


def names_of(task: str, installed: Mapping[str, str]) -> Names:
    """The names that follow from the name of a new task.

    Args:
        task: as the user gives it.
        installed: the names of the tasks that there are, each with the distribution that it comes from.

    Raises:
        ConfigError: a name that cannot be had, with one that can where it is near.

    >>> names_of("bird-songs", {})
    Names(task='bird-songs', package='bird_songs', class_name='BirdSongs', distribution='ftsuite-bird-songs')
    """
    if not _ALLOWED.fullmatch(task) or len(task) > LONGEST:
        near = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", task).lower()).strip("-")[:LONGEST]
        advice = f"{near} would do." if _ALLOWED.fullmatch(near) else "bird-songs, for instance."
        raise ConfigError(f"{_RULE}. Received: {task!r:.80}.", advice)
    if task in installed:
        raise ConfigError(
            f"The name of a new task must be one that no installed task has. Received: {task!r}, which "
            f"{installed[task]} has.",
            "Choose another name; `ftsuite list tasks` shows those that are taken."
            + ("" if installed[task] == "ftsuite" else f" To begin it anew: `pip uninstall {installed[task]}` first."),
        )
    package = task.replace("-", "_")
    taken = _taken(package)
    if taken:
        raise ConfigError(
            f"A package {package} is made of the task's name, which must be free. Received: {task!r}, {taken}.",
            f"Choose another name: my-{task}, for instance.",
        )
    class_name = "".join(part[:1].upper() + part[1:] for part in task.split("-"))
    if {class_name, f"{class_name}Options"} & _USED or hasattr(builtins, class_name) or keyword.iskeyword(class_name):
        class_name += "Job"
    distribution = task if task.startswith("ftsuite-") else f"ftsuite-{task}"
    return Names(task, package, class_name, distribution)


def _taken(package: str) -> str:
    """Why a package cannot be called so; empty where it can."""
    if keyword.iskeyword(package):
        return "which is a word of Python's own"
    if package in _FOLDERS:
        return "which is a folder that every package has"
    if package in sys.stdlib_module_names:
        return "which is a module of Python's own"
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    # A folder without code, as one of pictures, is no package.
    return f"which {found.origin} is already" if found is not None and found.origin is not None else ""
