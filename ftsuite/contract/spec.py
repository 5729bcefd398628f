"""What a task says of itself before anything heavy is imported, and the version of the contract that it keeps."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pydantic

from ftsuite.errors import PluginError

if TYPE_CHECKING:
    from ftsuite.api import Task

API_VERSION = 1
"""The version of the plugin contract: of `ftsuite.api`, and of what `ftsuite.families` asks of a subclass.

It is raised by one when a plugin that was right before could fail or answer otherwise: a name, field or method is gone,
called otherwise or newly required; arguments, shapes, dtypes, units or the order of calls change. It stays when
something is added that a plugin need not know of: a hook with a default that does what was done before, a field with a
default. A plugin writes the version that it was made for as ``api_version`` into its `TaskSpec`; others than this one
are refused.
"""
ENTRY_POINT_GROUP = "ftsuite.tasks"


class Options(pydantic.BaseModel):
    """Base of a task's own options: frozen, and an unknown key is an error.

    >>> class BirdOptions(Options):
    ...     image_size: int = pydantic.Field(224, ge=32, description="pixels")
    >>> BirdOptions(image_size=96)
    BirdOptions(image_size=96)
    >>> BirdOptions(imagesize=96)
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for BirdOptions
    imagesize
      Extra inputs are not permitted ...
    """

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
        api_version: the version of this contract that the plugin was written for; see `API_VERSION`.

    >>> spec = TaskSpec("birds", "Pictures to species.", Options, factory="birds.task:Birds", api_version=1)
    >>> spec.headline, spec.modality
    ('accuracy', 'image')
    """

    name: str
    summary: str
    options: type[Options]
    factory: str
    headline: str = "accuracy"
    modality: str = "image"
    api_version: int = API_VERSION

    def create(self, options: Options, seed: int) -> Task:
        """Import the factory and make the task; raises PluginError naming what is wrong.

        >>> TaskSpec("birds", "", Options, factory="no_such_package:Birds").create(Options(), seed=0)
        Traceback (most recent call last):
            ...
        ftsuite.errors.PluginError: The task 'birds' cannot be made from its factory 'no_such_package:Birds': ...
        """
        from ftsuite.api import Task

        module_name, _, attribute = self.factory.partition(":")
        try:
            made = getattr(importlib.import_module(module_name), attribute)(options, seed)
        except (Exception, SystemExit) as error:  # a module may even end the program where it is imported
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
