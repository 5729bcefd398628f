"""Tiny runs with LoRA and with L2-SP, from config alone: what moves, what is kept, and what a resumed run repeats."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.dry_run import dry_run
from ftsuite.runs.execute import execute
from ftsuite.runs.find_learning_rate import find_learning_rate
from ftsuite.runs.prepare import Prepared, prepare
from ftsuite.runs.workload import classification_workload
from ftsuite.training.journal import Journal, read_journal
from ftsuite.training.loop import Trainer
from tests.stopped_runs import events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset, tiny_reviews

LORA = "finetune.lora={rank: 2, alpha: 8, biases: true}"
L2_SP = "finetune.l2_sp={alpha: 20}"
JOB = """
data: {{source: "{source}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
finetune:
  cache: auto
  early_stopping: null
  views: 2
  checkpoints: {{every: 2 steps}}
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
    - {{train: all, for: 3 epochs, learning_rate: 2e-2, layer_decay: 0.9}}
    - {{train: last 1, for: 2 epochs, learning_rate: 3e-3}}
evaluation: {{bootstrap_samples: 50}}
"""
IMAGES = "task: image-classification\noptions: {{augment: [{{name: flip}}]}}" + JOB
TEXTS = "task: sentiment\noptions: {{max_length: 12}}" + JOB
_DOMAIN = "{{general: '{general}', head_sequences: 40, epochs: 1, batch_size: 8, max_length: 16, held_out: 10}}"
DOMAIN = "task: domain-text\noptions: {{max_length: 16, adapt: " + _DOMAIN + "}}" + JOB
SHORT = "finetune.stages=[{train: all, for: 3 steps, learning_rate: 0.01}]"


class Killed(BaseException):
    """Stands for kill -9."""


class Killer:
    """Kills at the nth event of a kind."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind, self.left = kind, number

    def __call__(self, event: Mapping[str, Any]) -> None:
        self.left -= event["event"] == self.kind
        if self.left == 0:
            raise Killed


@pytest.fixture(scope="module")
def jobs(preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    texts, reviews = save_tiny_text_preset(folder / "texts"), save_reviews(folder / "reviews.csv")
    general = folder / "general.txt"
    general.write_text("".join(f"{text}\n" for text, _ in tiny_reviews(120, seed=5)), encoding="utf-8")
    (folder / "images.yaml").write_text(IMAGES.format(source=f"folder:{pictures}", preset=preset), encoding="utf-8")
    for name, form in (("texts", TEXTS), ("domain", DOMAIN)):
        text = form.format(source=f"csv:{reviews}", preset=texts, general=f"txt:{general}")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def _loaded(jobs: Path, name: str, *overrides: str) -> LoadedConfig:
    return load_config(jobs / f"{name}.yaml", overrides, options_model=Registry.discover().options_model)


def _run(loaded: LoadedConfig, folder: Path) -> Path:
    return execute(loaded, folder=begin(loaded, folder, False)).folder


@pytest.fixture(scope="module", params=["images", "texts"])
def lora(request: pytest.FixtureRequest, jobs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, _run(_loaded(jobs, request.param, LORA), tmp_path_factory.mktemp("runs") / request.param)


def _metrics(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "metrics.json").read_text()))


def _has_learnt(folder: Path) -> bool:
    """Whether the stage of the whole backbone fits its examples better than the head alone did."""
    losses = {stage: [e["train_loss"] for e in _events(folder, "epoch") if e["stage"] == stage] for stage in (0, 1)}
    return bool(losses[1][-1] < 0.95 * losses[0][-1])


def _events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_journal(folder / "journal.jsonl") if event["event"] == kind]


def test_it_learns_and_merging_changes_no_figure(lora: tuple[str, Path]) -> None:
    _, folder = lora
    metrics = _metrics(folder)
    assert _has_learnt(folder)
    (merged,) = _events(folder, "adapters_merged")
    assert merged["layers"] > 5 and merged["largest_difference"] < 1e-5
    for name in ("accuracy", "log_loss"):
        before, after = metrics["stages"][-1]["validation"][name], metrics["validation"][name]
        assert after["value"] == pytest.approx(before["value"], abs=1e-4)


def test_journal_and_report_say_what_trained(lora: tuple[str, Path]) -> None:
    name, folder = lora
    started, ended = _events(folder, "stage_started"), _events(folder, "stage_ended")
    head, everything, last = (event["trainable_share"] for event in started)
    assert 0 < head < last < everything < 0.5
    assert started[1]["parameters"] > started[2]["parameters"] > started[0]["parameters"]
    assert all(block["moved"] == block["expected"] for event in ended for block in event["blocks"])
    trained = {block["name"] for block in ended[1]["blocks"] if block["moved"]}
    assert trained == {block["name"] for block in ended[1]["blocks"]} - {"embeddings"}
    # No embedding has an adapter, so texts are cut behind them. The last stage is cut behind adapters that trained.
    assert [event["stage"] for event in _events(folder, "cached")] == ([0, 2] if name == "images" else [0, 1, 2])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "rank 2, alpha 8" in page and "% of the weights" in page


RELOAD = """
import sys, zipfile
import numpy as np, pyarrow.parquet
from ftsuite.runs.load import load_run
for folder in sys.argv[1:]:
    rows = pyarrow.parquet.read_table(f"{folder}/predictions.parquet").to_pylist()[:12]
    run = load_run(folder)
    assert not [v.path for v in run.model.variables if "lora" in v.path]
    expected = [[row[f"probability_{name}"] for name in run.class_names] for row in rows]
    np.testing.assert_allclose(run.predict([row["input"] for row in rows]), expected, atol=1e-5)
"""


def test_the_saved_model_is_a_plain_one_for_a_fresh_process(lora: tuple[str, Path]) -> None:
    _, folder = lora
    assert b"lora" not in zipfile.ZipFile(folder / "model.keras").read("model.weights.h5")
    done = subprocess.run([sys.executable, "-c", RELOAD, str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("name", ["images", "texts"])
def test_frozen_weights_stay_to_the_bit_until_they_are_merged(name: str, jobs: Path, tmp_path: Path) -> None:
    prepared = prepare(_loaded(jobs, name, "finetune.lora={rank: 2}", "finetune.cache=off"), None)
    own = {id(v): (v, _copied(v)) for block in prepared.blocks[:-1] for v in block.variables}
    paths = [variable.path for variable in prepared.model.training.weights]
    work = classification_workload(prepared)
    merge = work.conclude
    assert merge is not None
    moved: list[str] = []

    def changed() -> set[str]:
        return {v.path for v, value in own.values() if not np.array_equal(np.asarray(v), value)}

    def watched() -> dict[str, Any]:
        moved.extend(changed())
        return merge()

    trainer = Trainer(replace(work, conclude=watched), Journal(tmp_path / "journal.jsonl"), tmp_path / "checkpoints")
    slots = sum(int(np.prod(variable.shape)) for variable in work.optimizer.variables)
    trained = {id(v) for block in work.blocks for v in block.variables} - own.keys()
    weights = sum(int(np.prod(v.shape)) for block in work.blocks for v in block.variables if id(v) in trained)
    assert 2 * weights <= slots < 2 * weights + 200, "moments of what trains, and counters"
    trainer.run()
    assert moved == []
    assert changed() and all("kernel" in path for path in changed())
    assert [variable.path for variable in prepared.model.training.weights] == paths


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "number"), [("step", 9), ("epoch", 6), ("adapters_merged", 1), ("evaluated", 1)])
def test_killed_and_resumed_lora_is_the_straight_run(
    kind: str, number: int, lora: tuple[str, Path], jobs: Path, tmp_path: Path
) -> None:
    name, straight = lora
    _kill_and_resume(_loaded(jobs, name, LORA), Killer(kind, number), tmp_path / "run", straight)


def _kill_and_resume(loaded: LoadedConfig, killer: Killer, folder: Path, straight: Path) -> None:
    begin(loaded, folder, False)
    with pytest.raises(Killed):
        execute(loaded, folder=folder, listener=killer)
    execute(loaded, folder=begin(loaded, folder, True), resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert (folder / "metrics.json").read_bytes() == (straight / "metrics.json").read_bytes()
    assert events_in(folder) == events_in(straight)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["images", "texts"])
def test_killed_and_resumed_l2_sp_is_the_straight_run(name: str, jobs: Path, tmp_path: Path) -> None:
    """The starts are those of the beginning: from the weights at the resumption the pull would be another."""
    loaded = _loaded(jobs, name, L2_SP)
    straight = _run(loaded, tmp_path / "straight")
    _kill_and_resume(loaded, Killer("step", 14), tmp_path / "run", straight)


def _copied(variable: Any) -> np.ndarray:
    return np.array(np.asarray(variable))


def _way_from_start(prepared: Prepared, folder: Path) -> float:
    backbone = [variable for block in prepared.blocks[:-1] for variable in block.variables]
    before = [_copied(variable) for variable in backbone]
    Trainer(classification_workload(prepared), Journal(folder / "journal.jsonl"), folder / "checkpoints").run()
    return float(sum(np.square(np.asarray(v) - old).sum() for v, old in zip(backbone, before, strict=True)) ** 0.5)


@pytest.mark.parametrize("name", ["images", "texts"])
def test_l2_sp_holds_the_backbone_near_its_start(name: str, jobs: Path, tmp_path: Path) -> None:
    stages = "finetune.stages=[{train: all, for: 3 epochs, learning_rate: 1e-2}]"
    ways = {}
    for alpha in (0, 50):
        folder = tmp_path / str(alpha)
        folder.mkdir()
        loaded = _loaded(jobs, name, f"finetune.l2_sp={{alpha: {alpha}, beta: 0}}", stages)
        ways[alpha] = _way_from_start(prepare(loaded, None), folder)
    assert 0 < ways[50] < 0.5 * ways[0]


def test_a_rule_with_a_decay_holds_against_the_pull(jobs: Path, tmp_path: Path) -> None:
    rules = "finetune.rules=[{match: 'embeddings/*', weight_decay: 0.5}]"
    prepared = prepare(_loaded(jobs, "texts", "finetune.l2_sp={alpha: 20, beta: 0.03}", rules), None)
    trainer = Trainer(classification_workload(prepared), Journal(tmp_path / "journal.jsonl"), tmp_path / "checkpoints")
    trainer.enter(prepared.stages[1])
    optimizer = trainer.workload.optimizer
    names = [variable.path for variable in optimizer._trainable_variables]
    rows = dict(zip(names, zip(optimizer._pulls, optimizer._rules, strict=True), strict=True))
    for block in prepared.blocks:
        for variable in block.variables:
            pull, rule = rows[variable.path]
            kernel = variable.name == "kernel"
            expected = {"embeddings": (0.0, 0.5), "head": (0.0, 0.03 if kernel else 0.0)}.get(block.name, (20.0, 0.0))
            assert (pull, rule.weight_decay) == expected, variable.path


@pytest.mark.slow
@pytest.mark.parametrize("way", [LORA, L2_SP], ids=["lora", "l2-sp"])
def test_after_adapting_and_with_a_curve_each_training_begins_anew(way: str, jobs: Path, tmp_path: Path) -> None:
    curve = "evaluation.learning_curve=[24, 48]"
    loaded = _loaded(jobs, "domain", way, curve, SHORT)
    folder = _run(loaded, tmp_path / "run")
    metrics = _metrics(folder)
    assert [row["examples"] for row in metrics["learning_curve"]["rows"]][:2] == [24, 48]
    assert "difference" in metrics["adaptation"]["unadapted"]
    for name in ("journal.jsonl", "journal.unadapted.jsonl", "journal.examples-24.jsonl"):
        merged = [event for event in read_journal(folder / name) if event["event"] == "adapters_merged"]
        assert len(merged) == (way == LORA), name
    done = subprocess.run([sys.executable, "-c", RELOAD, str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("way", [LORA, L2_SP], ids=["lora", "l2-sp"])
def test_dry_run_and_rates(way: str, jobs: Path, tmp_path: Path) -> None:
    stages = "finetune.stages=[{train: head, for: 3 steps, learning_rate: 1e-2}, "
    stages += "{train: last 1, for: 3 steps, learning_rate: 1e-2}]"
    loaded = _loaded(jobs, "texts", way, stages)
    cost = dry_run(loaded)
    head, last = cost["stages"]
    assert 0 < head["trainable_share"] < last["trainable_share"] < 0.5
    found = find_learning_rate(loaded, folder=tmp_path)
    assert [row["stage_name"] for row in found.stages] == ["head", "last 1"]


def test_patterns_reach_adapters_and_blocks_without_one_are_refused(jobs: Path) -> None:
    rules = (
        "finetune.rules=[{match: '*/lora_b', learning_rate_factor: 16}, {match: 'transformer_layer_0/*', freeze: true}]"
    )
    prepared = prepare(_loaded(jobs, "texts", LORA, rules), None)
    everything = prepared.stages[1]
    assert everything.trained == ("transformer_layer_1", "head")
    rules_by_path = everything.rules(prepared.trained_blocks, 0.01)
    factors = {path.rpartition("/")[2]: rule.multiplier for path, rule in rules_by_path.items() if "lora" in path}
    assert factors["lora_b"] == 16 and factors["lora_a"] <= 1
    with pytest.raises(ConfigError, match=r"finetune\.rules\.0\.match must match"):
        prepare(_loaded(jobs, "texts", "finetune.lora=null", rules), None)
    with pytest.raises(ConfigError, match=r"finetune\.stages\.0\.train must name blocks with an adapter"):
        prepare(
            _loaded(jobs, "texts", LORA, "finetune.stages=[{train: first 1, for: 1 epoch, learning_rate: 1}]"), None
        )
    notes = prepare(_loaded(jobs, "images", "finetune.lora={rank: 4}"), None).examples.notes
    assert any(re.match(r"LoRA changes \d layers and leaves \d+ out, .* is above half of its kernel", n) for n in notes)
    with pytest.raises(ConfigError, match=r"A target of LoRA must be one of"):
        prepare(_loaded(jobs, "images", "finetune.lora={targets: [attention]}"), None)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="is what it starts")
@pytest.mark.parametrize(("name", "way"), [("images", LORA), ("texts", LORA), ("images", L2_SP), ("texts", L2_SP)])
def test_it_trains_on_jax(name: str, way: str, jobs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "ftsuite", "run", str(jobs / f"{name}.yaml"), "--set", way, "--out", str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert _has_learnt(folder)
    ended = _events(folder, "stage_ended")
    assert all(block["moved"] == block["expected"] for event in ended for block in event["blocks"])
    assert len(_events(folder, "adapters_merged")) == (way == LORA)
    # What JAX trained, TensorFlow loads.
    done = subprocess.run([sys.executable, "-c", RELOAD, str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
