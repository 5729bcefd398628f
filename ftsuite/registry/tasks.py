"""The registry: tasks by name, each imported when it is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pydantic

from ftsuite.api import TaskSpec
from ftsuite.errors import ConfigError, PluginError
from ftsuite.registry.loading import load_spec
from ftsuite.registry.offers import BUILT_IN, SAFE_MODE, Offer, clash_of, find_offers, is_safe_mode


@dataclass(frozen=True)
class RegisteredTask:
    """One task: its spec, or the error that keeps it from being used.

    Attributes:
        name: the config's ``task:``.
        distribution: which offers it; several where they exclude each other.
        spec: None for a broken task.
        error: why it is broken.
        version: of the distribution, where it is one and known.
        advice: what to do about the error.
        warning: what is wrong with a task that works.
    """

    name: str
    distribution: str
    spec: TaskSpec | None
    error: str | None = None
    version: str | None = None
    advice: str = ""
    warning: str | None = None

    @property
    def summary(self) -> str:
        """One line for a list: the spec's summary, or what is broken."""
        return self.spec.summary if self.spec is not None else f"broken: {self.error}"

    @property
    def origin(self) -> str:
        """The distribution with its version."""
        return f"{self.distribution} {self.version}" if self.version else self.distribution

    @property
    def state(self) -> str:
        """``built in``, ``installed``, ``slow`` (its spec imports Keras or the like) or ``broken``."""
        if self.error is not None:
            return "broken"
        if self.warning is not None:
            return "slow"
        return "built in" if self.distribution == BUILT_IN else "installed"


class Registry:
    """Installed tasks by name. A broken plugin is kept with its error and stops only its own runs.

    A plugin is imported when its task is asked for, and by `specs`: what one does when it is imported is no matter for
    the runs of others.
    """

    def __init__(self, tasks: Iterable[RegisteredTask]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._offers: dict[str, Sequence[Offer]] = {}

    @classmethod
    def discover(cls) -> Registry:
        """Read the entry points of all installed distributions. ``FTSUITE_PLUGINS=none`` keeps to the built-in ones.

        Raises:
            ConfigError: the variable holds an unknown value.
        """
        found = cls(())
        found._offers = dict(find_offers())
        return found

    def names(self) -> tuple[str, ...]:
        """Names of all tasks, broken ones too; nothing is imported."""
        return tuple(sorted({*self._tasks, *self._offers}))

    def owners(self) -> Mapping[str, str]:
        """The distributions that offer each task, by its name; nothing is imported."""
        offered = {name: _owners(offers) for name, offers in self._offers.items()}
        return {**offered, **{name: task.distribution for name, task in self._tasks.items()}}

    def specs(self) -> Sequence[RegisteredTask]:
        """All tasks in the order of their names; imports each plugin's spec."""
        return tuple(self._task(name) for name in self.names())

    def spec(self, name: str) -> TaskSpec:
        """The spec of one task: of its name, or of the file that holds it.

        Raises:
            ConfigError: an unknown name, or a file that is not there.
            PluginError: a broken plugin or file.
        """
        # Imported here: a list of tasks needs no configs.
        from ftsuite.config.task_file import parse_task_file
        from ftsuite.registry.spec_file import load_spec_file

        named = parse_task_file(name)
        if named is not None:
            return load_spec_file(named)
        known = self.names()
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            safe = f" {SAFE_MODE}=none leaves out those of other distributions." if is_safe_mode() else ""
            raise ConfigError(
                f"task must be one of {', '.join(known) or '(no task is installed)'}. Received: {name!r}.",
                f"{hint}`ftsuite list tasks` shows what is installed.{safe}",
            )
        task = self._task(name)
        if task.spec is None:
            raise PluginError(
                f"The task {name!r} of {task.distribution} is broken: {task.error}",
                task.advice or "Mend, upgrade or uninstall that distribution.",
            )
        return task.spec

    def options_model(self, name: str) -> type[pydantic.BaseModel]:
        """The model that validates the options of one task."""
        return self.spec(name).options

    def _task(self, name: str) -> RegisteredTask:
        if name not in self._tasks:
            self._tasks[name] = _registered(name, self._offers[name])
        return self._tasks[name]


def _registered(name: str, offers: Sequence[Offer]) -> RegisteredTask:
    clash = clash_of(offers)
    if clash is not None:
        return RegisteredTask(name, _owners(offers), None, clash.error, advice=clash.advice)
    offer = offers[0]
    loaded = load_spec(offer.point)
    return RegisteredTask(
        name, offer.distribution, loaded.spec, loaded.error, offer.version, loaded.advice, loaded.warning
    )


def _owners(offers: Sequence[Offer]) -> str:
    return " and ".join(sorted({offer.distribution for offer in offers}))
