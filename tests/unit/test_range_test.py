"""A range test measures, and leaves nothing behind: all is bit for bit what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.config import FinetuneConfig
from ftsuite.models.blocks import Block
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer
from ftsuite.training.plan import Stage, all_blocks, resolve_stages
from ftsuite.training.range_test import RangeCurve, RangeTestTrainer
from ftsuite.training.validation import DIRECTIONS
from ftsuite.training.workload import Workload

EXAMPLES, BATCH, FEATURES, CLASSES = 40, 8, 5, 3
STAGES = [
    {"train": "head", "for": "2 epochs", "learning_rate": 1e-2},
    {"train": "last 1", "for": "7 steps", "learning_rate": 3e-3},
    {"train": "all", "for": "1 epochs", "learning_rate": 1e-3, "layer_decay": 0.5},
]


class _Judge:
    """Of no importance here, and always the same."""

    loss_name = "log_loss"
    directions = DIRECTIONS

    def figures(self, evaluator: Any) -> dict[str, float]:
        return {"log_loss": 1.0, "accuracy": 0.5, "macro_f1": 0.5}

    def assess(self, evaluator: Any) -> dict[str, Any]:
        return {"log_loss": {"value": 1.0}}

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        return None


def _examples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % CLASSES
    return (rng.normal(size=(EXAMPLES, FEATURES)) + 2 * labels[:, None]).astype("float32"), labels


def _workload(optimizer: str = "adamw", accumulate_steps: int = 1, lost_batch: int | None = None) -> Workload:
    """Two blocks and a head, with BatchNorm that trains and dropout, whose states must come back too."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((FEATURES,))
    first, second = keras.layers.Dense(6, activation="relu"), keras.layers.Dense(6, activation="relu")
    norm = keras.layers.BatchNormalization()
    body = norm(second(first(inputs)))
    outputs = keras.layers.Dense(CLASSES)(keras.layers.Dropout(0.3)(body))
    model = keras.Model(inputs, outputs)
    backbone = (Block("one", tuple(first.weights)), Block("two", (*second.weights, *norm.weights)))
    blocks = all_blocks(model, backbone)
    finetune = FinetuneConfig.model_validate(
        {"optimizer": {"name": optimizer}, "batch_norm": "train", "early_stopping": None, "stages": STAGES}
    )
    features, labels = _examples()
    served = [0]

    def batches(epoch: int, first_step: int) -> Any:
        order = np.random.default_rng([1, epoch]).permutation(EXAMPLES)
        lost = lost_batch is not None and served[0] >= lost_batch
        served[0] += EXAMPLES // BATCH
        weights = np.full(EXAMPLES, np.nan if lost else 1.0, "float32")
        columns = (features[order], np.eye(CLASSES, dtype="float32")[labels[order]], weights)
        return tf.data.Dataset.from_tensor_slices(columns).batch(BATCH, drop_remainder=True).skip(first_step)

    return Workload(
        model=model,
        blocks=blocks,
        stages=resolve_stages(finetune, blocks, EXAMPLES // BATCH),
        batches=batches,
        examples_per_step=BATCH,
        judge=_Judge(),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
        optimizer=make_optimizer(optimizer, accumulate_steps=accumulate_steps),
        finetune=finetune,
        batch_norm="train",
        guess_loss=float(np.log(CLASSES)),
    )


def _state(trainer: Trainer) -> list[np.ndarray]:
    work = trainer.workload
    return [np.array(np.asarray(variable)) for variable in [*work.model.variables, *work.optimizer.variables]]


def _progress(trainer: Trainer) -> dict[str, Any]:
    left_out = ("checkpoints", "journal_bytes")
    return {name: value for name, value in trainer.progress.plain().items() if name not in left_out}


class _Watched(Trainer):
    """Takes down the state at the beginning of each stage."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.states: list[tuple[list[np.ndarray], dict[str, Any]]] = []

    def enter(self, stage: Stage) -> None:
        super().enter(stage)
        self.states.append((_state(self), _progress(self)))


def _test_rates(
    work: Workload, folder: Path, on_curve: Callable[[Stage, RangeCurve], None], listener: Any = None
) -> RangeTestTrainer:
    trainer = RangeTestTrainer(work, Journal(folder / "journal.jsonl", listener), folder / "checkpoints", on_curve)
    trainer.test_stages()
    return trainer


class _EnoughError(Exception):
    """Further stages are of no interest to a test."""


def _first_curve(work: Workload, folder: Path) -> list[RangeCurve]:
    curves: list[RangeCurve] = []

    def on_curve(stage: Stage, curve: RangeCurve) -> None:
        curves.append(curve)
        raise _EnoughError

    with pytest.raises(_EnoughError):
        _test_rates(work, folder, on_curve)
    return curves


@pytest.mark.parametrize(("optimizer", "accumulate_steps"), [("adamw", 1), ("sgd", 2)])
def test_every_stage_begins_as_without_a_test(optimizer: str, accumulate_steps: int, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = _Watched(
        _workload(optimizer, accumulate_steps), Journal(tmp_path / "plain" / "j.jsonl"), tmp_path / "plain" / "c"
    )
    plain.run()

    curves: list[RangeCurve] = []
    states: list[tuple[list[np.ndarray], dict[str, Any]]] = []

    def on_curve(stage: Stage, curve: RangeCurve) -> None:
        curves.append(curve)
        states.append((_state(trainer), _progress(trainer)))

    work = _workload(optimizer, accumulate_steps)
    trainer = RangeTestTrainer(work, Journal(tmp_path / "j.jsonl"), tmp_path / "c", on_curve)
    trainer.test_stages()

    assert len(states) == len(plain.states) == 3
    for (received, progress), (expected, planned) in zip(states, plain.states, strict=True):
        assert progress == planned
        for one, other in zip(received, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    # The last stage is not trained, and nothing was written but the journal.
    assert trainer.progress.stage == 2
    assert [path.name for path in tmp_path.iterdir() if path.name != "plain"] == ["j.jsonl"]
    for curve in curves:
        assert len(curve.rates) == len(curve.losses) == len(curve.smoothed_losses) <= 40
        assert curve.ending in ("rise", "range")
        assert np.all(np.diff(curve.rates) > 0)


def test_the_first_losses_are_those_of_the_untouched_weights(tmp_path: Path) -> None:
    """At a millionth nothing moves, so each loss is that of its batch under the weights that the stage begins with."""
    work = _workload()
    for layer in work.model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    order = np.random.default_rng([1, 0]).permutation(EXAMPLES)
    features, labels = _examples()
    expected = []
    for step in range(EXAMPLES // BATCH):
        rows = order[step * BATCH : (step + 1) * BATCH]
        logits = work.model(features[rows], training=False)
        expected.append(float(np.mean(keras.losses.sparse_categorical_crossentropy(labels[rows], logits, True))))
    curves = _first_curve(work, tmp_path)
    assert curves[0].losses[: len(expected)] == pytest.approx(expected, abs=1e-4)
    # Further epochs come in other orders, and rates rise from one to the next.
    assert curves[0].losses[len(expected)] != pytest.approx(expected[0], abs=1e-4)


def test_a_loss_that_is_lost_ends_the_test_and_spoils_nothing(tmp_path: Path) -> None:
    work = _workload(lost_batch=15)
    curves = _first_curve(work, tmp_path)
    assert curves[0].ending == "not finite"
    assert len(curves[0].losses) == 16
    assert all(
        np.isfinite(value).all() for value in (np.array(np.asarray(variable)) for variable in work.model.variables)
    )


def test_ctrl_c_ends_the_test_with_everything_put_back(tmp_path: Path) -> None:
    work, told = _workload(), []
    before = [np.array(np.asarray(variable)) for variable in work.model.variables]

    def listen(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            told.append(event)
            if len(told) == 30:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _test_rates(work, tmp_path, lambda stage, curve: None, listen)
    assert told[-1] == {"event": "step", "stage": 0, "phase": "Rates of stage 1", "step": 30, "steps": 40}
    for variable, value in zip(work.model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(np.asarray(variable)), value)
