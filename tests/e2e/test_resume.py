"""A run that is stopped goes on to the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig
from ftsuite.errors import ArtifactError, ConfigError, DivergedError, Interrupted
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
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


def test_resume_with_another_config_names_what_changed(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(ConfigError, match=r"(?s)\+seed: 5"):
        begin(load("seed=5"), folder, True)


def test_a_torn_checkpoint_is_refused_and_never_skipped(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(load(), folder=folder, listener=Stopper("step", 9))
    newest = sorted((folder / "checkpoints").glob("epoch-*"))[-1] / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-7])
    with pytest.raises(ArtifactError, match=r"model\.safetensors has sha256"):
        execute(load(), folder=folder, resume=True)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_epoch(load: Load, tmp_path: Path) -> None:
    loaded = load(
        "finetune.stages.1.learning_rate=100", "finetune.optimizer.clip_norm=null", "finetune.stages.1.for=60 steps"
    )
    folder = begin(loaded, tmp_path / "run", False)

    def poison(event: Mapping[str, Any]) -> None:
        if event["event"] == "stage_started" and event["stage"] == 1:
            _poison_next_loss()

    with pytest.raises(DivergedError, match="must be finite"):
        execute(loaded, folder=folder, listener=poison)
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["epoch-00001", "epoch-00002"]


def _poison_next_loss() -> None:
    """Make the next loss NaN, as a broken example would."""
    import keras

    original = keras.losses.CategoricalCrossentropy.call

    def call(self: Any, y_true: Any, y_pred: Any) -> Any:
        keras.losses.CategoricalCrossentropy.call = original
        return original(self, y_true, y_pred) * float("nan")

    keras.losses.CategoricalCrossentropy.call = call
