"""Runs of tasks that answer with numbers or sets of labels: from the config to the run folder, stopped and resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry, offers
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from tests.stopped_runs import Killed, weights_in
from tests.tiny import save_tiny_text_preset
from tests.toy_outcomes import LABELS, offered, save_label_pictures, save_number_pictures, save_number_texts

CONFIG = """
task: {task}
data: {{source: "csv:{table}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
finetune:
  checkpoints: {{every: 2 steps}}
  stages:
    - {{train: head, for: 5 epochs, learning_rate: 2e-2}}
    - {{train: all, for: 1 epochs, learning_rate: 1e-3}}
evaluation: {{bootstrap_samples: 30}}
"""
Job = Callable[..., LoadedConfig]


@pytest.fixture(scope="module", autouse=True)
def plugins() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(offers, "entry_points", offered(offers.entry_points))
        yield


@pytest.fixture(scope="module")
def job(preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("outcomes")
    made = {
        "toy-brightness": (save_number_pictures(folder / "numbers"), preset),
        "toy-colours": (save_label_pictures(folder / "labels", count=48), preset),
        "toy-length": (save_number_texts(folder / "texts.csv", 80), save_tiny_text_preset(folder / "text", layers=1)),
    }

    def load(task: str, *overrides: str) -> LoadedConfig:
        table, backbone = made[task]
        path = folder / f"{task}.yaml"
        path.write_text(CONFIG.format(task=task, table=table, preset=backbone), encoding="utf-8")
        return load_config(path, overrides, options_model=Registry.discover().options_model)

    return load


class Killer:
    """Kills at the nth event of a kind, as `kill -9` would."""

    def __init__(self, kind: str = "", number: int = 0) -> None:
        self.kind, self.left = kind, number

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == self.kind:
            self.left -= 1
            if not self.left:
                raise Killed


def _metrics(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _kept(folder: Path) -> tuple[bytes, ...]:
    names = ("predictions.parquet", "metrics.json", "report_parts.json")
    return (weights_in(folder), *((folder / name).read_bytes() for name in names))


@pytest.fixture(scope="module")
def text_run(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = job("toy-length")
    folder = begin(loaded, tmp_path_factory.mktemp("length") / "run", resume=False)
    execute(loaded, folder=folder)
    return folder


@pytest.fixture(scope="module")
def label_run(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = job(
        "toy-colours",
        "options.augment=[{name: flip}, {name: mixup, alpha: 0.2, probability: 0.5}]",
        "finetune.lora={rank: 2, alpha: 4}",
        "finetune.stages=[{train: all, for: 1 epochs, learning_rate: 1e-3}]",
    )
    folder = begin(loaded, tmp_path_factory.mktemp("colours") / "run", resume=False)
    execute(loaded, folder=folder)
    return folder


def test_metrics_are_those_of_the_task_with_intervals_and_a_baseline(text_run: Path) -> None:
    metrics = _metrics(text_run)
    assert (metrics["headline"], metrics["outputs"]) == ("mean_absolute_error", ["length_words"])
    assert metrics["metrics"]["mean_absolute_error"] == {
        "better": "lower",
        "unit": "words",
        "meaning": "how far off an answer is",
    }
    for split in ("validation", "test"):
        assert list(metrics[split]) == ["mean_absolute_error", "correlation"]
        figure = metrics[split]["mean_absolute_error"]
        assert figure["ci95"][0] <= figure["value"] <= figure["ci95"][1]
    constant = metrics["baselines"]["constant"]
    ours, theirs = (found["test"]["mean_absolute_error"]["value"] for found in (metrics, constant))
    assert constant["difference"]["mean_absolute_error"]["value"] == pytest.approx(ours - theirs, abs=1e-6)
    # One answer to all correlates with nothing.
    assert constant["test"]["correlation"]["value"] is None
    assert set(metrics["stages"][0]["validation"]) == {"loss", "mean_absolute_error", "correlation"}


def test_predictions_agree_with_metrics(text_run: Path) -> None:
    table = pyarrow.parquet.read_table(text_run / "predictions.parquet")
    names = ["id", "split", "input", "target_length_words", "answer_length_words", "error"]
    assert table.column_names == names
    rows = [row for row in table.to_pylist() if row["split"] == "test"]
    assert all(row["target_length_words"] == len(row["input"].split()) for row in rows)
    errors = [abs(row["target_length_words"] - row["answer_length_words"]) for row in rows]
    assert [row["error"] for row in rows] == pytest.approx(errors, rel=1e-5)
    assert np.mean(errors) == pytest.approx(_metrics(text_run)["test"]["mean_absolute_error"]["value"], rel=1e-5)


@pytest.mark.slow
def test_labels_are_answered_each_by_itself(label_run: Path) -> None:
    table = pyarrow.parquet.read_table(label_run / "predictions.parquet")
    targets = np.stack([table.column(f"target_{name}").to_numpy() for name in LABELS], axis=1)
    answers = np.stack([table.column(f"answer_{name}").to_numpy() for name in LABELS], axis=1)
    assert set(targets.ravel().tolist()) == {0.0, 1.0}
    assert ((answers > 0) & (answers < 1)).all()
    assert not np.allclose(answers.sum(axis=1), 1)
    assert _metrics(label_run)["headline"] == "all_right"
    assert (label_run / "report.html").is_file()


def test_the_journal_tells_the_loss_and_the_metrics(text_run: Path) -> None:
    events = [json.loads(line) for line in (text_run / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert len(epochs) == 6
    assert {"train_loss", "validation_loss", "validation_mean_absolute_error"} <= set(epochs[0])
    assert epochs[4]["validation_loss"] < epochs[0]["validation_loss"]
    assert "train_accuracy" not in epochs[0]
    # The head's stage trains on kept activations, with the same targets.
    assert [event["stage"] for event in events if event["event"] == "cached"] == [0]


# In an epoch, between stages, and after all training.
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("step", 3),
        pytest.param("stage_ended", 1, marks=pytest.mark.slow),
        pytest.param("evaluated", 1, marks=pytest.mark.slow),
    ],
)
def test_killed_and_resumed_it_is_the_straight_run(
    kind: str, number: int, text_run: Path, job: Job, tmp_path: Path
) -> None:
    loaded = job("toy-length")
    folder = begin(loaded, tmp_path / "run", resume=False)
    with pytest.raises(Killed):
        execute(loaded, folder=folder, listener=Killer(kind, number))
    again = load_config(folder / "config.resolved.yaml", options_model=Registry.discover().options_model)
    execute(again, folder=begin(again, folder, resume=True), resume=True)
    assert _kept(folder) == _kept(text_run)


@pytest.mark.slow
def test_a_fresh_process_without_the_plugin_gives_the_same_answers(label_run: Path, tmp_path: Path) -> None:
    rows = pyarrow.parquet.read_table(label_run / "predictions.parquet").to_pylist()[:3]
    output = tmp_path / "answers.jsonl"
    arguments = ["predict", str(label_run), *(row["input"] for row in rows), "--output", str(output)]
    subprocess.run(
        [sys.executable, "-m", "ftsuite", *arguments], check=True, env={**os.environ, "FTSUITE_PLUGINS": "none"}
    )
    told = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    for row, answer in zip(rows, told, strict=True):
        assert list(answer) == ["input", *(f"answer_{name}" for name in LABELS)]
        for name in LABELS:
            assert answer[f"answer_{name}"] == pytest.approx(row[f"answer_{name}"], abs=1e-5)


@pytest.mark.slow
def test_the_whole_of_the_rest_works_for_numbers(job: Job, tmp_path: Path) -> None:
    """A learning curve, WiSE-FT, a chosen headline and metric, on pictures."""
    loaded = job(
        "toy-brightness",
        "finetune.wise_ft={}",
        "finetune.early_stopping.metric=correlation",
        "evaluation.headline=correlation",
        "evaluation.learning_curve=[16]",
        "finetune.stages=[{train: head, for: 1 epochs, learning_rate: 1e-2}, "
        "{train: all, for: 1 epochs, learning_rate: 1e-3}]",
    )
    folder = begin(loaded, tmp_path / "run", resume=False)
    result = execute(loaded, folder=folder)
    assert result.headline == "correlation"
    metrics = _metrics(folder)
    few, whole = metrics["learning_curve"]["rows"]
    assert (few["examples"], whole["model"]) == (16, metrics["test"]["correlation"])
    assert metrics["wise_ft"]["metric"] == "correlation"
    assert {"loss", "correlation"} <= set(metrics["wise_ft"]["points"][0])


@pytest.mark.slow
def test_folds_are_pooled_by_the_tasks_own_metrics(job: Job, tmp_path: Path) -> None:
    from ftsuite.runs.folds import execute_folds
    from ftsuite.runs.folds_folder import begin_folds

    loaded = job(
        "toy-length", "data.folds={count: 2}", "finetune.stages=[{train: head, for: 1 epochs, learning_rate: 1e-2}]"
    )
    folder = begin_folds(loaded, tmp_path / "folds", False)
    summary = execute_folds(loaded, folder=folder).summary
    tests = [
        row
        for number in (1, 2)
        for row in pyarrow.parquet.read_table(folder / f"fold-{number}" / "predictions.parquet").to_pylist()
        if row["split"] == "test"
    ]
    assert len(tests) == summary["examples"] == 80
    assert summary["pooled"]["mean_absolute_error"]["value"] == pytest.approx(
        np.mean([row["error"] for row in tests]), rel=1e-5
    )
    assert summary["mean"]["mean_absolute_error"]["folds"] == 2
    assert summary["metrics"]["mean_absolute_error"]["unit"] == "words"
    assert summary["baselines"]["constant"]["mean_absolute_error"]["folds"] == 2


def test_what_is_for_classes_is_refused_before_data_are_read(job: Job, tmp_path: Path) -> None:
    loaded = job("toy-length", "finetune.label_smoothing=0.3", "data.source=csv:nowhere.csv")
    with pytest.raises(ConfigError, match=r"finetune\.label_smoothing is for tasks that answer with one class"):
        execute(loaded, folder=begin(loaded, tmp_path / "run", resume=False))
