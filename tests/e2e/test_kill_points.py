"""Killed at any point, without warning, a training goes on to the very bytes of the one that was not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.registry import Registry
from ftsuite.runs.prepare import prepare
from ftsuite.runs.workload import make_trainer
from ftsuite.training import checkpoints
from ftsuite.training.activations import store as activation_store
from ftsuite.training.journal import Journal
from tests.stopped_runs import events_in
from tests.tiny import save_reviews, save_tiny_text_preset

PLAN = """
data: {{source: "{source}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
head: {{dropout: 0.3}}
finetune:
  checkpoints: {{every: 2 steps}}
  early_stopping: {{metric: accuracy, patience: 2 epochs}}
  ema: {{decay: 0.8}}
  optimizer: {{accumulate_steps: 2}}
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
    - {{train: last 1, for: 5 steps, learning_rate: 3e-3, layer_decay: 0.5}}
    - {{train: all, for: 2 epochs, learning_rate: 1e-3, warmup: 20%}}
"""
IMAGES = "task: image-classification\noptions: {{augment: [{{name: crop-resize}}, {{name: flip}}]}}" + PLAN
TEXTS = "task: sentiment\noptions: {{max_length: 12}}" + PLAN


class Killed(BaseException):
    """Stands for kill -9: nothing of the run's own catches it, and what is on the disk stays as it is."""


class Outcome(NamedTuple):
    """What a training leaves."""

    weights: list[bytes]
    results: list[dict[str, Any]]
    events: list[dict[str, Any]]


class Killer:
    """Kills at the nth time that something happens; None only counts.

    Happenings are the journal's events by kind, ``write`` for a file of a checkpoint that is half written, and
    ``append`` for activations that are being kept.
    """

    def __init__(self, kind: str | None = None, number: int = 0) -> None:
        self.kind, self.number = kind, number
        self.counts: dict[str, int] = {}

    def happened(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == self.kind and self.counts[kind] == self.number:
            raise Killed

    def hear(self, event: Mapping[str, Any]) -> None:
        self.happened(event["event"])


@pytest.fixture(scope="module", params=["images", "texts"])
def job(request: pytest.FixtureRequest, preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "images":
        text = IMAGES.format(source=f"folder:{pictures}", preset=preset)
    else:
        reviews = save_reviews(folder / "reviews.csv")
        text = TEXTS.format(source=f"csv:{reviews}", preset=save_tiny_text_preset(folder / "tiny"))
    (folder / "job.yaml").write_text(text, encoding="utf-8")
    loaded = load_config(
        folder / "job.yaml",
        ["finetune.views=2", "finetune.cache=auto"],
        options_model=Registry.discover().options_model,
    )
    return loaded


def _train(
    loaded: LoadedConfig, folder: Path, killer: Killer, monkeypatch: pytest.MonkeyPatch, resume: bool
) -> Outcome:
    write, append = checkpoints._write, activation_store._MemoryWriter.append

    def torn(path: Path, content: bytes) -> None:
        write(path, content[: len(content) // 2])
        killer.happened("write")
        write(path, content)

    def appended(self: Any, *arguments: Any) -> None:
        append(self, *arguments)
        killer.happened("append")

    folder.mkdir(exist_ok=True)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "_write", torn)
        patched.setattr(activation_store._MemoryWriter, "append", appended)
        prepared = prepare(loaded, None)
        journal = Journal(folder / "journal.jsonl", killer.hear)
        if not checkpoints.has_progress(folder):
            journal.cut(0)
        results = make_trainer(prepared, journal, folder / "checkpoints").run(resume)
    weights = [np.asarray(value).tobytes() for value in prepared.model.training.get_weights()]
    return Outcome(weights, results, events_in(folder))


@pytest.fixture(scope="module")
def straight(job: LoadedConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, dict[str, int]]:
    killer = Killer()
    with pytest.MonkeyPatch.context() as monkeypatch:
        outcome = _train(job, tmp_path_factory.mktemp("straight") / "run", killer, monkeypatch, False)
    return outcome, killer.counts


# How many points of each kind, spread evenly over what happens in the straight run: every kind of stage is met, and the
# middle of epochs. With pictures and texts that makes 54.
_POINTS = {"step": 7, "write": 4, "append": 3, "caching": 2, "epoch": 3, "stage_ended": 1}
_PLACES = [(kind, place) for kind, count in _POINTS.items() for place in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "place"), _PLACES)
def test_killed_anywhere_training_goes_on_to_the_same_bytes(
    kind: str,
    place: int,
    job: LoadedConfig,
    straight: tuple[Outcome, dict[str, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, counts = straight
    assert [event["stage"] for event in expected.events if event["event"] == "cached"] == [0, 1]
    killer = Killer(kind, max(1, round((place + 0.5) * counts[kind] / _POINTS[kind])))
    with pytest.raises(Killed):
        _train(job, tmp_path / "run", killer, monkeypatch, False)
    resumed = _train(job, tmp_path / "run", Killer(), monkeypatch, True)
    assert resumed.weights == expected.weights
    assert resumed.results == expected.results
    assert resumed.events == expected.events


def test_killed_twice_in_the_middle_of_epochs(
    job: LoadedConfig, straight: tuple[Outcome, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = straight
    for resume, killer in ((False, Killer("step", 3)), (True, Killer("step", 9))):
        with pytest.raises(Killed):
            _train(job, tmp_path / "run", killer, monkeypatch, resume)
    resumed = _train(job, tmp_path / "run", Killer(), monkeypatch, True)
    assert resumed == expected
