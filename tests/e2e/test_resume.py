"""A run that is stopped goes on to the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig
from ftsuite.errors import ArtifactError, ConfigError, DivergedError, Interrupted
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal

Load = Callable[..., LoadedConfig]
# What may differ between a straight run and a resumed one: times, and what was resident.
_TIMED = ("time", "seconds", "examples_per_second", "peak_memory_bytes")


def _weights(folder: Path) -> bytes:
    return zipfile.ZipFile(folder / "model.keras").read("model.weights.h5")


def _events(folder: Path) -> list[dict[str, Any]]:
    kept = [event for event in read_journal(folder / "journal.jsonl") if event["event"] != "interrupted"]
    return [{key: value for key, value in event.items() if key not in _TIMED} for event in kept]


@pytest.fixture(scope="module")
def straight(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load()
    return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("straight") / "run", False)).folder


class _Stopper:
    """Presses Ctrl-C at the nth event of a kind."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind, self.left = kind, number

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == self.kind:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


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
        execute(load(), folder=folder, listener=_Stopper(kind, number))
    assert not (folder / "report.html").exists()
    execute(load(), folder=begin(load(), folder, True), resume=True)
    assert _weights(folder) == _weights(straight)
    assert (folder / "metrics.json").read_bytes() == (straight / "metrics.json").read_bytes()
    assert _events(folder) == _events(straight)


def test_resume_with_another_config_names_what_changed(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(ConfigError, match=r"(?s)\+seed: 5"):
        begin(load("seed=5"), folder, True)


def test_a_torn_checkpoint_is_refused_and_never_skipped(load: Load, tmp_path: Path) -> None:
    folder = begin(load(), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(load(), folder=folder, listener=_Stopper("step", 9))
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
