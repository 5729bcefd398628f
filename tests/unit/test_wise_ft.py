"""Choosing between the ends: by which metric, on what, and what stays of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.config import FinetuneConfig
from ftsuite.config.wise_ft import start_stage
from ftsuite.models.blocks import Block
from ftsuite.models.interpolation import interpolated
from ftsuite.training.journal import Journal, read_journal
from ftsuite.training.plan import all_blocks, resolve_stages
from ftsuite.training.validation import DIRECTIONS
from ftsuite.training.wise_ft import Interpolation, choosing_metric, start_stage_of
from ftsuite.training.workload import Workload

STAGES = [
    {"train": "head", "for": "1 epochs", "learning_rate": 1e-2},
    {"train": "all", "for": "1 epochs", "learning_rate": 1e-2},
]


@pytest.mark.parametrize(
    ("kinds", "number"),
    [
        (["head", "all"], 0),
        (["head", "head", "last", "all"], 1),
        (["head", "all", "head", "last"], 2),
        (["head", "biases", "head"], 0),
        (["all", "head"], None),
        (["head"], None),
        ([], None),
    ],
)
def test_the_start_is_the_last_stage_of_the_head_before_one_of_the_backbone(kinds: list[str], number: Any) -> None:
    assert start_stage(kinds) == number


def test_the_metric_is_that_of_early_stopping_or_the_headline() -> None:
    stopping = FinetuneConfig.model_validate({"early_stopping": {"metric": "macro_f1"}})
    assert choosing_metric(stopping, "accuracy") == "macro_f1"
    assert choosing_metric(FinetuneConfig.model_validate({"early_stopping": None}), "accuracy") == "accuracy"
    assert start_stage_of(stopping) is None
    assert start_stage_of(FinetuneConfig.model_validate({"wise_ft": {}})) == 0


class _Judge:
    """Best where the first weight, which is 0 at the start and 1 at the end, has a given value; by every metric."""

    loss_name = "log_loss"
    directions = DIRECTIONS

    def __init__(self, model: Any, best_at: float) -> None:
        self.model, self.best_at = model, best_at

    def figures(self, evaluator: Any) -> dict[str, float]:
        raise AssertionError("figures with intervals are asked for")

    def assess(self, evaluator: Any) -> dict[str, Any]:
        place = float(np.ravel(self.model.get_weights()[0])[0])
        loss = abs(place - self.best_at)
        values = {"log_loss": loss, "accuracy": 1.0 - loss, "macro_f1": 1.0 - loss, "top_5_accuracy": 1.0}
        return {name: {"value": value, "ci95": None, "n": 9} for name, value in values.items()}

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        return None


def _work(best_at: float, batch_norm: str = "frozen-stats", **wanted: Any) -> Workload:
    inputs = keras.Input((2,))
    dense, norm = keras.layers.Dense(3), keras.layers.BatchNormalization()
    model = keras.Model(inputs, keras.layers.Dense(2)(norm(dense(inputs))))
    blocks = all_blocks(model, (Block("one", (*dense.weights, *norm.weights)),))
    finetune = FinetuneConfig.model_validate({"stages": STAGES, "wise_ft": {}, **wanted})
    batches = [np.random.default_rng(n).normal(3.0, 2.0, size=(8, 2)).astype("float32") for n in range(3)]
    model.set_weights([np.ones_like(value) for value in model.get_weights()])
    return Workload(
        model=model, blocks=blocks, stages=resolve_stages(finetune, blocks, 1), batches=lambda epoch, first: None,
        examples_per_step=8, judge=_Judge(model, best_at), loss=None, metrics=list, optimizer=None, finetune=finetune,
        batch_norm=batch_norm, guess_loss=1.0, calibration_batches=lambda: batches,
    )  # fmt: skip


def _start(work: Workload, shared_statistics: bool = True) -> list[np.ndarray]:
    return [
        np.array(value) if shared_statistics and variable.name.startswith("moving_") else np.zeros_like(value)
        for variable, value in zip(work.model.weights, work.model.get_weights(), strict=True)
    ]


def test_the_best_model_on_the_way_is_set_and_told(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    work = _work(best_at=0.6)
    start, end = _start(work), work.model.get_weights()
    journal = Journal(tmp_path / "journal.jsonl", lambda event: heard.append(dict(event)))
    told = Interpolation(work, start, journal).choose()
    assert (told["share"], told["metric"], told["chosen_by"], told["start_stage"]) == (0.6, "log_loss", "validation", 0)
    assert not told["statistics_measured"] and told["ends_differ"]
    for value, wanted in zip(work.model.get_weights(), interpolated(start, end, 0.6), strict=True):
        np.testing.assert_array_equal(value, wanted)
    assert set(told["points"][0]) == {"share", "log_loss", "accuracy", "macro_f1"}
    (event,) = read_journal(tmp_path / "journal.jsonl")
    assert (event["value_of_start"], event["value_of_end"]) == (pytest.approx(0.6), pytest.approx(0.4))
    assert [row["step"] for row in heard if row["event"] == "step"] == list(range(1, 12))


def test_a_share_of_the_config_holds_whatever_the_figures(tmp_path: Path) -> None:
    work = _work(best_at=0.6, wise_ft={"share": 0.33})
    told = Interpolation(work, _start(work), Journal(tmp_path / "journal.jsonl")).choose()
    assert (told["share"], told["chosen_by"], len(told["points"])) == (0.33, "config", 12)
    assert np.ravel(work.model.get_weights()[0])[0] == pytest.approx(0.33)


def test_ends_that_are_one_model_are_told(tmp_path: Path) -> None:
    work = _work(best_at=0.6)
    told = Interpolation(work, work.model.get_weights(), Journal(tmp_path / "journal.jsonl")).choose()
    assert not told["ends_differ"] and told["share"] == 0.0


@pytest.mark.parametrize(("batch_norm", "shared"), [("train", False), ("recalibrate", True)])
def test_the_model_that_is_kept_has_measured_statistics(batch_norm: str, shared: bool, tmp_path: Path) -> None:
    work = _work(best_at=0.5, batch_norm=batch_norm)
    told = Interpolation(work, _start(work, shared), Journal(tmp_path / "journal.jsonl")).choose()
    assert told["share"] == 0.5 and told["statistics_measured"] == (not shared)
    weights = dict(zip([v.name for v in work.model.weights], work.model.get_weights(), strict=True))
    if shared:
        # The trainer measures once more after the choice, as for any plan of that policy.
        np.testing.assert_array_equal(weights["moving_mean"], 1.0)
        return
    inputs = np.concatenate(list(work.calibration_batches())) if work.calibration_batches else np.zeros(0)
    wanted = (inputs @ np.full((2, 3), 0.5) + 0.5).mean(axis=0)
    np.testing.assert_allclose(weights["moving_mean"], wanted, rtol=1e-4)
