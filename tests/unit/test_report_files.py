"""What the report says of a run folder that lacks a file, or holds a torn or strange one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner
from fake_run import fake_thumbnails, make_fake_run

import ftsuite.runs
from ftsuite.cli.report import report
from ftsuite.errors import ArtifactError
from ftsuite.report import write_report

FILES = (
    "config.resolved.yaml",
    "environment.json",
    "split.json",
    "journal.jsonl",
    "metrics.json",
    "predictions.parquet",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fake_run(tmp_path_factory.mktemp("runs") / "whole", ["a/1", "b/2", "c/3"], per_class=6)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        write_report(run)
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_torn_file_is_named(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    cut = 5 if name == "config.resolved.yaml" else len(content) * 2 // 3
    (run / name).write_bytes(content[:cut])
    with pytest.raises(ArtifactError, match=name) as caught:
        write_report(run)
    assert caught.value.advice


@pytest.mark.parametrize("name", [name for name in FILES if name != "predictions.parquet"])
@pytest.mark.parametrize("content", [b" [", b"\xff\xfe\x00", b"[1, 2", b"3", b"null"])
def test_a_file_of_another_kind_is_named(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=name):
        write_report(run)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run folder"):
        write_report(tmp_path / "absent")


def test_another_format_of_metrics_is_refused(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, "format": 2}))
    with pytest.raises(ArtifactError, match=r"format 1 .* Received: 2"):
        write_report(run)


def test_files_of_two_runs_do_not_go_together(run: Path, tmp_path: Path) -> None:
    other = make_fake_run(tmp_path / "other", ["a/1", "b/2", "c/3"], per_class=6, seed=1, sharpness=0.5)
    shutil.copy(other / "metrics.json", run / "metrics.json")
    with pytest.raises(ArtifactError, match="same run"):
        write_report(run)


def test_a_table_without_a_column_or_with_an_unknown_class_is_refused(run: Path) -> None:
    path = run / "predictions.parquet"
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.drop_columns(["input"]), path)
    with pytest.raises(ArtifactError, match="the column input"):
        write_report(run)
    place = table.column_names.index("label")
    strange = table.set_column(place, "label", [["zebra"] * table.num_rows])
    pyarrow.parquet.write_table(strange, path)
    with pytest.raises(ArtifactError, match="Received: 'zebra'"):
        write_report(run)


def test_a_repeated_epoch_counts_once_and_an_empty_journal_says_so(run: Path) -> None:
    path = run / "journal.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    epochs = [line for line in lines if '"epoch"' in line and '"train_loss"' in line]
    path.write_text("\n".join(lines[:4] + lines), encoding="utf-8")
    text = write_report(run).read_text(encoding="utf-8")
    assert len(epochs) == 20 and '<td class="right">5</td>' in text
    path.write_text("", encoding="utf-8")
    assert "nothing was trained" in write_report(run).read_text(encoding="utf-8")


def test_the_command_prints_the_path(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftsuite.runs, "thumbnails_for", lambda folder: fake_thumbnails, raising=False)
    result = CliRunner().invoke(report, [str(run)], catch_exceptions=False)
    assert result.exit_code == 0
    assert Path(result.output.strip()) == run / "report.html"
    assert (run / "report.html").is_file()
