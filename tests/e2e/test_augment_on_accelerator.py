"""Training with augmentation inside the step: the figures of training with it outside, up to rounding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig
from ftsuite.errors import Interrupted
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal
from tests.stopped_runs import Stopper, events_in, weights_in

AUGMENT = (
    "options.augment=[{name: crop-resize}, {name: flip}, {name: colour, hue: 0.05}, {name: rotate}, "
    "{name: erasing, fill: grey}, {name: mixup}, {name: cutmix}]"
)
STAGES = (
    "finetune.stages=[{train: head, for: 2 epochs, learning_rate: 1e-2}, "
    "{train: all, for: 1 epochs, learning_rate: 1e-3, image_size: 40}]"
)


def losses(folder: Path) -> list[float]:
    return [event["train_loss"] for event in read_journal(folder / "journal.jsonl") if event["event"] == "epoch"]


@pytest.mark.slow
def test_losses_are_those_of_the_cpu(load: Callable[..., LoadedConfig], tmp_path: Path) -> None:
    def run(where: str) -> tuple[list[float], Any]:
        folder = begin(load(AUGMENT, STAGES, f"options.augment_on={where}"), tmp_path / where, resume=False)
        result = execute(load(AUGMENT, STAGES, f"options.augment_on={where}"), folder=folder)
        return losses(folder), result.metrics["test"]["log_loss"]["value"]

    (outside, outside_figure), (inside, inside_figure) = run("cpu"), run("accelerator")
    assert len(inside) == 3
    assert inside == pytest.approx(outside, rel=5e-3)
    assert inside_figure == pytest.approx(outside_figure, rel=2e-2)


@pytest.mark.slow
def test_a_stopped_run_ends_in_the_same_bytes(load: Callable[..., LoadedConfig], tmp_path: Path) -> None:
    stages = "finetune.stages=[{train: all, for: 2 epochs, learning_rate: 1e-3}]"
    loaded = load(AUGMENT, stages, "options.augment_on=accelerator", "data.sampling=balanced")
    straight = begin(loaded, tmp_path / "straight", resume=False)
    execute(loaded, folder=straight)
    folder = begin(loaded, tmp_path / "stopped", resume=False)
    with pytest.raises(Interrupted):
        execute(loaded, folder=folder, listener=Stopper("step", 4))
    execute(loaded, folder=folder, resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert events_in(folder) == events_in(straight)
