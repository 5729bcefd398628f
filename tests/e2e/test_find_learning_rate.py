"""`ftsuite run CONFIG --find-learning-rate` on tiny jobs of pictures and of texts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from ftsuite.cli.main import cli
from ftsuite.cli.run_folders import find_runs
from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ArtifactError, DivergedError, Interrupted
from ftsuite.registry import Registry
from ftsuite.runs import find_learning_rate as module
from ftsuite.runs.find_learning_rate import find_learning_rate
from ftsuite.runs.folder import newest_unfinished, resolve_run
from ftsuite.runs.rates_folder import discard_untested, open_folder
from tests.stopped_runs import Stopper
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]

IMAGES = """
task: image-classification
data: {{source: "folder:{pictures}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options: {{augment: []}}
finetune:
  cache: off
  stages:
    - {{train: head, for: 1 epochs, learning_rate: 1e-2}}
    - {{train: last 2, for: 1 epochs, learning_rate: 3e-3, layer_decay: 0.5}}
"""
TEXTS = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options: {{max_length: 12}}
finetune:
  cache: memory
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
"""
FILES = ["config.tested.yaml", "learning_rates.html", "learning_rates.json"]


@pytest.fixture(scope="module")
def images(preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("job") / "birds.yaml"
    path.write_text(IMAGES.format(preset=preset, pictures=pictures), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    preset, reviews = save_tiny_text_preset(folder / "preset"), save_reviews(folder / "reviews.csv")
    path = folder / "reviews.yaml"
    path.write_text(TEXTS.format(preset=preset, reviews=reviews), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def _loaded(path: Path, *overrides: str) -> LoadedConfig:
    return load_config(path, overrides, options_model=Registry.discover().options_model)


class _Untouchable:
    """Stands for the test split: it can be counted, and nothing else."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


@pytest.fixture
def without_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = module.prepare_batches

    def prepared(*arguments: Any) -> Any:
        found = prepare(*arguments)
        return replace(found, parts={**found.parts, "test": _Untouchable(len(found.parts["test"]))})

    monkeypatch.setattr(module, "prepare_batches", prepared)


@pytest.mark.parametrize(("job", "rates"), [("images", [1e-2, 3e-3]), ("texts", [1e-2])])
def test_each_stage_is_tested_and_no_run_comes_of_it(
    job: str, rates: list[float], request: pytest.FixtureRequest, without_test_split: None
) -> None:
    loaded = _loaded(request.getfixturevalue(job))
    events: list[Mapping[str, Any]] = []
    folder = open_folder(loaded, None)
    found = find_learning_rate(loaded, folder=folder, listener=events.append)

    assert folder.parent.name == loaded.name and folder.name.endswith("-learning-rates")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    told = json.loads((folder / "learning_rates.json").read_text(encoding="utf-8"))
    assert told["complete"] and [stage["stage"] for stage in told["stages"]] == list(range(len(rates)))
    for stage, planned in zip(told["stages"], rates, strict=True):
        assert stage["planned_rate"] == planned
        assert stage["key"] == f"finetune.stages.{stage['stage']}.learning_rate"
        assert len(stage["rates"]) == len(stage["losses"]) == len(stage["smoothed_losses"]) == stage["updates"]
        suggested = stage["suggested_rate"]
        assert suggested is None or stage["rates"][0] <= suggested < stage["rates"][-1]
        assert suggested is None or suggested == pytest.approx(stage["edge_rate"] / 10, rel=0.06)
    # Colours are learnt at some rate; the texts are too few for their noise.
    assert job == "texts" or told["stages"][0]["suggested_rate"] is not None
    assert [stage["reason"] for stage in found.stages] == [stage["reason"] for stage in told["stages"]]

    kinds = [event["event"] for event in events]
    assert kinds.count("learning_rates_tested") == len(rates)
    assert kinds.count("stage_ended") == len(rates) - 1, "the last stage is not trained"
    assert kinds.count("cached") == (1 if job == "texts" else 0), "the texts are trained on activations"
    page = (folder / "learning_rates.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(rates) and f"finetune.stages.{len(rates) - 1}.learning_rate" in page
    assert "still going on" not in page

    assert find_runs(Path("runs")) == []
    for find in (lambda: resolve_run("last"), lambda: resolve_run(folder), lambda: newest_unfinished(loaded.name)):
        with pytest.raises(ArtifactError):
            find()


def test_ctrl_c_within_the_first_test_leaves_nothing(images: Path, tmp_path: Path) -> None:
    loaded = _loaded(images)
    folder = open_folder(loaded, tmp_path / "early" / "x")
    with pytest.raises(Interrupted, match="nothing is kept"):
        find_learning_rate(loaded, folder=folder, listener=Stopper("step", 3))
    discard_untested(folder)
    assert not folder.parent.exists()


@pytest.mark.slow
def test_ctrl_c_keeps_the_stages_before(images: Path, tmp_path: Path) -> None:
    loaded = _loaded(images)
    folder = open_folder(loaded, tmp_path / "late")
    with pytest.raises(Interrupted, match=r"learning_rates\.html"):
        find_learning_rate(loaded, folder=folder, listener=Stopper("epoch", 1))
    discard_untested(folder)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    told = json.loads((folder / "learning_rates.json").read_text(encoding="utf-8"))
    assert not told["complete"] and len(told["stages"]) == 1 and told["planned_stages"] == 2
    assert "was stopped" in (folder / "learning_rates.html").read_text(encoding="utf-8")


def test_a_plan_that_diverges_still_says_which_rate_to_take(images: Path, tmp_path: Path) -> None:
    loaded = _loaded(images, "finetune.stages.0.learning_rate=100", "finetune.loss_limit=3")
    folder = open_folder(loaded, tmp_path / "high")
    with pytest.raises(DivergedError, match=r"learning_rates\.html") as caught:
        find_learning_rate(loaded, folder=folder)
    assert "checkpoint" not in caught.value.advice
    (stage,) = json.loads((folder / "learning_rates.json").read_text(encoding="utf-8"))["stages"]
    assert stage["suggested_rate"] < 10


@pytest.mark.parametrize("other", ["--resume", "--dry-run"])
def test_what_cannot_go_together_is_a_usage_error(other: str, images: Path) -> None:
    result = click.testing.CliRunner().invoke(cli, ["run", str(images), "--find-learning-rate", other])
    assert result.exit_code == 2
    assert other in result.output and "Received" in result.output
    assert not Path("runs").exists()


def test_a_folder_that_holds_something_is_refused(images: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine", encoding="utf-8")
    result = click.testing.CliRunner().invoke(cli, ["run", str(images), "--find-learning-rate", "--out", "mine"])
    assert result.exit_code == 2 and "mine" in result.output
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def _ftsuite(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ftsuite", "run", *arguments, "--find-learning-rate"]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_shows_what_to_write_and_speaks_json(images: Path) -> None:
    done = _ftsuite(str(images), "--out", "plain")
    assert done.returncode == 0, done.stderr
    for expected in ("Learning rates", "The rule: one tenth", "--set finetune.stages.0.learning_rate=", "plain/learn"):
        assert expected in done.stdout
    assert "Learning rates" in Path("plain/log.txt").read_text(encoding="utf-8")
    done = _ftsuite(str(images), "--out", "json", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "result" and events[-1]["folder"] == "json"
    kept = [json.loads((Path(name) / "learning_rates.json").read_text()) for name in ("plain", "json")]
    assert kept[0]["stages"] == kept[1]["stages"], "the same seed gives the same curves"
    assert [s["suggested_rate"] for s in events[-1]["stages"]] == [s["suggested_rate"] for s in kept[1]["stages"]]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_ends_with_130_and_leaves_nothing(number: int, images: Path) -> None:
    command = [sys.executable, "-m", "ftsuite", "run", str(images), "--find-learning-rate", "--json", "--out", "x/y"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and "Rates of stage 1" not in process.stdout.readline():
            pass
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not Path("x").exists()


@pytest.mark.slow
def test_rates_are_found_on_jax_too(images: Path) -> None:
    pytest.importorskip("jax")
    done = _ftsuite(str(images), "--out", "jax", KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(Path("jax/learning_rates.json").read_text())
    assert told["complete"] and told["stages"][0]["suggested_rate"] is not None
