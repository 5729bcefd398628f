"""The runs of a cross-validation, with made-up training: what is run, what is kept, and what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ftsuite.api import Examples
from ftsuite.cli.folds import fold_overrides, folds_cost
from ftsuite.cli.main import cli
from ftsuite.cli.run_folders import find_runs
from ftsuite.config import LoadedConfig, load_config
from ftsuite.data.folds import fold_splits
from ftsuite.data.split_file import write_split
from ftsuite.errors import ArtifactError, ConfigError, DataError, DivergedError, Interrupted
from ftsuite.evaluation import evaluate_predictions
from ftsuite.report.folds_page import write_folds_page
from ftsuite.runs import folds as running
from ftsuite.runs.execute import RunResult
from ftsuite.runs.folder import newest_unfinished, resolve_run
from ftsuite.runs.folds import FoldsResult, execute_folds
from ftsuite.runs.folds_folder import (
    asks_for_folds,
    begin_folds,
    discard_unbegun,
    finished_folds,
    of_fold,
    read_folds,
    refuse_single_fold,
    resume_folds_command,
)
from ftsuite.runs.predictions import write_predictions

CONFIG = """
task: sentiment
data: {source: "csv:reviews.csv"}
backbone: {name: minilm_l6_en}
finetune: {stages: [{train: head, for: 1 epoch, learning_rate: 1e-2}]}
evaluation: {bootstrap_samples: 20}
"""
NAMES = ("negative", "positive <b>")


def examples_of(count: int) -> Examples:
    ids = tuple(f"row {number}" for number in range(count))
    hashes = tuple(f"{number:064x}" for number in range(count))
    return Examples(ids, ids, np.arange(count) % 2, NAMES, hashes, "text")


class Training:
    """Stands for `execute`: writes what a run leaves, and does what is asked of it in a fold."""

    def __init__(self) -> None:
        self.ran: list[tuple[int, bool]] = []
        self.count = 30
        self.grouped = False
        self.error: dict[int, BaseException] = {}

    def __call__(self, loaded: LoadedConfig, *, folder: Path, resume: bool, listener: Any, **_: Any) -> RunResult:
        folds = loaded.config.data.folds
        assert folds is not None
        assert folds.held_out is not None
        self.ran.append((folds.held_out, resume))
        examples = examples_of(self.count)
        splits = fold_splits(examples, count=folds.count, held_out=folds.held_out, validation_fraction=0.2, seed=0)
        write_split(folder / "split.json", examples, splits, {"grouped": self.grouped})
        listener({"event": "plan"})
        (folder / "journal.jsonl").write_text('{"event": "run_started", "config": "reviews"}\n', encoding="utf-8")
        if folds.held_out in self.error:
            raise self.error.pop(folds.held_out)
        test = examples.take(np.flatnonzero(splits == "test"))
        rng = np.random.default_rng(folds.held_out)
        probabilities = np.full((len(test), 2), 0.2)
        guesses = np.where(rng.random(len(test)) < 0.8, test.labels, 1 - test.labels)
        probabilities[np.arange(len(test)), guesses] = 0.8
        write_predictions(folder / "predictions.parquet", {"test": test}, {"test": probabilities})
        figures = evaluate_predictions(probabilities, test.labels, NAMES, bootstrap_samples=20)
        metrics = {"headline": "accuracy", "test": figures, "baselines": {"tf-idf": {"accuracy": {"value": 0.5}}}}
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
        (folder / "environment.json").write_text('{"data": {"hint": null}}', encoding="utf-8")
        for name in ("model.keras", "report.html"):
            (folder / name).write_text("", encoding="utf-8")
        return RunResult(folder, "accuracy", metrics)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Training:
    stands = Training()
    monkeypatch.setattr(running, "execute", stands)
    # There is no model to forget, and it takes half a second.
    monkeypatch.setattr(running, "clear_session", lambda: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.yaml").write_text(CONFIG, encoding="utf-8")
    return stands


def load(*overrides: str, folds: int | None = 3, path: str = "reviews.yaml") -> LoadedConfig:
    return load_config(path, [*overrides, *fold_overrides(folds)])


def run(folder: Path, loaded: LoadedConfig | None = None, **options: Any) -> FoldsResult:
    return execute_folds(loaded or load(), folder=folder, **options)


def test_folds_are_runs_with_their_mean_spread_and_pooled_figures(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    assert folder.parent == Path("runs/reviews")
    assert folder.name.endswith("-folds")
    told: list[tuple[str, int]] = []
    summary = run(folder, listener=lambda event: told.append((event["event"], event["fold"]))).summary
    assert training.ran == [(1, False), (2, False), (3, False)]
    assert told == [(name, fold) for fold in (1, 2, 3) for name in ("fold_started", "fold_ended")]
    values = [row["test"]["accuracy"]["value"] for row in summary["runs"]]
    spread = summary["mean"]["accuracy"]
    assert spread["mean"] == pytest.approx(np.mean(values))
    assert spread["standard_deviation"] == pytest.approx(np.std(values, ddof=1))
    assert (spread["lowest"], spread["highest"]) == (min(values), max(values))
    pooled = summary["pooled"]["accuracy"]
    assert pooled["n"] == summary["examples"] == 30
    assert pooled["value"] == pytest.approx(np.average(values, weights=[r["counts"]["test"] for r in summary["runs"]]))
    assert pooled["ci95"][0] < pooled["value"] < pooled["ci95"][1]
    assert summary["baselines"]["tf-idf"]["accuracy"]["mean"] == 0.5
    assert read_folds(folder) == summary
    assert {path.name for path in folder.iterdir()} == {
        "config.folds.yaml", "fold-1", "fold-2", "fold-3", "folds.json", "report.html",
    }  # fmt: skip


def test_the_page_tells_of_every_fold_and_escapes_names(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    run(folder)
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert all(f'<a href="fold-{number}/report.html">' in text for number in (1, 2, 3))
    assert "positive &lt;b&gt;" in text
    assert "Bengio" in text
    assert "±" in text
    assert "one group" not in text
    training.grouped = True
    grouped = begin_folds(load(), Path("grouped"), False)
    assert any("one group" in note for note in run(grouped).summary["notes"])
    first = (folder / "report.html").read_bytes()
    write_folds_page(folder / "report.html", read_folds(folder))
    assert (folder / "report.html").read_bytes() == first
    assert "Rendered pictures" not in text
    write_folds_page(folder / "report.html", {**read_folds(folder), "rendered_hint": "Drawn."})
    assert "Rendered pictures" in (folder / "report.html").read_text(encoding="utf-8")


def test_each_fold_has_a_config_that_repeats_it(training: Training) -> None:
    folder = begin_folds(load("seed=4"), None, False)
    run(folder, load("seed=4"))
    again = load(path=str(folder / "fold-2" / "config.resolved.yaml"), folds=None)
    assert again.config == of_fold(load("seed=4"), 2).config.model_copy(update={"data": again.config.data})
    assert again.config.data.folds is not None
    assert again.config.data.folds.held_out == 2
    assert not asks_for_folds(again)
    whole = load(path=str(folder / "config.folds.yaml"), folds=None)
    assert asks_for_folds(whole)
    assert of_fold(whole, 1).name == "reviews"


def test_a_stopped_one_goes_on_where_it_was(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    training.error[2] = Interrupted("Stopped.", "Go on with: ftsuite run fold-2")
    with pytest.raises(Interrupted, match="fold 2") as caught:
        run(folder)
    assert caught.value.advice == f"Go on with: {resume_folds_command(folder)}"
    assert [row["fold"] for row in read_folds(folder)["runs"]] == [1]
    assert not (folder / "report.html").exists()
    with pytest.raises(ArtifactError, match="not all finished"):
        finished_folds(str(folder))
    assert begin_folds(load(), None, True) == folder
    training.ran.clear()
    run(folder)
    assert training.ran == [(2, True), (3, False)]
    assert finished_folds("last") == folder
    with pytest.raises(ArtifactError, match="No unfinished cross-validation of 'reviews'"):
        begin_folds(load(), None, True)


def test_stopped_before_any_training_it_is_not_said_that_something_is_kept(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> RunResult:
        raise Interrupted("Stopped before training began; there is nothing to go on with.")

    monkeypatch.setattr(running, "execute", stop)
    folder = begin_folds(load(), None, False)
    with pytest.raises(Interrupted, match="nothing to go on with"):
        run(folder)
    assert not (folder / "fold-1").exists()


def test_a_fold_killed_before_its_config_was_written_begins_anew(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    (folder / "fold-1").mkdir()
    (folder / "fold-1" / ".config.resolved.yaml.partial").write_text("task", encoding="utf-8")
    run(folder)
    assert training.ran[0] == (1, False)


def test_an_error_of_a_fold_is_told_with_how_to_go_on(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    training.error[2] = DivergedError("The loss is nan.", "Lower the rate.")
    with pytest.raises(DivergedError) as caught:
        run(folder)
    assert caught.value.advice == f"Lower the rate.\nThen go on with: {resume_folds_command(folder)}"


def test_what_failed_before_any_training_leaves_nothing(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    discard_unbegun(folder)
    assert not Path("runs").exists()


def test_data_that_changed_between_folds_are_refused_before_training(training: Training) -> None:
    folder = begin_folds(load(), None, False)

    @contextmanager
    def grown(number: int, fold: Path) -> Iterator[tuple[None, None]]:
        training.count = 30 if number < 2 else 40
        yield None, None

    with pytest.raises(DataError, match="fold 2 to have the examples of fold 1"):
        run(folder, shown=grown)
    assert not (folder / "fold-2").exists()
    limited = load("data.limit.train=5")
    again = begin_folds(limited, Path("again"), False)
    training.count = 30
    with pytest.raises(DataError, match="tested in one fold"):
        run(again, limited, shown=grown)


def test_another_config_is_refused_and_what_may_change_is_taken_up(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    with pytest.raises(ConfigError, match=r"data\.folds\.count: 3 then, 4 now") as caught:
        begin_folds(load(folds=4), folder, True)
    assert "config.folds.yaml" in caught.value.advice
    begin_folds(load("evaluation.bootstrap_samples=30"), folder, True)
    assert "bootstrap_samples: 30" in (folder / "config.folds.yaml").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="holds something already"):
        begin_folds(load(), folder, False)
    with pytest.raises(ArtifactError, match=r"holds folds\.json"):
        begin_folds(load(), Path("elsewhere"), True)


def test_the_folder_is_no_run_and_one_line_of_the_list(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    (row,) = find_runs(Path("runs"))
    assert (row.folder, row.config, row.status) == (folder, "reviews", "unfinished")
    run(folder)
    with pytest.raises(ArtifactError, match="holds the folds of a cross-validation") as caught:
        resolve_run(folder)
    assert "fold-1" in caught.value.advice
    with pytest.raises(ArtifactError):
        newest_unfinished("reviews")
    (row,) = find_runs(Path("runs"))
    assert (row.status, row.headline) == ("done", "accuracy")
    assert row.interval is not None
    (folder / "folds.json").write_text("{", encoding="utf-8")
    assert [row.status for row in find_runs(Path("runs"))] == ["damaged"]


def test_no_fold_is_the_last_run_nor_one_to_resume_by_itself(training: Training) -> None:
    folder = begin_folds(load(), Path("runs/mine"), False)
    training.error[2] = Interrupted("Stopped.")
    with pytest.raises(Interrupted):
        run(folder)
    with pytest.raises(ArtifactError, match="'last' could mean"):
        resolve_run("last")
    with pytest.raises(ArtifactError):
        newest_unfinished("reviews")
    assert begin_folds(load(), None, True) == folder


def test_the_newest_of_runs_and_cross_validations_is_the_last(training: Training) -> None:
    folder = begin_folds(load(), None, False)
    run(folder)
    later = Path("runs/reviews/later")
    later.mkdir()
    for name in ("config.resolved.yaml", "metrics.json", "model.keras"):
        (later / name).write_text("", encoding="utf-8")
    assert finished_folds("last") is None
    assert finished_folds(str(later)) is None


def test_what_has_one_split_refuses_all_folds(training: Training) -> None:
    with pytest.raises(ConfigError, match=r"--find-learning-rate works on one split .* of 3 folds"):
        refuse_single_fold(load(), "--find-learning-rate")
    refuse_single_fold(load("data.folds.held_out=1", "data.folds.count=3", folds=None), "--find-learning-rate")


def test_the_command_line_asks_for_two_folds_at_least_and_one_thing_at_a_time(training: Training) -> None:
    refused = CliRunner().invoke(cli, ["run", "reviews.yaml", "--folds", "1"])
    assert refused.exit_code == 2
    refused = CliRunner().invoke(cli, ["run", "reviews.yaml", "--folds", "3", "--find-learning-rate"])
    assert refused.exit_code == 2
    assert "works on one split of the data" in refused.output
    assert not Path("runs").exists()


def test_a_dry_run_of_one_fold_says_what_all_cost() -> None:
    cost = folds_cost({"event": "dry_run", "expected_seconds": 12.5, "disk_bytes": 100}, 4)
    assert (cost["expected_seconds_of_all"], cost["disk_bytes_of_all"], cost["expected_seconds"]) == (50.0, 400, 12.5)
