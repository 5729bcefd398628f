"""What plugin, data and config of a task without classes must agree on, and who is told what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples, Metric, Options, TaskSpec
from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, PluginError
from ftsuite.runs.own_metrics import (
    class_option_notes,
    headline_of,
    metrics_of,
    require_known_metrics,
    require_targets,
)
from ftsuite.runs.target_figures import highest_sound

Write = Callable[[str, str], Path]
SPEC = TaskSpec("length", "A number.", Options, "nowhere:Nothing")
CONFIG = """
task: length
data: {source: "csv:rows.csv"}
backbone: {name: tiny}
"""


def _zero(targets: np.ndarray, answers: np.ndarray) -> float:
    return 0.0


METRICS = (Metric("mean_absolute_error", _zero, "lower"), Metric("r2", _zero))


class _Task:
    def __init__(self, metrics: Sequence[Any]) -> None:
        self._metrics = metrics

    def metrics(self) -> Sequence[Any]:
        return self._metrics


def _loaded(write: Write, more: str = "", *overrides: str, name: str = "job.yaml") -> LoadedConfig:
    return load_config(write(name, CONFIG + more), overrides)


def _examples(targets: Any, names: tuple[str, ...] = ("length",), count: int = 3) -> Examples:
    ids = tuple(f"row {number}" for number in range(count))
    return Examples(ids, ids, np.zeros(count, np.int64), ("all",), ids, "text", targets=targets, target_names=names)


def test_defaults_fit_tasks_with_and_without_classes(write_here: Write) -> None:
    loaded = _loaded(write_here)
    for metrics in (METRICS, ()):
        require_known_metrics(loaded, metrics)
        assert class_option_notes(loaded, metrics) == ()


@pytest.mark.parametrize("metric", ["loss", "log_loss", "r2", "mean_absolute_error"])
def test_epochs_may_be_chosen_by_the_loss_or_any_metric_of_the_task(metric: str, write_here: Write) -> None:
    require_known_metrics(_loaded(write_here, "", f"finetune.early_stopping.metric={metric}"), METRICS)


@pytest.mark.parametrize("metric", ["loss", "log_loss", "accuracy", "macro_f1"])
def test_epochs_of_classes_are_chosen_as_ever(metric: str, write_here: Write) -> None:
    require_known_metrics(_loaded(write_here, "", f"finetune.early_stopping.metric={metric}"), ())


def test_an_unknown_metric_is_refused_with_the_nearest(write_here: Write) -> None:
    loaded = _loaded(write_here, "finetune: {early_stopping: {metric: mean_absolut_error}}\n")
    with pytest.raises(ConfigError) as caught:
        require_known_metrics(loaded, METRICS)
    assert str(caught.value).startswith(
        "finetune.early_stopping.metric must be `loss`, `mean_absolute_error` or `r2`, for the task 'length'. "
        'Received: "mean_absolut_error" ('
    )
    assert "job.yaml:5)" in caught.value.message
    assert caught.value.advice == "Did you mean `mean_absolute_error`?"
    with pytest.raises(ConfigError, match="must be `loss`, `log_loss`, `accuracy` or `macro_f1`"):
        require_known_metrics(loaded, ())
    with pytest.raises(ConfigError, match=r"evaluation.headline must be `mean_absolute_error` or `r2`"):
        require_known_metrics(_loaded(write_here, "", "evaluation.headline=accuracy"), METRICS)
    with pytest.raises(ConfigError, match=r"evaluation.headline must be `accuracy` or `macro_f1`"):
        require_known_metrics(_loaded(write_here, "", "evaluation.headline=r2"), ())


@pytest.mark.parametrize(
    "option",
    ["label_smoothing=0.2", "focal_gamma=2", "logit_adjustment=1", "class_weights=balanced", "class_weights={a: 2}"],
)
def test_options_for_classes_are_refused_where_the_user_sets_them(option: str, write_here: Write) -> None:
    loaded = _loaded(write_here, "", f"finetune.{option}")
    key = option.partition("=")[0]
    with pytest.raises(ConfigError, match=f"finetune.{key} is for tasks that answer with one class of several"):
        class_option_notes(loaded, METRICS)
    assert class_option_notes(loaded, ()) == ()


def test_options_for_classes_that_do_nothing_are_no_matter(write_here: Write) -> None:
    assert class_option_notes(_loaded(write_here, "", "finetune.label_smoothing=0"), METRICS) == ()


def test_options_for_classes_of_another_config_are_left_out_and_told(write_here: Write) -> None:
    write_here("base.yaml", CONFIG + "finetune: {label_smoothing: 0.05}\n")
    path = write_here("job.yaml", "extends: ./base.yaml\n")
    (note,) = class_option_notes(load_config(path), METRICS)
    assert note.startswith("finetune.label_smoothing has no part in this run")


def test_the_resolved_config_of_a_run_is_taken_as_it_is(write_here: Write) -> None:
    loaded = _loaded(write_here, "finetune: {label_smoothing: 0.1}\n", name="config.resolved.yaml")
    assert class_option_notes(loaded, METRICS) == ()


def test_the_headline_is_the_configs_else_the_specs_else_the_first(write_here: Write) -> None:
    loaded = _loaded(write_here)
    assert headline_of(SPEC, loaded, METRICS) == "mean_absolute_error"
    assert headline_of(replace(SPEC, headline="r2"), loaded, METRICS) == "r2"
    chosen = _loaded(write_here, "", "evaluation.headline=r2")
    assert headline_of(replace(SPEC, headline="mean_absolute_error"), chosen, METRICS) == "r2"


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ([lambda targets, answers: 0.0], "must be ftsuite.api.Metric. Received: function"),
        ([Metric("Mean Error", _zero)], "must have a name in lower case"),
        ([Metric("loss", _zero)], "other than `loss`"),
        ([Metric("r2", _zero), Metric("r2", _zero)], "must have different names"),
        ([Metric("r2", _zero, "up")], "must be `higher` or `lower`. Received: 'up'"),
    ],
)
def test_metrics_that_cannot_be_used_are_the_plugins_fault(metrics: Sequence[Any], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        metrics_of(_Task(metrics), SPEC)  # type: ignore[arg-type]


@pytest.mark.parametrize("raised", [KeyError("oops"), SystemExit(2)])
def test_metrics_that_fail_are_the_plugins_fault(raised: BaseException) -> None:
    class Failing(_Task):
        def metrics(self) -> Sequence[Any]:
            raise raised

    with pytest.raises(PluginError, match=f"in its method 'metrics': {type(raised).__name__}"):
        metrics_of(Failing(()), SPEC)  # type: ignore[arg-type]


def test_a_headline_that_is_no_metric_is_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match=r"must be one of its metrics, .* or `r2`\. Received: 'mae'"):
        metrics_of(_Task(METRICS), replace(SPEC, headline="mae"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("targets", "names", "said"),
    [
        (None, (), "must have examples with targets as well"),
        (np.zeros((3, 2), np.float32), ("length",), "a name for each output"),
        (np.zeros(3, np.float32), ("length",), "Received: shape \\(3,\\)"),
        (np.zeros((3, 2), np.float32), ("a", "a"), "must all differ"),
        (np.array([[1], [np.nan], [np.inf]], np.float32), ("a",), "for 'row 1', and 1 more"),
    ],
)
def test_targets_that_do_not_fit_are_the_plugins_fault(targets: Any, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        require_targets(_examples(targets, names), METRICS, SPEC)


def test_targets_without_metrics_are_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match="has examples with targets, and must have metrics as well"):
        require_targets(_examples(np.zeros((3, 1), np.float32)), (), SPEC)
    require_targets(_examples(np.zeros((3, 1), np.float32)), METRICS, SPEC)


@pytest.mark.parametrize(
    ("known", "limit"), [([0.5, 2.0], 200.0), ([-3.0, -1.0], 296.0), ([-2.0, 0.1], 198.1), ([0.0], 20.0)]
)
def test_a_loss_that_is_negative_or_nothing_for_a_guess_is_no_divergence(known: list[float], limit: float) -> None:
    assert highest_sound(known) == pytest.approx(limit)
