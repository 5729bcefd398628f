"""The tasks that are installed, found through entry points; an object, never a global."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import pydantic

from ftsuite.api import API_VERSION, ENTRY_POINT_GROUP, TaskSpec
from ftsuite.config.task_file import parse_task_file
from ftsuite.contract.spec_file import load_spec_file
from ftsuite.errors import ConfigError, PluginError


@dataclass(frozen=True)
class RegisteredTask:
    """One entry point: its spec, or the error that keeps it from being used."""

    name: str
    distribution: str
    spec: TaskSpec | None
    error: str | None = None

    @property
    def summary(self) -> str:
        """One line for a list: the spec's summary, or what is broken."""
        return self.spec.summary if self.spec is not None else f"broken: {self.error}"


class Registry:
    """Installed tasks by name. A broken plugin is kept with its error and stops only its own runs."""

    def __init__(self, tasks: Iterable[RegisteredTask]) -> None:
        self._tasks = {task.name: task for task in tasks}

    @classmethod
    def discover(cls) -> Registry:
        """Read the entry points of all installed distributions. ``FTSUITE_PLUGINS=none`` keeps to the built-in ones."""
        found: dict[str, list[RegisteredTask]] = {}
        only_built_in = os.environ.get("FTSUITE_PLUGINS") == "none"
        for point in entry_points(group=ENTRY_POINT_GROUP):
            task = _load(point)
            if only_built_in and task.distribution != "ftsuite":
                continue
            found.setdefault(task.name, []).append(task)
        return cls(_sole(name, tasks) for name, tasks in sorted(found.items()))

    def names(self) -> tuple[str, ...]:
        """Names of all tasks, broken ones too."""
        return tuple(self._tasks)

    def specs(self) -> Sequence[RegisteredTask]:
        """All tasks in the order of their names."""
        return tuple(self._tasks.values())

    def spec(self, name: str) -> TaskSpec:
        """The spec of one task: of its name, or of the file that holds it.

        Raises:
            ConfigError: an unknown name, or a file that is not there.
            PluginError: a broken plugin or file.
        """
        named = parse_task_file(name)
        if named is not None:
            return load_spec_file(named)
        task = self._tasks.get(name)
        if task is None:
            near = difflib.get_close_matches(name, self._tasks, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"task must be one of {', '.join(self._tasks) or '(no task is installed)'}. Received: {name!r}.",
                f"{hint}`ftsuite list tasks` shows what is installed.",
            )
        if task.spec is None:
            raise PluginError(
                f"The task {name!r} of {task.distribution} is broken: {task.error}",
                "Mend, upgrade or uninstall that distribution.",
            )
        return task.spec

    def options_model(self, name: str) -> type[pydantic.BaseModel]:
        """The model that validates the options of one task."""
        return self.spec(name).options


def _load(point: EntryPoint) -> RegisteredTask:
    distribution = point.dist.name if point.dist is not None else "an unknown distribution"
    try:
        spec = point.load()
    except Exception as error:
        return RegisteredTask(point.name, distribution, None, f"{type(error).__name__}: {error}")
    return RegisteredTask(point.name, distribution, *_checked(point.name, spec))


def _checked(name: str, spec: object) -> tuple[TaskSpec | None, str | None]:
    if not isinstance(spec, TaskSpec):
        return None, f"its entry point must give a TaskSpec. Received: {type(spec).__name__}"
    if spec.name != name:
        return None, f"its entry point is called {name!r} and its spec {spec.name!r}; they must be equal"
    if spec.api_version != API_VERSION:
        return None, f"it was written for version {spec.api_version} of the plugin contract; this is {API_VERSION}"
    return spec, None


def _sole(name: str, tasks: Sequence[RegisteredTask]) -> RegisteredTask:
    owners = sorted({task.distribution for task in tasks})
    if len(owners) < 2:
        return tasks[0]
    error = f"{len(owners)} distributions offer a task of this name ({', '.join(owners)}); uninstall all but one"
    return RegisteredTask(name, " and ".join(owners), None, error)
