"""A run that is stopped goes on to the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig
from ftsuite.errors import ArtifactError, ConfigError, DivergedError, Interrupted
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal
from tests.stopped_runs import Stopper, events_in, weights_in

Load = Callable[..., LoadedConfig]


@pytest.fixture(scope="module")
def straight(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load()
    return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("straight") / "run", False)).folder


_STOPS = [("step", 2), ("epoch", 3), ("evaluated", 1)]
_MORE_STOPS = [("plan", 1), ("epoch", 1), ("stage_started", 2), ("step", 9), ("epoch", 4), ("stage_ended", 3)]


@pytest.mark.parametrize(
    ("kind", "number"), [*_STOPS, *(pytest.param(*stop, marks=pytest.mark.slow) for stop in _MORE_STOPS)]
)
def test_stopped_anywhere_and_resumed_is_the_straight_run(
    kind: str, number: int, load: Load, straight: Path, tmp_path: Path
) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(Interrupted, match="kept in"):
        execute(load(), folder=folder, listener=Stopper(kind, number))
    assert not (folder / "report.html").exists()
    execute(load(), folder=begin(load(), folder, True), resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert (folder / "metrics.json").read_bytes() == (straight / "metrics.json").read_bytes()
    assert events_in(folder) == events_in(straight)


def test_resume_with_another_config_names_every_change_and_what_may_change(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(ConfigError) as caught:
        begin(load("seed=5", "finetune.checkpoints.keep=3"), folder, True)
    assert "seed: 0 then, 5 now\n" in caught.value.message + "\n"
    assert "finetune.checkpoints.keep: 2 then, 3 now (may change)" in caught.value.message
    assert "finetune.loss_limit" in caught.value.advice


def test_resume_takes_what_may_change_and_writes_it_down(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    begin(load("finetune.checkpoints.keep=3"), folder, True)
    assert "keep: 3" in (folder / "config.resolved.yaml").read_text(encoding="utf-8")


def test_a_torn_checkpoint_is_refused_and_never_skipped(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(load(), folder=folder, listener=Stopper("step", 9))
    newest = sorted((folder / "checkpoints").glob("checkpoint-*"))[-1] / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-7])
    with pytest.raises(ArtifactError, match=r"model\.safetensors has sha256"):
        execute(load(), folder=folder, resume=True)


def test_a_loss_that_is_not_finite_stops_names_its_batch_and_keeps_the_last_good_weights(
    load: Load, tmp_path: Path
) -> None:
    folder = begin(load(), tmp_path / "run", False)

    def poison(event: Mapping[str, Any]) -> None:
        if event["event"] == "stage_started" and event["stage"] == 1:
            _poison_next_loss()

    with pytest.raises(
        DivergedError, match=r"by step 1 of epoch 3: the loss must be finite .* Received: nan"
    ) as caught:
        execute(load(), folder=folder, listener=poison)
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["checkpoint-000001"]
    told = read_journal(folder / "journal.jsonl")[-1]
    assert (told["event"], told["stage_name"], told["epoch"], told["step"]) == ("diverged", "last 2", 3, 1)
    split = {row[0]: row[2] for row in json.loads((folder / "split.json").read_text(encoding="utf-8"))["examples"]}
    assert [split[name] for name in told["examples"]] == ["train"] * load().config.data.batch_size
    assert repr(told["examples"][0]) in caught.value.message
    execute(load(), folder=folder, resume=True)
    assert (folder / "report.html").exists()


def test_a_loss_above_the_limit_stops_at_that_step(load: Load, tmp_path: Path) -> None:
    loaded = load("finetune.loss_limit=0.001")
    folder = begin(loaded, tmp_path / "run", False)
    with pytest.raises(DivergedError, match=r"by step 1 of epoch 1: the loss must be finite and at most 0\.001"):
        execute(loaded, folder=folder)


def _poison_next_loss() -> None:
    """Make the next loss NaN, as a broken example would."""
    import keras

    original = keras.losses.CategoricalCrossentropy.call

    def call(self: Any, y_true: Any, y_pred: Any) -> Any:
        keras.losses.CategoricalCrossentropy.call = original
        return original(self, y_true, y_pred) * float("nan")

    keras.losses.CategoricalCrossentropy.call = call
