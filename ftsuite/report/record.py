"""Everything that a report needs of a run folder, read and checked once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.data.split_file import split_counts
from ftsuite.errors import ArtifactError
from ftsuite.report.answers import NO_ANSWERS, Answers, read_answers
from ftsuite.report.files import read_object, read_yaml, torn
from ftsuite.report.journal import Journal, read_journal
from ftsuite.report.predictions import NO_PREDICTIONS, Predictions, read_predictions

METRICS_FORMAT = 1
# The headline of a run that adapts an encoder and trains no classifier.
ADAPTED_HEADLINE = "pseudo_perplexity"


@dataclass(frozen=True)
class RunRecord:
    """A run folder's contents.

    Attributes:
        folder: the run folder.
        config_text: config.resolved.yaml as it stands.
        config: its value.
        environment: environment.json.
        split_counts: examples by split.
        journal: epochs and ended stages.
        metrics: metrics.json.
        test: predictions on the test split; at least one, and none where no classifier was trained.
        answers: on the test split, of a run with targets; then at least one, else none.
    """

    folder: Path
    config_text: str
    config: dict[str, Any]
    environment: dict[str, Any]
    split_counts: dict[str, int]
    journal: Journal
    metrics: dict[str, Any]
    test: Predictions
    answers: Answers = NO_ANSWERS

    @property
    def classifies(self) -> bool:
        """False where the examples have targets, and where the job ended with an adapted encoder."""
        return _classifies(self.metrics)

    @property
    def has_targets(self) -> bool:
        """Whether something else is answered than one class of several."""
        return _has_targets(self.metrics)

    @property
    def data_facts(self) -> dict[str, Any]:
        """What environment.json says of the data; empty where it says nothing."""
        facts = self.environment.get("data")
        return facts if isinstance(facts, dict) else {}


def read_run(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        ArtifactError: the folder or a file is missing, torn, or does not fit the others.
    """
    if not folder.is_dir():
        raise ArtifactError(
            f"Expected a run folder. Received: {folder}",
            "Give the folder that `ftsuite run` printed, or `last`; `ftsuite list runs` names them.",
        )
    config_text, config = read_yaml(folder / "config.resolved.yaml")
    _check_config(config, folder / "config.resolved.yaml")
    metrics = read_object(folder / "metrics.json")
    _check_metrics(metrics, folder / "metrics.json")
    test, answers = NO_PREDICTIONS, NO_ANSWERS
    if _has_targets(metrics):
        answers = read_answers(folder / "predictions.parquet", tuple(metrics["outputs"])).of_split("test")
        _check_count(metrics, len(answers.ids), folder)
    elif _classifies(metrics):
        test = read_predictions(folder / "predictions.parquet").of_split("test")
        _check_agreement(metrics, test, folder)
    return RunRecord(
        folder=folder,
        config_text=config_text,
        config=config,
        environment=read_object(folder / "environment.json"),
        split_counts=_split_counts(folder / "split.json"),
        journal=read_journal(folder / "journal.jsonl"),
        metrics=metrics,
        test=test,
        answers=answers,
    )


def _split_counts(path: Path) -> dict[str, int]:
    """Count the examples of each split, in the order in which they are used."""
    counts = split_counts(path)
    first = {name: counts[name] for name in ("train", "validation", "test") if name in counts}
    return first | {name: counts[name] for name in sorted(counts) if name not in first}


def _check_config(config: dict[str, Any], path: Path) -> None:
    """Refuse a config that was cut short: YAML without its last lines is YAML still."""
    for key, kind in {"task": str, "data": dict, "backbone": dict, "finetune": dict}.items():
        if not isinstance(config.get(key), kind):
            raise torn(path, f"the key {key!r} of a resolved config", ", ".join(config) or "no key")
    if not isinstance(config["finetune"].get("stages"), list):
        raise torn(path, "a list of stages under finetune", ", ".join(config["finetune"]))


def _check_metrics(metrics: dict[str, Any], path: Path) -> None:
    if metrics.get("format") != METRICS_FORMAT:
        raise ArtifactError(
            f"Expected format {METRICS_FORMAT} in {path}. Received: {metrics.get('format')!r}",
            "The run was made by another version of ftsuite; write its report with that version.",
        )
    test = metrics.get("test")
    if not _classifies(metrics):
        if not isinstance(test, dict):
            raise torn(path, "the test figures", type(test).__name__)
        if _has_targets(metrics):
            _check_described(metrics, path)
    elif not isinstance(test, dict) or not _is_figure(test.get("accuracy")) or "per_class" not in test:
        raise torn(path, "the test figures, accuracy and per_class among them", type(test).__name__)
    headline = metrics.get("headline", "accuracy")
    if _has_targets(metrics) and isinstance(test.get(headline), dict) and "n" in test[headline]:
        # These examples may not define a metric: its value is then None.
        return
    if not _is_figure(test.get(headline)):
        raise torn(path, f"the headline figure {headline!r} among the test figures", sorted(test))


def _classifies(metrics: dict[str, Any]) -> bool:
    return metrics.get("headline") != ADAPTED_HEADLINE and not _has_targets(metrics)


def _has_targets(metrics: dict[str, Any]) -> bool:
    return "metrics" in metrics


def _check_described(metrics: dict[str, Any], path: Path) -> None:
    """Refuse metrics.json where it does not say what a task with targets answers, and how well is measured."""
    described, outputs = metrics["metrics"], metrics.get("outputs")
    if not isinstance(described, dict) or not all(isinstance(one, dict) for one in described.values()):
        raise torn(path, "a description of each metric under metrics", repr(described)[:80])
    if metrics.get("headline") not in described:
        raise torn(path, "the headline among the metrics", repr(metrics.get("headline")))
    if not isinstance(outputs, list) or not outputs or not all(isinstance(name, str) for name in outputs):
        raise torn(path, "names under outputs", repr(outputs)[:80])


def _is_figure(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("value"), int | float) and "n" in value


def _check_count(metrics: dict[str, Any], n: int, folder: Path) -> None:
    """Refuse files of two different runs in one folder, as far as their counts show it."""
    figure = metrics["test"][metrics["headline"]]
    if n != figure["n"] or not n:
        raise ArtifactError(
            f"Expected metrics.json and predictions.parquet of the same run in {folder}. Received: figures over "
            f"{figure['n']} test examples in one, {n} in the other",
            "Repeat the evaluation so that both are written together.",
        )


def _check_agreement(metrics: dict[str, Any], test: Predictions, folder: Path) -> None:
    """Refuse files of two different runs in one folder: their figures and pictures would not match."""
    figure = metrics["test"]["accuracy"]
    n = len(test.labels)
    share = float(np.mean(test.labels == test.predictions)) if n else 0.0
    if n != figure["n"] or abs(share - figure["value"]) > 1e-6:
        raise ArtifactError(
            f"Expected metrics.json and predictions.parquet of the same run in {folder}. Received: accuracy "
            f"{figure['value']} of {figure['n']} test examples in one, {share:.8g} of {n} in the other",
            "Repeat the evaluation so that both are written together.",
        )
