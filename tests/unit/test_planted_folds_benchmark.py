"""The benchmark of planted label errors with fine-tuned folds: what it writes is what it later reads."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ftsuite.config import load_config
from ftsuite.data.sources import load_examples
from ftsuite.registry import Registry
from tests.cli.audit_stub import LoadingRegistry
from tests.made_folds import write_folds


def test_planted_labels_go_through_a_table_and_its_folds(
    load_benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark, planting = load_benchmark("planted_folds"), load_benchmark("planted_label_errors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: LoadingRegistry()))
    rows = [f'"text, number {number}",{"good" if number % 2 else "bad"}' for number in range(40)]
    (tmp_path / "own.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    (tmp_path / "job.yaml").write_text(
        "task: texts\ndata: {source: 'csv:own.csv', text_column: text}\nbackbone: {name: some}\n", encoding="utf-8"
    )
    examples = load_examples(load_config("job.yaml", options_model=LoadingRegistry().options_model).config.data, 0)
    labels, planted = planting.plant(examples.labels, 2, 0.1, 0)
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> None:
        commands.append(command)
        source = [part for part in command if part.startswith("data.")]
        read = load_config("job.yaml", source, options_model=LoadingRegistry().options_model)
        found = load_examples(read.config.data, 0)
        certain = np.where(examples.labels[:, None] == [0, 1], 0.9, 0.1).astype(np.float32)
        write_folds(Path(command[command.index("--out") + 1]), found, certain)

    monkeypatch.setattr(subprocess, "run", run)
    tuning = benchmark.Tuning("job.yaml", ["seed=3"], 3, 2, tmp_path / "work")
    trained = benchmark.trained_on_planted(tuning, examples, labels, 0)
    assert (trained.planted == planted).all()
    assert trained.planted.sum() == 4
    assert (trained.examples.labels == labels).all()
    assert trained.held_out.covered.all()
    features = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    row: dict[str, Any] = planting.judge(trained.examples, trained.planted, features, 0, held_out=trained.held_out)
    assert row["first 10 %"] == 1.0
    seeds = [part for command in commands for part in command if part.startswith("seed=")]
    assert seeds == ["seed=3", "seed=0", "seed=3", "seed=1"]
    benchmark.trained_on_planted(tuning, examples, labels, 0)
    assert len(commands) == 2, "finished folds are not run again"
