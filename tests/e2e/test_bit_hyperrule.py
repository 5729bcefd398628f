"""The plan `bit-hyperrule` on tiny pictures and texts, with a rule of fewer steps, and what the run tells of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.optim import data_size_schedule
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal
from tests.tiny import save_reviews, save_tiny_text_preset

JOB = """
data: {{source: "{source}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
finetune: {{plan: bit-hyperrule}}
evaluation: {{bootstrap_samples: 50}}
"""
Load = Callable[..., LoadedConfig]


@pytest.fixture
def job(request: pytest.FixtureRequest, preset: Path, pictures: Path, tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    if request.param == "images":
        text = "task: image-classification" + JOB.format(source=f"folder:{pictures}", preset=preset)
    else:
        reviews = save_reviews(tmp_path / "reviews.csv", count=48)
        text = "task: sentiment\noptions: {max_length: 12}" + JOB.format(
            source=f"csv:{reviews}", preset=save_tiny_text_preset(tmp_path / "tiny")
        )
    path.write_text(text, encoding="utf-8")
    return path


def _of(journal: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_journal(journal / "journal.jsonl") if event["event"] == kind]


@pytest.mark.slow
@pytest.mark.parametrize("job", ["images", "texts"], indirect=True)
def test_the_rule_sets_length_and_rate(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A quarter of a step of 512 examples is 16 of 8.
    monkeypatch.setitem(data_size_schedule._STEPS, "small", 0.25)
    monkeypatch.setitem(data_size_schedule._WARMUP_STEPS, "small", 0.05)
    loaded = load_config(job, options_model=Registry.discover().options_model)
    folder = execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder
    (started,) = _of(folder, "stage_started")
    assert (started["steps"], started["learning_rate"]) == (16, pytest.approx(0.003 * 8 / 512))
    last = _of(folder, "epoch")[-1]
    assert last["learning_rate"] == pytest.approx(started["learning_rate"] / 1000, rel=1e-5)
    notes = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["data"]["notes"]
    assert any("by-data-size is 16 steps of 8 examples" in note for note in notes)
    asked = [note for note in notes if note.startswith("BiT's rule")]
    assert len(asked) == 1 and ("cropped to 128" if "image" in job.read_text() else "pictures only") in asked[0]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "by-data-size is 16 steps" in page and "milestones 30% 60% 90%" in page


@pytest.mark.slow
@pytest.mark.parametrize("job", ["images"], indirect=True)
def test_milestones_and_scaled_rates_on_jax(job: Path, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    shorter = ["finetune.stages.0.for=10 steps", "finetune.stages.0.warmup=10%"]
    command = [sys.executable, "-m", "ftsuite", "run", str(job), "--out", str(tmp_path / "run")]
    command += [part for override in shorter for part in ("--set", override)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    rates = [event["learning_rate"] for event in _of(tmp_path / "run", "epoch")]
    assert rates[-1] == pytest.approx(0.003 * 8 / 512 / 1000, rel=1e-5)
