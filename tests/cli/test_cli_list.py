"""`ftsuite list`: quick, complete, and unmoved by half-written run folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ftsuite import assets
from ftsuite.cli.main import cli
from ftsuite.config import shipped_configs, shipped_plans
from ftsuite.models.names import CATALOGUE_BACKBONES, CATALOGUE_TEXT_BACKBONES

METRICS = {
    "format": 1,
    "headline": "accuracy",
    "test": {"accuracy": {"value": 0.9, "ci95": [0.8, 0.95], "n": 60}},
}


def _json_lines(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["list", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _run_folder(root: Path, name: str, started: str, *, ended: bool, metrics: str | None) -> Path:
    folder = root / "bird-species" / name
    folder.mkdir(parents=True)
    events = [json.dumps({"event": "run_started", "time": started})]
    if ended:
        events.append(json.dumps({"event": "run_ended", "time": started}))
    (folder / "journal.jsonl").write_text("\n".join(events) + "\n", encoding="utf-8")
    if metrics is not None:
        (folder / "metrics.json").write_text(metrics, encoding="utf-8")
    return folder


def test_tasks_come_from_entry_points() -> None:
    tasks = {line["name"]: line for line in _json_lines("tasks")}
    assert tasks["image-classification"]["error"] is None
    assert tasks["image-classification"]["distribution"] == "ftsuite"


def test_configs_are_those_that_are_shipped() -> None:
    assert {line["name"] for line in _json_lines("configs")} == set(shipped_configs())


def test_plans_are_those_that_are_shipped() -> None:
    plans = {line["name"]: line for line in _json_lines("plans")}
    assert set(plans) == set(shipped_plans())
    assert plans["gradual"]["event"] == "plan"
    assert plans["gradual"]["paper"] == "Howard and Ruder, 2018, https://arxiv.org/abs/1801.06146"
    text = CliRunner().invoke(cli, ["list", "plans"]).output
    assert "surgical-first" in text
    assert "--set finetune.plan=NAME" in text


def test_backbones_are_in_the_catalogue() -> None:
    names = {"image": list(CATALOGUE_BACKBONES), "text": list(CATALOGUE_TEXT_BACKBONES)}
    listed = _json_lines("backbones")
    for modality, expected in names.items():
        assert [line["name"] for line in listed if line["modality"] == modality] == expected
        assert all(assets.catalogue()[name].kind == "weights" for name in expected)
    assert len(listed) == len(CATALOGUE_BACKBONES) + len(CATALOGUE_TEXT_BACKBONES)
    assert "--all" in CliRunner().invoke(cli, ["list", "backbones"]).output


def test_datasets_name_every_form_of_a_source() -> None:
    names = {line["name"] for line in _json_lines("datasets")}
    assert "field-guide" in names
    assert names - {"field-guide"} == {a.name for a in assets.catalogue().values() if a.kind == "dataset"}
    text = CliRunner().invoke(cli, ["list", "datasets"]).output
    for form in ("folder:", "csv:", "jsonl:", "parquet:", "tfds:", "asset:"):
        assert form in text


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    _run_folder(tmp_path, "old", "2030-01-01T10:00:00+00:00", ended=True, metrics=json.dumps(METRICS))
    _run_folder(tmp_path, "new", "2030-01-02T10:00:00+00:00", ended=False, metrics=None)
    new, old = _json_lines("runs", "--dir", str(tmp_path))
    assert (new["status"], new["value"]) == ("unfinished", None)
    assert (old["status"], old["headline"], old["value"]) == ("done", "accuracy", 0.9)
    assert old["config"] == "bird-species"
    text = CliRunner().invoke(cli, ["list", "runs", "--dir", str(tmp_path)]).output
    assert "accuracy 0.900 [0.800, 0.950]" in text


@pytest.mark.parametrize("metrics", ["", '{"headline": "accu', "[]", '{"headline": "accuracy", "test": {}}', "\0"])
def test_a_torn_metrics_file_is_told_and_stops_nothing(tmp_path: Path, metrics: str) -> None:
    _run_folder(tmp_path, "torn", "2030-01-01T10:00:00+00:00", ended=True, metrics=metrics)
    _run_folder(tmp_path, "whole", "2030-01-02T10:00:00+00:00", ended=True, metrics=json.dumps(METRICS))
    assert [line["status"] for line in _json_lines("runs", "--dir", str(tmp_path))] == ["done", "damaged"]


def test_a_torn_journal_is_read_up_to_the_tear(tmp_path: Path) -> None:
    folder = _run_folder(tmp_path, "torn", "2030-01-01T10:00:00+00:00", ended=False, metrics=None)
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"event": "epo\xff')
    (line,) = _json_lines("runs", "--dir", str(tmp_path))
    assert (line["status"], line["started"]) == ("unfinished", "2030-01-01T10:00:00+00:00")


def test_other_folders_are_no_runs(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("text", encoding="utf-8")
    assert _json_lines("runs", "--dir", str(tmp_path)) == []
    assert _json_lines("runs", "--dir", str(tmp_path / "absent")) == []
    assert "Make one" in CliRunner().invoke(cli, ["list", "runs", "--dir", str(tmp_path)]).output


@pytest.mark.parametrize("what", ["tasks", "configs", "plans", "backbones", "datasets", "runs"])
def test_lists_do_not_import_keras(what: str, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom ftsuite.cli.main import cli\n"
        f"try:\n    cli.main(['list', {what!r}])\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "assert not {'keras', 'tensorflow', 'keras_hub', 'jax'} & set(sys.modules), 'imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_all_lists_the_presets_of_keras_hub() -> None:
    command = [sys.executable, "-m", "ftsuite", "list", "backbones", "--all", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    names: dict[str, set[str]] = {"image": set(), "text": set()}
    for line in map(json.loads, done.stdout.splitlines()):
        names[line["modality"]].add(line["name"])
    assert {"efficientnet_lite0_imagenet", "vit_base_patch16_224_imagenet", "densenet_121_imagenet"} <= names["image"]
    assert {"minilm_l6_en", "bert_tiny_en_uncased", "roberta_base_en", "deberta_v3_small_en"} <= names["text"]
    assert {"electra_small_discriminator_uncased_en", "f_net_base_en", "xlm_roberta_base_multi"} <= names["text"]
    assert not names["image"] & names["text"]
    assert done.stderr == "Importing keras-hub, which takes about 10 seconds.\n"
