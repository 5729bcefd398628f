"""What a task says of itself before anything heavy is imported."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pydantic

from ftsuite.errors import PluginError

if TYPE_CHECKING:
    from ftsuite.api import Task

API_VERSION = 1
ENTRY_POINT_GROUP = "ftsuite.tasks"


class Options(pydantic.BaseModel):
    """Base of a task's own options: frozen, and an unknown key is an error."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class TaskSpec:
    """What a task says of itself without importing Keras.

    Attributes:
        name: the config's ``task:``; equals the entry point's name.
        summary: one line for ``ftsuite list tasks``.
        options: the model that validates the config's ``options:``.
        factory: ``package.module:Class``, a `Task`, imported when a run needs it.
        headline: the metric that a report leads with: ``accuracy``, ``macro_f1``, or ``auto`` for macro F1 where the
            largest class of the training split has more than three times the examples of the smallest; of a task with
            `Task.metrics` the name of one of them.
        modality: ``image`` or ``text``: which backbones fit.
        api_version: the version of this contract that the plugin was written for.
    """

    name: str
    summary: str
    options: type[Options]
    factory: str
    headline: str = "accuracy"
    modality: str = "image"
    api_version: int = API_VERSION

    def create(self, options: Options, seed: int) -> Task:
        """Import the factory and make the task; raises PluginError naming what is wrong."""
        from ftsuite.api import Task

        module_name, _, attribute = self.factory.partition(":")
        try:
            made = getattr(importlib.import_module(module_name), attribute)(options, seed)
        except Exception as error:
            raise PluginError(
                f"The task {self.name!r} cannot be made from its factory {self.factory!r}: "
                f"{type(error).__name__}: {error}",
                "Mend or reinstall the plugin; `ftsuite list tasks` shows where it comes from.",
            ) from error
        if not isinstance(made, Task):
            raise PluginError(
                f"The factory of task {self.name!r} must give an ftsuite.api.Task. Received: {type(made).__name__}."
            )
        return made
