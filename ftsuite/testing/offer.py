"""A task that is to be checked: one that is installed, or one that is offered for as long as the checks take.

A plugin is found through entry points alone, in every process. One that is not installed is offered by a folder that
looks like an installed distribution, which this process and those that it starts find first.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from ftsuite.api import ENTRY_POINT_GROUP, TaskSpec
from ftsuite.config.task_file import parse_task_file
from ftsuite.errors import PluginError
from ftsuite.registry import Registry

_DISTRIBUTION = "ftsuite-checked-task"
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Offer:
    """A task and where it is.

    Attributes:
        spec: of the task.
        target: ``module:attribute`` of the spec.
        installed: whether an installed distribution has its entry point.
        file: ``FILE.py:NAME`` with the absolute path, where the task is a file; every process finds it by that.
    """

    spec: TaskSpec
    target: str
    installed: bool
    file: str = ""

    @property
    def reference(self) -> str:
        """What a config's ``task:`` names it by."""
        return self.file or self.spec.name

    @property
    def packages(self) -> frozenset[str]:
        """The top-level packages and modules that are the plugin's own."""
        homes = {self.spec.factory.partition(":")[0], self.spec.options.__module__}
        homes |= set() if self.file else {self.target.partition(":")[0]}
        return frozenset(home.partition(".")[0] for home in homes) - {"ftsuite"}

    @contextmanager
    def found_in(self, folder: Path) -> Iterator[dict[str, str]]:
        """Let this process find the task; gives the environment with which another one does.

        Args:
            folder: where to write what offers it.
        """
        before = list(sys.path)
        if not self.installed and not self.file:
            about = folder / f"{_DISTRIBUTION.replace('-', '_')}-0.dist-info"
            about.mkdir(parents=True, exist_ok=True)
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_DISTRIBUTION}\nVersion: 0\n", "utf-8")
            (about / "entry_points.txt").write_text(
                f"[{ENTRY_POINT_GROUP}]\n{self.spec.name} = {self.target}\n", "utf-8"
            )
            sys.path.insert(0, str(folder))
        try:
            places = [os.path.abspath(place) for place in sys.path]
            yield {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places))}
        finally:
            sys.path[:] = before


def find_offer(task: TaskSpec | str) -> Offer:
    """Find a task.

    Args:
        task: the name of an installed task, ``module:SPEC`` of one that need not be installed, ``FILE.py:SPEC`` of one
            in a single file, or the spec itself, which must then be an attribute of a module.

    Raises:
        ConfigError: no task of this name is installed, or there is no such file.
        PluginError: the plugin cannot be used, or the spec is in no module.
    """
    if isinstance(task, TaskSpec):
        return _of_spec(task, None)
    named = parse_task_file(task)
    if named is not None:
        named = replace(named, path=os.path.abspath(os.path.expanduser(named.path)))
        spec = Registry.discover().spec(str(named))
        return Offer(spec, str(named), False, str(named))
    if _REFERENCE.fullmatch(task):
        return _of_spec(_imported(task), task)
    spec = Registry.discover().spec(task)
    return Offer(spec, _entry_point(spec) or _home(spec), True)


def _of_spec(spec: TaskSpec, target: str | None) -> Offer:
    known = _entry_point(spec)
    return Offer(spec, target or known or _home(spec), known is not None)


def _entry_point(spec: TaskSpec) -> str | None:
    """The target of the entry point that gives this very spec."""
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name == spec.name:
            try:
                if point.load() is spec:
                    return point.value
            except (Exception, SystemExit):
                continue  # another distribution's broken plugin of this name: not the one that was given
    return None


def _home(spec: TaskSpec) -> str:
    for name, module in list(sys.modules.items()):
        if name != "__main__" and (own := getattr(module, "__dict__", None)):
            for attribute, value in list(own.items()):
                if value is spec:
                    return f"{name}:{attribute}"
    raise PluginError(
        f"The spec of the task {spec.name!r} must be an attribute of a module, so that another process can import it. "
        "Received: one that is in no module.",
        "Write SPEC = TaskSpec(…) at the top level of a module, and give that.",
    )


def _imported(target: str) -> TaskSpec:
    module_name, _, attribute = target.partition(":")
    try:
        spec = getattr(importlib.import_module(module_name), attribute)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{target!r} must be the module and the name of a TaskSpec. Received: {type(error).__name__}: {error}",
            "Give it as package.module:SPEC, from a folder in which Python finds the package.",
        ) from error
    if not isinstance(spec, TaskSpec):
        raise PluginError(f"{target!r} must be a TaskSpec. Received: {type(spec).__name__}.")
    return spec
