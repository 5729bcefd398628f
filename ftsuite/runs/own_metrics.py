"""Checks of tasks that answer otherwise than with one class of several: what plugin, data and config say must agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ftsuite.api import Examples, Metric, Task, TaskSpec
from ftsuite.config import LoadedConfig
from ftsuite.config.words import listed, nearest, received
from ftsuite.errors import ConfigError, FtsuiteError, PluginError
from ftsuite.registry import BUILT_IN, Registry
from ftsuite.runs import folder as folders

# What classes are judged by, and what epochs may be chosen by.
CLASS_HEADLINES = ("accuracy", "macro_f1")
_CHOOSING = ("log_loss", *CLASS_HEADLINES)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LOSS = "loss"
# Of the config, with what each is where it does nothing.
_FOR_CLASSES: Mapping[str, Any] = {
    "finetune.label_smoothing": 0.0,
    "finetune.focal_gamma": 0.0,
    "finetune.logit_adjustment": 0.0,
    "finetune.class_weights": "none",
    "finetune.class_weights_beta": None,
}


def metrics_of(task: Task, spec: TaskSpec) -> tuple[Metric, ...]:
    """The task's own metrics, headline first; none where it answers with one class of several.

    Raises:
        PluginError: they are no metrics, have names that cannot be told apart, or the spec's headline is none of them.
    """
    try:
        metrics = tuple(task.metrics())
    except FtsuiteError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"The task {spec.name!r} failed in its method 'metrics': {type(error).__name__}: {error}",
            "Mend the plugin, or report this to its author.",
        ) from error
    wrong = next((metric for metric in metrics if not isinstance(metric, Metric)), None)
    if wrong is not None:
        raise PluginError(
            f"The metrics of the task {spec.name!r} must be ftsuite.api.Metric. Received: {type(wrong).__name__}."
        )
    for metric in metrics:
        if not _NAME.fullmatch(metric.name) or metric.name == _LOSS:
            raise PluginError(
                f"A metric of the task {spec.name!r} must have a name in lower case with underscores, other than "
                f"`{_LOSS}`. Received: {metric.name!r}.",
                "Mend the plugin; `mean_absolute_error` is such a name.",
            )
        if metric.better not in ("higher", "lower"):
            raise PluginError(
                f"better of the metric {metric.name!r} must be `higher` or `lower`. Received: {metric.better!r}."
            )
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise PluginError(f"The metrics of the task {spec.name!r} must have different names. Received: {names}.")
    if metrics and spec.headline not in (*names, *CLASS_HEADLINES, "auto"):
        raise PluginError(
            f"The headline of the task {spec.name!r} must be one of its metrics, {listed(names, 'or')}. "
            f"Received: {spec.headline!r}.",
            "Mend the TaskSpec of the plugin, or leave its headline out: the first metric then leads.",
        )
    return metrics


def require_targets(examples: Examples, metrics: Sequence[Metric], spec: TaskSpec) -> None:
    """Refuse a plugin whose examples and metrics do not go together.

    Raises:
        PluginError: one of both is missing, or the targets have another form than `Examples` says.
    """
    targets, names = examples.targets, examples.target_names
    if (targets is not None) != bool(metrics):
        has, lacks = ("metrics", "examples with targets") if metrics else ("examples with targets", "metrics")
        raise PluginError(
            f"The task {spec.name!r} has {has}, and must have {lacks} as well: both stand for answers that are not one "
            f"class of several. Received: no {lacks}.",
            "Give targets in Task.load (ftsuite.families has with_numbers and with_label_sets) and figures in "
            "Task.metrics, or neither for classes.",
        )
    if targets is None:
        return
    if not isinstance(targets, np.ndarray) or targets.shape != (len(examples), len(names)) or not names:
        raise PluginError(
            f"The targets of the task {spec.name!r} must be an array of shape (examples, outputs) with a name for each "
            f"output. Received: shape {np.shape(targets)} for {len(examples):,} examples and {len(names)} names.",
        )
    if len(set(names)) < len(names):
        raise PluginError(f"The target_names of the task {spec.name!r} must all differ. Received: {list(names)}.")
    bad = np.flatnonzero(~np.isfinite(targets.astype(np.float64)).all(axis=1))
    if len(bad):
        raise PluginError(
            f"The targets of the task {spec.name!r} must be finite numbers. Received: {targets[bad[0]].tolist()} for "
            f"{examples.ids[int(bad[0])]!r}" + (f", and {len(bad) - 1:,} more." if len(bad) > 1 else "."),
            "Leave such examples out in Task.load, or raise a DataError there that names them.",
        )


def require_known_metrics(loaded: LoadedConfig, metrics: Sequence[Metric]) -> None:
    """Refuse metrics in the config that the task has not.

    Raises:
        ConfigError: naming the nearest that it has.
    """
    own = tuple(metric.name for metric in metrics)
    config, stopping = loaded.config, loaded.config.finetune.early_stopping
    if config.evaluation.headline is not None:
        _require("evaluation.headline", config.evaluation.headline, own or CLASS_HEADLINES, (), loaded)
    if stopping is not None:
        # `log_loss`, the default, stands for the loss of any task.
        _require("finetune.early_stopping.metric", stopping.metric, (_LOSS, *(own or _CHOOSING)), ("log_loss",), loaded)


def check_outcome(loaded: LoadedConfig, *, imports_plugins: bool) -> None:
    """Refuse a config by what its task answers, before anything is loaded.

    Args:
        loaded: the config.
        imports_plugins: whether to make a task to ask it, which imports Keras; those that come with ftsuite have
            classes, and are not asked.

    Raises:
        ConfigError: a metric that the task has not, or an option for classes where it has none.
        PluginError: its plugin fails.
    """
    registry = Registry.discover()
    if is_built_in(registry, loaded.config.task):
        require_known_metrics(loaded, ())
    elif imports_plugins:
        # That plugin alone: others are no matter for this config.
        spec = registry.spec(loaded.config.task)
        options: Any = loaded.options if loaded.options is not None else spec.options()
        metrics = metrics_of(spec.create(options, loaded.config.seed), spec)
        require_known_metrics(loaded, metrics)
        class_option_notes(loaded, metrics)


def is_built_in(registry: Registry, task: str) -> bool:
    """Whether a task comes with ftsuite, and so is known to have classes; nothing is imported."""
    return registry.owners().get(task) == BUILT_IN


def _require(key: str, name: str, known: Sequence[str], silent: Sequence[str], loaded: LoadedConfig) -> None:
    if name in known or name in silent:
        return
    near = nearest(name, known)
    place = f" ({loaded.origins[key]})" if key in loaded.origins else ""
    raise ConfigError(
        f"{key} must be {listed(known, 'or')}, for the task {loaded.config.task!r}. Received: {received(name)}{place}.",
        f"Did you mean `{near}`?" if near is not None else "Take one of these names.",
    )


def class_option_notes(loaded: LoadedConfig, metrics: Sequence[Metric]) -> tuple[str, ...]:
    """For a task without classes: refuse what the config asks of them, and tell what a plan or another config does.

    Raises:
        ConfigError: the config itself, or the command line, sets an option that is for classes.
    """
    if not metrics:
        return ()
    notes = []
    for key, nothing in _FOR_CLASSES.items():
        value = getattr(loaded.config.finetune, key.removeprefix("finetune."))
        kinds = {origin.kind for name, origin in loaded.origins.items() if name == key or name.startswith(f"{key}.")}
        if value == nothing or kinds <= {"default"}:
            continue
        # A run's own resolved config holds all values, defaults among them, which were checked when it began.
        if kinds & {"file", "set"} and loaded.path.name != folders.CONFIG:
            raise ConfigError(
                f"{key} is for tasks that answer with one class of several; the task {loaded.config.task!r} does not. "
                f"Received: {received(value)}.",
                f"Remove {key} from the config.",
            )
        if loaded.path.name != folders.CONFIG:
            notes.append(f"{key} has no part in this run: it is for classes, and this task has none.")
    return tuple(notes)


def headline_of(spec: TaskSpec, loaded: LoadedConfig, metrics: Sequence[Metric]) -> str:
    """The metric to lead with: the config's, else the spec's, else the task's first."""
    names = [metric.name for metric in metrics]
    return loaded.config.evaluation.headline or (spec.headline if spec.headline in names else names[0])
