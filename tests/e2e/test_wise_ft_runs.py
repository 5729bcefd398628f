"""WiSE-FT by config alone: judged on validation, chosen, kept, told, and the same bytes after a kill on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import Interrupted
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.disk import disk_bytes
from ftsuite.runs.dry_run import dry_run
from ftsuite.runs.execute import execute
from ftsuite.runs.find_learning_rate import find_learning_rate
from ftsuite.runs.prepare import prepare
from ftsuite.runs.rates_folder import open_folder
from ftsuite.runs.workload import make_trainer
from ftsuite.training import checkpoints
from ftsuite.training.journal import Journal, read_journal
from tests.stopped_runs import events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]

PLAN = """
data: {{source: "{source}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
head: {{dropout: 0.3}}
finetune:
  views: 2
  early_stopping: {{metric: accuracy, patience: 9 epochs}}
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
    - {{train: last 1, for: 1 epochs, learning_rate: 1e-2}}
    - {{train: all, for: 2 epochs, learning_rate: 1e-2, warmup: 20%}}
  wise_ft: {{}}
evaluation: {{bootstrap_samples: 50}}
"""
IMAGES = "task: image-classification\noptions: {{augment: [{{name: crop-resize}}, {{name: flip}}]}}" + PLAN
TEXTS = "task: sentiment\noptions: {{max_length: 12}}" + PLAN


def _loader(text: str, folder: Path) -> Load:
    (folder / "job.yaml").write_text(text, encoding="utf-8")

    def load(*overrides: str) -> LoadedConfig:
        return load_config(folder / "job.yaml", overrides, options_model=Registry.discover().options_model)

    return load


@pytest.fixture(scope="module")
def images(preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    return _loader(IMAGES.format(source=f"folder:{pictures}", preset=preset), tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Load:
    folder = tmp_path_factory.mktemp("texts")
    reviews, preset = save_reviews(folder / "reviews.csv"), save_tiny_text_preset(folder / "tiny")
    return _loader(TEXTS.format(source=f"csv:{reviews}", preset=preset), folder)


def _metrics(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "metrics.json").read_text(encoding="utf-8")))


def _holds_together(folder: Path, metric: str) -> dict[str, Any]:
    """What must be true of every run with the section; returns what metrics.json holds of it."""
    metrics = _metrics(folder)
    told = dict(metrics["wise_ft"])
    points = {point["share"]: point for point in told["points"]}
    direction = -1 if metric == "log_loss" else 1
    score = {
        share: (direction * point[metric]["value"], -point["log_loss"]["value"], -share)
        for share, point in points.items()
    }
    assert told["metric"] == metric
    if told["chosen_by"] == "validation":
        assert told["share"] == max(score, key=lambda share: score[share])
    # The model that is kept, judged anew, is the one of the curve; the last stage's result is that of the end.
    for name in ("accuracy", "log_loss", "macro_f1"):
        assert metrics["validation"][name]["value"] == pytest.approx(points[told["share"]][name]["value"], abs=1e-5)
        end = metrics["stages"][-1]["validation"][name]["value"]
        assert points[1.0][name]["value"] == pytest.approx(end, abs=1e-4)
        start = metrics["stages"][told["start_stage"]]["validation"][name]["value"]
        assert points[0.0][name]["value"] == pytest.approx(start, abs=1e-4)
    (event,) = [event for event in read_journal(folder / "journal.jsonl") if event["event"] == "interpolated"]
    assert (event["share"], event["value"]) == (told["share"], points[told["share"]][metric]["value"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="wise-ft"' in page and 'href="#wise-ft"' in page
    return told


@pytest.fixture(scope="module")
def finished(images: Load, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadedConfig, Path]:
    loaded = images("evaluation.learning_curve=[12]", "finetune.cache=memory")
    return loaded, execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("runs") / "run", False)).folder


@pytest.mark.slow
def test_pictures_with_kept_activations_and_a_learning_curve(finished: tuple[LoadedConfig, Path]) -> None:
    _, folder = finished
    told = _holds_together(folder, "accuracy")
    assert [point["share"] for point in told["points"]] == [number / 10 for number in range(11)]
    assert told["start_stage_name"] == "head" and told["ends_differ"] and not told["statistics_measured"]
    events = [event["event"] for event in read_journal(folder / "journal.jsonl")]
    assert "cached" in events
    fewer = [event["event"] for event in read_journal(folder / "journal.examples-12.jsonl")]
    assert fewer.count("interpolated") == 1


@pytest.mark.slow
def test_ctrl_c_on_the_curve_and_a_resumed_run(finished: tuple[LoadedConfig, Path], tmp_path: Path) -> None:
    loaded, straight = finished

    def listener(event: Mapping[str, Any]) -> None:
        if _at("step", phase="Interpolation", step=3)(event):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="kept in"):
        execute(loaded, folder=begin(loaded, tmp_path / "run", False), listener=listener)
    assert not (tmp_path / "run" / "metrics.json").exists()
    resumed = execute(loaded, folder=begin(loaded, tmp_path / "run", True), resume=True).folder
    assert weights_in(resumed) == weights_in(straight)
    assert _metrics(resumed) == _metrics(straight)
    assert events_in(resumed) == events_in(straight)


@pytest.mark.slow
def test_texts_with_averaged_weights_and_a_fixed_share(texts: Load, tmp_path: Path) -> None:
    loaded = texts("finetune.wise_ft.share=0.25", "finetune.ema={decay: 0.8}", "finetune.early_stopping=null")
    told = _holds_together(execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder, "accuracy")
    assert (told["share"], told["chosen_by"], len(told["points"])) == (0.25, "config", 12)


class Killed(BaseException):
    """Stands for kill -9."""


def _train(loaded: LoadedConfig, folder: Path, kills: Callable[[Mapping[str, Any]], bool], resume: bool) -> Any:
    def hear(event: Mapping[str, Any]) -> None:
        if kills(event):
            raise Killed

    folder.mkdir(exist_ok=True)
    prepared = prepare(loaded, None)
    journal = Journal(folder / "journal.jsonl", hear)
    if not checkpoints.has_progress(folder):
        journal.cut(0)
    trainer = make_trainer(prepared, journal, folder / "checkpoints")
    results = trainer.run(resume)
    weights = [np.asarray(value).tobytes() for value in prepared.model.training.get_weights()]
    return weights, results, trainer.interpolation, events_in(folder)


def _at(kind: str, **fields: Any) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: event["event"] == kind and all(event.get(name) == value for name, value in fields.items())


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", ["frozen-stats", "train", "recalibrate"])
def test_killed_on_the_curve_it_goes_on_to_the_same_bytes(batch_norm: str, images: Load, tmp_path: Path) -> None:
    loaded = images(f"finetune.batch_norm={batch_norm}", "finetune.checkpoints.every=2 steps")
    straight = _train(loaded, tmp_path / "straight", lambda event: False, False)
    assert straight[2]["statistics_measured"] == (batch_norm == "train")
    places = [_at("step", phase="Interpolation", step=5), _at("interpolated")]
    if batch_norm == "frozen-stats":
        places += [_at("epoch", stage=2), _at("stage_started", stage=1)]
    for number, place in enumerate(places):
        with pytest.raises(Killed):
            _train(loaded, tmp_path / f"killed-{number}", place, False)
        assert _train(loaded, tmp_path / f"killed-{number}", lambda event: False, True) == straight


def test_the_start_is_kept_as_long_as_it_is_needed(images: Load, tmp_path: Path) -> None:
    """Killed after the head's stage, the curve still begins at the head's end, and not at where the run went on."""
    with pytest.raises(Killed):
        _train(images(), tmp_path / "run", _at("stage_started", stage=1), False)
    newest = checkpoints.latest_checkpoint(tmp_path / "run" / "checkpoints")
    assert newest is not None
    tensors = checkpoints.load_checkpoint(newest).tensors
    for first, last in zip(tensors["start"], tensors["model"], strict=True):
        np.testing.assert_array_equal(first, last)


@pytest.mark.slow
def test_what_does_not_train_to_the_end_ignores_it(images: Load, tmp_path: Path) -> None:
    plain, wise = images("finetune.wise_ft=null"), images()
    cost = dry_run(wise)
    assert len(cost["stages"]) == 3
    assert disk_bytes(prepare(wise, None)) > disk_bytes(prepare(plain, None))
    found = find_learning_rate(wise, folder=open_folder(wise, tmp_path / "rates"))
    assert len(found.stages) == 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["images", "texts"])
def test_the_same_on_jax(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("jax")
    loaded: LoadedConfig = request.getfixturevalue(kind)()
    (tmp_path / "job.yaml").write_text(
        begin(loaded, tmp_path / "c", False).joinpath("config.resolved.yaml").read_text()
    )
    command = [sys.executable, "-m", "ftsuite", "run", str(tmp_path / "job.yaml"), "--out", str(tmp_path / "run")]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    _holds_together(tmp_path / "run", "accuracy")
    assert "WiSE-FT" in done.stdout
