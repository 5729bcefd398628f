"""One tiny run from end to end, and everything that its folder promises."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from ftsuite.config import LoadedConfig
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal

Load = Callable[..., LoadedConfig]


@pytest.fixture(scope="module")
def run(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load()
    return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("runs") / "tiny", False)).folder


def test_folder_holds_everything_and_nothing_half_done(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "config.resolved.yaml", "environment.json", "split.json", "journal.jsonl", "metrics.json", "model.keras",
        "predictions.parquet", "report.html",
    }  # fmt: skip


def test_metrics_have_an_interval_and_n_for_every_figure(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    for split in ("validation", "test"):
        for name in ("accuracy", "macro_f1", "log_loss", "expected_calibration_error"):
            figure = metrics[split][name]
            low, high = figure["ci95"]
            assert low <= figure["value"] <= high
            assert figure["n"] == sum(item["n"] for item in metrics[split]["per_class"].values())
        assert "top_5_accuracy" not in metrics[split], "four classes have no meaningful top 5"
    assert [stage["name"] for stage in metrics["stages"]] == ["head", "last 2", "all"]


def test_journal_proves_what_moved(run: Path) -> None:
    ended = [event for event in read_journal(run / "journal.jsonl") if event["event"] == "stage_ended"]
    assert [event["stage_name"] for event in ended] == ["head", "last 2", "all"]
    for event in ended:
        assert event["blocks"][0]["name"] == "stem"
        for block in event["blocks"]:
            assert block["moved"] == block["expected"], block
            assert not block["statistics_moved"], "frozen-stats protects every BatchNorm"


def test_predictions_agree_with_metrics(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    rows = pyarrow.parquet.read_table(run / "predictions.parquet").to_pylist()
    test = [row for row in rows if row["split"] == "test"]
    accuracy = np.mean([row["label"] == row["prediction"] for row in test])
    assert accuracy == pytest.approx(metrics["test"]["accuracy"]["value"])
    names = [name.removeprefix("probability_") for name in rows[0] if name.startswith("probability_")]
    assert names == ["blue jay", "cardinal", "crow", "goldfinch"]
    for row in rows:
        probabilities = {name: row[f"probability_{name}"] for name in names}
        assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)
        assert max(probabilities, key=lambda name: probabilities[name]) == row["prediction"]


LOAD_ELSEWHERE = """
import json, sys
import keras, keras_hub
import ftsuite
run = ftsuite.load_run(sys.argv[1])
assert not [name for name in sys.modules if name.startswith("ftsuite_image")], "no plugin may be needed"
print(json.dumps([run.class_names, run.predict(sys.argv[2:]).tolist()]))
"""


def test_model_predicts_the_same_in_a_fresh_process_without_the_plugin(run: Path, tmp_path: Path) -> None:
    rows = pyarrow.parquet.read_table(run / "predictions.parquet").to_pylist()[:6]
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ELSEWHERE, str(run), *(row["input"] for row in rows)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    names, probabilities = json.loads(done.stdout.splitlines()[-1])
    expected = [[row[f"probability_{name}"] for name in names] for row in rows]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_resolved_config_repeats_the_run_to_the_byte(run: Path, tmp_path: Path) -> None:
    from ftsuite.config import load_config
    from ftsuite.registry import Registry

    again = load_config(run / "config.resolved.yaml", options_model=Registry.discover().options_model)
    folder = execute(again, folder=begin(again, tmp_path / "again", False)).folder
    for name in ("metrics.json", "split.json", "config.resolved.yaml"):
        assert (folder / name).read_bytes() == (run / name).read_bytes(), name
    assert _weights(folder) == _weights(run)


def _weights(folder: Path) -> bytes:
    import zipfile

    return zipfile.ZipFile(folder / "model.keras").read("model.weights.h5")


def test_a_folder_that_holds_a_run_is_never_written_over(run: Path, load: Load) -> None:
    from ftsuite.errors import ConfigError

    with pytest.raises(ConfigError, match="holds something already"):
        begin(load(), run, False)


def test_resuming_a_finished_run_gives_its_figures_and_changes_nothing(run: Path, load: Load) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    result = execute(load(), folder=begin(load(), run, True), resume=True)
    assert result.metrics == json.loads((run / "metrics.json").read_text())
    assert {path.name: path.stat().st_mtime_ns for path in run.iterdir()} == before
