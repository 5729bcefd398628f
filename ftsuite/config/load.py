"""A config from its name or file to validated settings, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from ftsuite.config.layers import read_layers, without_foreign_keys
from ftsuite.config.locate import find_config, shipped_configs
from ftsuite.config.origins import DEFAULT, Origin
from ftsuite.config.paths import with_absolute_paths
from ftsuite.config.problems import Problem, WrongConfigError
from ftsuite.config.schema import Config
from ftsuite.config.stack import stacked
from ftsuite.config.task_file import with_absolute_task
from ftsuite.config.tree import Node, deepest, dotted, leaves
from ftsuite.config.validate import undeclared_options, validated
from ftsuite.errors import ConfigError

OptionsModel = Callable[[str], type[pydantic.BaseModel] | None]


@dataclass(frozen=True)
class LoadedConfig:
    """A config that is right.

    Attributes:
        config: the settings; ``config.options`` are the options as written.
        name: the stem of the config's file.
        path: the config's file.
        origins: dotted key of each value of `resolved` -> where the value came from.
        options: the task's options, validated by its model; None where the task has no model.
        notes: what was left out and why, a sentence each.
    """

    config: Config
    name: str
    path: Path
    origins: Mapping[str, Origin]
    options: pydantic.BaseModel | None
    notes: tuple[str, ...] = ()

    def resolved(self) -> dict[str, Any]:
        """Plain data that repeats the run by itself: no `extends`, all defaults, paths absolute."""
        return with_absolute_paths(_plain_config(self.config, self.options))


def load_config(
    reference: str | Path, overrides: Sequence[str] = (), *, options_model: OptionsModel | None = None
) -> LoadedConfig:
    """Read a config.

    Args:
        reference: the name of a shipped config, or a path to a YAML file.
        overrides: texts ``key=value`` with dotted keys; later ones win.
        options_model: gives the model of a task's options by the task's name (None: it takes no options) and
            raises ConfigError for an unknown task. Left out, options are kept as written and not checked.

    Raises:
        ConfigError: something is wrong; the message tells everything that is, by file and line.
    """
    path = find_config(reference)
    layers = read_layers(path)
    tree, wrong_layers = stacked(layers, overrides, Node({}, Origin("file", path, 1, 1), Origin("file", path, 1, 1)))
    problems = [*layers.problems, *wrong_layers]
    if layers.own is None:
        raise WrongConfigError(problems)
    # What could not be read as a value stands in the tree as null: its place has been told already.
    told = {problem.origin for problem in problems}
    tree, notes = without_foreign_keys(with_absolute_task(tree))
    config, wrong = validated(Config, tree, tolerate_missing=not layers.complete)
    options, wrong_options = _options(tree, options_model, tolerate_missing=not layers.complete)
    problems.extend(problem for problem in [*wrong, *wrong_options] if problem.origin not in told)
    if problems or config is None:
        raise WrongConfigError(problems)
    origins = {dotted(location): _origin(tree, location) for location, _ in leaves(_plain_config(config, options))}
    return LoadedConfig(config, Path(path).stem, Path(path), origins, options, notes)


def shipped_summaries() -> Mapping[str, str]:
    """The one line that each shipped config says of itself, by name."""
    summaries: dict[str, str] = {}
    for name, path in shipped_configs().items():
        tree = read_layers(str(path)).tree
        summary = tree.child("summary") if tree is not None else None
        summaries[name] = str(summary.value) if summary is not None and summary.value is not None else ""
    return summaries


def _options(
    tree: Node, options_model: OptionsModel | None, tolerate_missing: bool
) -> tuple[pydantic.BaseModel | None, list[Problem]]:
    task = tree.child("task")
    if options_model is None or task is None or not isinstance(task.value, str) or not task.value:
        return None, []
    try:
        model = options_model(task.value)
    except ConfigError as error:
        return None, [Problem(task.origin, error.message, error.advice)]
    node = tree.child("options") or Node({}, task.origin, task.origin)
    if not isinstance(node.value, Mapping):
        return None, []  # the schema of the config has told this already
    if model is None:
        return None, undeclared_options(node, ("options",), task.value)
    return validated(model, node, ("options",), tolerate_missing)


def _plain_config(config: Config, options: pydantic.BaseModel | None) -> dict[str, Any]:
    data = config.model_dump(mode="json", by_alias=True)
    if data["summary"] is None:
        del data["summary"]
    if options is not None:
        data["options"] = options.model_dump(mode="json", by_alias=True)
    return data


def _origin(tree: Node, location: tuple[str | int, ...]) -> Origin:
    node, depth = deepest(tree, location)
    # A scalar that a model unfolds into a list or a map is where all parts of it came from.
    unfolded = node.value is not None and not isinstance(node.value, Mapping | tuple)
    return node.origin if depth == len(location) or unfolded else DEFAULT
