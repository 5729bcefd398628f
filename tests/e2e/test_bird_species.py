"""The main job on real pretrained weights, made small: fewer pictures, fewer pixels, fewer epochs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from ftsuite.config import load_config
from ftsuite.evaluation import paired_difference
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SMALL = (
    "data.examples_per_class={train: 10, validation: 4, test: 10}",
    "options.image_size=128",
    "finetune.stages.0.for=3 epochs",
    "finetune.stages.1.for=3 epochs",
    "finetune.stages.2.for=3 epochs",
    "evaluation.bootstrap_samples=200",
)
Run = Callable[..., Path]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    def job(name: str, *overrides: str) -> Path:
        loaded = load_config("bird-species", [*SMALL, *overrides], options_model=Registry.discover().options_model)
        return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("runs") / name, False)).folder

    return job


@pytest.fixture(scope="module")
def transfer(run: Run) -> Path:
    return run("transfer")


def _correct(folder: Path) -> np.ndarray:
    rows = pyarrow.parquet.read_table(folder / "predictions.parquet").to_pylist()
    test = sorted((row["id"], row["label"] == row["prediction"]) for row in rows if row["split"] == "test")
    return np.array([right for _, right in test])


def test_transfer_beats_from_scratch_by_an_interval_that_excludes_zero(run: Run, transfer: Path) -> None:
    scratch = run("scratch", "backbone.weights=none")
    difference = paired_difference(_correct(transfer), _correct(scratch))
    assert difference["ci95"][0] > 0.1, difference
    accuracy = json.loads((transfer / "metrics.json").read_text())["test"]["accuracy"]
    assert accuracy["ci95"][0] > 0.4, accuracy


def test_random_weights_train_their_batch_norm_and_the_report_says_so(run: Run) -> None:
    scratch = run(
        "scratch", "backbone.weights=none", "finetune.stages=[{train: all, for: 3 steps, learning_rate: 1e-3}]"
    )
    notes = json.loads((scratch / "environment.json").read_text())["data"]["notes"]
    assert any("no statistics to start from" in note for note in notes)
    events = [json.loads(line) for line in (scratch / "journal.jsonl").read_text().splitlines()]
    ended = next(event for event in events if event["event"] == "stage_ended")
    assert all(block["statistics_moved"] for block in ended["blocks"] if block["name"] != "head")


def test_the_same_seed_gives_the_same_bytes(run: Run, transfer: Path) -> None:
    again = run("again")
    assert (again / "metrics.json").read_bytes() == (transfer / "metrics.json").read_bytes()
    weights = [zipfile.ZipFile(folder / "model.keras").read("model.weights.h5") for folder in (again, transfer)]
    assert weights[0] == weights[1]


def test_the_report_says_that_the_pictures_are_rendered(transfer: Path) -> None:
    assert "rendered" in (transfer / "report.html").read_text(encoding="utf-8")
