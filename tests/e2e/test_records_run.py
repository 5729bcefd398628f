"""A run from records is the run from the folder that they were prepared from, to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

from ftsuite.config import LoadedConfig
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.runs.prepare_data import prepare_data
from tests.stopped_runs import events_in, weights_in

Load = Callable[..., LoadedConfig]


@pytest.fixture(scope="module")
def runs(load: Load, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("records runs")
    prepare_data(load().config, folder / "records", shards=3)

    def run(name: str, source: str) -> Path:
        few = ['finetune.stages=[{"train": "last 2", "for": "1 epochs", "learning_rate": 0.003}]', "finetune.cache=off"]
        loaded = load(f"data.source={source}", *few)
        return execute(loaded, folder=begin(loaded, folder / name, False)).folder

    return run("of the folder", f"folder:{pictures}"), run("of records", f"records:{folder / 'records'}")


def test_split_figures_and_weights_are_the_same(runs: tuple[Path, Path]) -> None:
    folder, records = runs
    for name in ("split.json", "metrics.json"):
        assert (records / name).read_bytes() == (folder / name).read_bytes(), name
    assert weights_in(records) == weights_in(folder)
    own, theirs = events_in(records), events_in(folder)
    assert own == theirs
    data = [json.loads((run / "environment.json").read_text())["data"] for run in runs]
    assert {key: value for key, value in data[0].items() if key != "source"} == {
        key: value for key, value in data[1].items() if key != "source"
    }


def test_predictions_name_records_and_the_report_shows_them(runs: tuple[Path, Path]) -> None:
    folder, records = (pyarrow.parquet.read_table(run / "predictions.parquet") for run in runs)
    assert records.drop_columns("input").equals(folder.drop_columns("input"))
    assert all(name.startswith("record:") for name in records["input"].to_pylist())
    # The same pictures stand in both reports.
    pictures = [page.read_text().count("data:image/jpeg") for page in (run / "report.html" for run in runs)]
    assert pictures[0] == pictures[1] > 0
