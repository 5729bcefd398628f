"""`ftsuite data audit --predictions`: labels judged by folds that are made up, and what is said of it everywhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ftsuite.api import Examples
from ftsuite.cli.main import cli
from ftsuite.config import load_config
from ftsuite.data.sources import load_examples
from ftsuite.registry import Registry
from ftsuite.runs import audit as audits
from ftsuite.runs.audit_checks import CHECKS
from tests.cli.audit_stub import LoadingRegistry
from tests.made_folds import write_folds

COUNT, WRONG = 90, 7


def _blind_features(loaded: Any, examples: Any, progress: Any) -> Any:
    """Of nothing that a class could be told by."""
    return np.random.default_rng(0).normal(size=(len(examples), 2)).astype(np.float32)


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examples:
    """Texts of two classes; one label is wrong, and no word tells."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: LoadingRegistry()))
    monkeypatch.setattr(audits, "CHECKS", [check for check in CHECKS if check.name == "label-errors"])
    monkeypatch.setattr(audits, "feature_source", _blind_features)
    labels = ["bad" if number % 2 else "good" for number in range(COUNT)]
    labels[WRONG] = "good"
    rows = [f"text {number},{label}" for number, label in enumerate(labels)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    text = "task: texts\ndata: {source: 'csv:texts.csv'}\nbackbone: {name: some_model}\n"
    (tmp_path / "texts.yaml").write_text(text, encoding="utf-8")
    loaded = load_config("texts.yaml", options_model=LoadingRegistry().options_model)
    found = load_examples(loaded.config.data, 0)
    sure = np.array([[0.9, 0.1] if number % 2 else [0.1, 0.9] for number in range(COUNT)], np.float32)
    # No two of them are equal.
    sure[:, 0] += np.linspace(-0.05, 0.05, COUNT, dtype=np.float32)
    sure[WRONG, 0] = 0.97
    sure[:, 1] = 1 - sure[:, 0]
    assert found.class_names == ("bad", "good")
    write_folds(tmp_path / "folds", found, sure)
    return found


def _audit(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["data", "audit", "texts.yaml", *arguments])
    assert result.exit_code == code, result.output
    return result


def _label_errors(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    (finding,) = record["findings"]
    return {**finding, "record": record}


def test_the_wrong_label_is_found_by_the_folds_alone(examples: Examples, tmp_path: Path) -> None:
    _audit("--out", "blind")
    blind = _label_errors(tmp_path / "blind")
    assert examples.ids[WRONG] not in [one["ids"][0] for one in blind["flagged"][:1]]
    assert "predictions" not in blind["record"]
    result = _audit("--out", "seeing", "--predictions", "folds")
    finding = _label_errors(tmp_path / "seeing")
    assert finding["flagged"][0]["ids"] == [examples.ids[WRONG]]
    assert finding["flagged"][0]["suggested_class"] == "bad"
    predictions = finding["record"]["predictions"]
    assert (predictions["covered"], predictions["not_covered"], predictions["dependent"]) == (COUNT, 0, 0)
    assert predictions["folders"] == [
        {"folder": str((tmp_path / "folds").resolve()), "config": "birds", "folds": 3, "seed": 0}
    ]
    said = "Labels of 90 of 90 examples were judged by the predictions of folds together with the features"
    page = (tmp_path / "seeing" / "audit.html").read_text(encoding="utf-8")
    for text in (result.stdout, page, finding["record"]["notes"][-1]):
        assert said in text
    assert "Judged by fine-tuned folds and frozen features together: 90." in page
    with (tmp_path / "seeing" / "findings.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["detail"].endswith("Judged by features and folds.")


def test_json_says_which_predictions(examples: Examples) -> None:
    lines = _audit("--out", "a", "--predictions", "folds", "--json").stdout.splitlines()
    assert json.loads(lines[-1])["predictions"]["covered"] == COUNT


def test_predictions_that_do_not_fit_end_the_audit_before_it_begins(examples: Examples, tmp_path: Path) -> None:
    table = (tmp_path / "texts.csv").read_text(encoding="utf-8")
    (tmp_path / "texts.csv").write_text(table.replace("text 8,good", "text 8,bad"), encoding="utf-8")
    result = _audit("--out", "a", "--predictions", "folds", code=3)
    assert "1 bear another label now" in result.stderr
    assert not (tmp_path / "a").exists()
    _audit("--out", "a", "--predictions", "nowhere", code=5)
    _audit("--out", "a", "--predictions", "folds", "--predictions", "folds", code=2)
    result = _audit("--out", "a", "--predictions", "folds", "--quick", code=2)
    assert "--quick leaves out" in result.stderr
