"""`data.batch_size: auto`: found by trying, written down, and no trace of the trials in the result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, Interrupted, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs import batch_trial
from ftsuite.runs.automatic_batch import with_batches_of
from ftsuite.runs.begin import begin
from ftsuite.runs.dry_run import dry_run
from ftsuite.runs.execute import execute
from ftsuite.runs.prepare import prepare
from ftsuite.training.journal import read_journal
from tests.stopped_runs import Stopper, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]
AUTO = ("data.batch_size=auto", "finetune.optimizer.global_batch_size=8", "finetune.early_stopping=null")
STAGES = (
    "finetune.stages=[{train: head, for: 1 epoch, learning_rate: 1e-2}, "
    "{train: all, for: 3 steps, learning_rate: 1e-3, warmup: 1 steps}]"
)


def _take(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let only batches up to a size fit, by errors as an accelerator's, with real steps."""
    search = batch_trial.largest_by_errors

    def limited(sizes: Any, fits: Any) -> Any:
        return search(sizes, lambda tried: "no room" if tried > size else fits(tried))

    monkeypatch.setattr(batch_trial, "largest_by_growth", limited)


def _run(loaded: LoadedConfig, folder: Path, **more: Any) -> Path:
    return execute(loaded, folder=begin(loaded, folder, False), **more).folder


def _written(folder: Path) -> dict[str, Any]:
    written: dict[str, Any] = YAML(typ="safe", pure=True).load((folder / "config.resolved.yaml").read_text("utf-8"))
    return written


def test_where_all_fits_the_run_is_that_with_the_number(load: Load, tmp_path: Path) -> None:
    automatic = _run(load(*AUTO, STAGES), tmp_path / "automatic")
    number = _run(load("data.batch_size=8", *AUTO[1:], STAGES), tmp_path / "number")
    assert weights_in(automatic) == weights_in(number), "the trials leave weights, seeds and statistics as they were"
    assert (automatic / "config.resolved.yaml").read_text() == (number / "config.resolved.yaml").read_text()
    (told,) = (event for event in read_journal(automatic / "journal.jsonl") if event["event"] == "batch_size")
    assert (told["batch_size"], told["accumulate_steps"], told["reason"]) == (8, 1, "")
    assert "data.batch_size: auto is 8, all of the global batch." in (automatic / "report.html").read_text("utf-8")
    events = [event for event in events_in(automatic) if event["event"] != "batch_size"]
    assert events == events_in(number)


