"""`ftsuite predict` with a run that has no classes: answers by their names, and runs listed with their units."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from predict_stub import Predict

from ftsuite.cli.main import cli

NAMES = ("length words", "share")


@pytest.fixture
def lengths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predict:
    made = Predict(tmp_path / "run", monkeypatch, "text")

    def predict(texts: Sequence[Any]) -> np.ndarray:
        return np.array([[len(text.split()), 0.1] for text in texts], np.float32).reshape(-1, 2)

    made.run.class_names, made.run.classifies = NAMES, False  # type: ignore[assignment]
    made.run.predict = predict  # type: ignore[method-assign]
    return made


def test_answers_stand_under_their_names(lengths: Predict) -> None:
    shown = lengths("one two three").stdout
    assert "length words" in shown
    assert shown.splitlines()[-1].split() == ["one", "two", "three", "3", "0.1"]
    (row,) = lengths.rows("one two three")
    assert row == {"event": "prediction", "input": "one two three", "answers": {"length words": 3.0, "share": 0.1}}


def test_of_many_answers_the_largest_are_shown(lengths: Predict, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"label {number}" for number in range(9))
    lengths.run.class_names = names  # type: ignore[assignment]
    monkeypatch.setattr(lengths.run, "predict", lambda texts: np.tile(np.arange(9, dtype=np.float32), (len(texts), 1)))
    assert "label 8 8, label 7 7\n" in lengths("a text", "--top", "2").stdout
    assert len(lengths.rows("a text")[0]["answers"]) == 9


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_files_have_a_column_for_each_answer(lengths: Predict, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out{ending}"
    assert lengths("one two", "", "--output", out).exit_code == 3
    if ending == ".csv":
        with out.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    elif ending == ".jsonl":
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    else:
        rows = pyarrow.parquet.read_table(out).to_pylist()
        assert list(rows[0]) == ["input", "answer_length words", "answer_share", "error"]
    assert float(rows[0]["answer_length words"]) == 2
    assert float(rows[0]["answer_share"]) == pytest.approx(0.1)
    assert not rows[1].get("answer_share")
    assert rows[1]["error"]


def test_runs_are_listed_with_the_unit_of_their_headline(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "length" / "20260101-000000-abcdef"
    run.mkdir(parents=True)
    (run / "journal.jsonl").write_text('{"event": "run_started", "config": "length"}\n{"event": "run_ended"}\n')
    metrics = {
        "headline": "mean_absolute_error",
        "metrics": {"mean_absolute_error": {"better": "lower", "unit": "words", "meaning": ""}},
        "test": {"mean_absolute_error": {"value": 3.5263, "ci95": [2.65, 4.578], "n": 24}},
    }
    (run / "metrics.json").write_text(json.dumps(metrics))
    shown = CliRunner().invoke(cli, ["list", "runs", "--dir", str(tmp_path / "runs")], env={"COLUMNS": "200"})
    assert "mean_absolute_error 3.526 words [2.65, 4.578]" in shown.stdout
    told = CliRunner().invoke(cli, ["list", "runs", "--dir", str(tmp_path / "runs"), "--json"])
    assert json.loads(told.stdout)["unit"] == "words"