def test_a_part_is_accumulated_written_down_and_taken_up_again(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(*AUTO, STAGES)
    _take(monkeypatch, 4)
    straight = _run(loaded, tmp_path / "straight")
    written = _written(straight)
    assert written["data"]["batch_size"] == 4
    optimizer = written["finetune"]["optimizer"]
    assert (optimizer["accumulate_steps"], optimizer["global_batch_size"]) == (2, 8)
    assert [(stage["for"], stage["warmup"]) for stage in written["finetune"]["stages"]] == [
        ("1 epoch", "0%"),
        ("6 steps", "2 steps"),
    ]
    again = load_config(straight / "config.resolved.yaml", options_model=Registry.discover().options_model)
    assert again.resolved() == written
    folder = begin(loaded, tmp_path / "stopped", False)
    with pytest.raises(Interrupted):
        execute(loaded, folder=folder, listener=Stopper("step", 8))
    monkeypatch.setattr(batch_trial, "choose_batch_size", lambda *given: pytest.fail("tried again"))
    execute(loaded, folder=begin(loaded, folder, True), resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert events_in(folder) == events_in(straight)
    assert "of which 2 make the global batch of 8: memory ran out" in (folder / "report.html").read_text("utf-8")
    with pytest.raises(ConfigError, match=r"finetune\.optimizer\.global_batch_size: 8 then, 12 now"):
        begin(load(AUTO[0], "finetune.optimizer.global_batch_size=12", AUTO[2], STAGES), folder, True)


@pytest.mark.slow
def test_trials_leave_every_variable_as_it_was(load: Load) -> None:
    loaded = load(*AUTO, STAGES, "finetune.batch_norm=train")
    prepared = prepare(loaded, None)
    before = [np.array(np.asarray(variable)) for variable in prepared.model.training.variables]
    assert batch_trial.choose_batch_size(prepared, loaded).batch_size == 8
    for variable, value in zip(prepared.model.training.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)


@pytest.mark.slow
def test_a_prime_global_batch_is_not_tried_blind(load: Load) -> None:
    loaded = load(AUTO[0], "finetune.optimizer.global_batch_size=13", AUTO[2], STAGES)
    tried: list[str] = []
    choice = batch_trial.choose_batch_size(prepare(loaded, None), loaded, lambda text, *counts: tried.append(text))
    assert tried == [f"Trying batches of {size}" for size in (1, 2, 4, 13)]
    assert (choice.batch_size, choice.accumulate_steps) == (13, 1)


def test_where_nothing_fits_the_advice_says_what_helps(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    _take(monkeypatch, 0)
    with pytest.raises(ResourceError, match=r"batches of 1 examples\. Received: no room"):
        dry_run(load(*AUTO, STAGES))


def test_a_dry_run_says_what_was_found(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    _take(monkeypatch, 2)
    cost = dry_run(load(AUTO[0], STAGES))
    assert any("auto is 2, of which 16 make the global batch of 32" in note for note in cost["notes"])
    assert cost["stages"][1]["steps"] == 48


def test_a_global_batch_makes_the_number_of_batches(load: Load) -> None:
    config = load("data.batch_size=4", "finetune.optimizer.global_batch_size=12").config
    assert config.finetune.optimizer.accumulate_steps == 3
    numbers = with_batches_of(load("data.batch_size=auto"), 8).config
    assert (numbers.data.batch_size, numbers.finetune.optimizer.accumulate_steps) == (8, 4)
    assert load("data.batch_size=auto").resolved()["data"]["batch_size"] == "auto"


TEXTS = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: auto, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options: {{max_length: 12}}
finetune:
  optimizer: {{global_batch_size: 8}}
  stages: [{{train: all, for: 3 steps, learning_rate: 1e-3}}]
evaluation: {{bootstrap_samples: 50, baseline: false}}
"""
ON_JAX = """
import sys
from pathlib import Path
from ftsuite.config import load_config
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
loaded = load_config(sys.argv[1], sys.argv[3:], options_model=Registry.discover().options_model)
execute(loaded, folder=begin(loaded, Path(sys.argv[2]), False))
"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    reviews, preset = save_reviews(folder / "reviews.csv"), save_tiny_text_preset(folder / "preset")
    (folder / "texts.yaml").write_text(TEXTS.format(reviews=reviews, preset=preset), encoding="utf-8")
    return folder / "texts.yaml"


@pytest.mark.slow
def test_texts(texts: Path, tmp_path: Path) -> None:
    loaded = load_config(texts, options_model=Registry.discover().options_model)
    number = load_config(texts, ["data.batch_size=8"], options_model=Registry.discover().options_model)
    assert weights_in(_run(loaded, tmp_path / "auto")) == weights_in(_run(number, tmp_path / "number"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["images", "texts"])
def test_on_jax(kind: str, texts: Path, tiny_config: Path, tmp_path: Path) -> None:
    config, settings = (texts, ()) if kind == "texts" else (tiny_config, (*AUTO, STAGES))
    for name, more in (("auto", ()), ("number", ("data.batch_size=8",))):
        done = subprocess.run(
            [sys.executable, "-c", ON_JAX, str(config), str(tmp_path / name), *settings, *more],
            capture_output=True, text=True, check=False, env={**os.environ, "KERAS_BACKEND": "jax"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads((tmp_path / "auto" / "environment.json").read_text())["automatic_batch_size"]
    assert told["batch_size"] == 8
    assert weights_in(tmp_path / "auto") == weights_in(tmp_path / "number")
