"""From a prepared job to what the trainer trains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ftsuite.data.pipeline import epoch_order
from ftsuite.evaluation import evaluate_predictions
from ftsuite.runs.prepare import Prepared
from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer, Workload
from ftsuite.training.validation import ClassificationJudge

_RECALIBRATION_BATCHES = 50


def make_trainer(prepared: Prepared, journal: Journal, checkpoint_folder: Path) -> Trainer:
    """A trainer of the classifier of a prepared job."""
    return Trainer(classification_workload(prepared), journal, checkpoint_folder)


def classification_workload(prepared: Prepared) -> Workload:
    """Training batches of the training split, judged on the validation split."""
    pipeline, training = prepared.pipeline, prepared.parts["train"]
    finetune = prepared.config.finetune
    return Workload(
        model=prepared.model.training,
        blocks=prepared.blocks,
        stages=prepared.stages,
        batches=lambda epoch: pipeline.training_epoch(training, epoch),
        examples_per_step=min(pipeline.batch_size, len(training)),
        judge=ClassificationJudge(
            pipeline,
            prepared.parts["validation"],
            prepared.task.decode,
            lambda probabilities, labels: figures_of(prepared, probabilities, labels),
        ),
        loss=prepared.task.objective(finetune.label_smoothing, finetune.focal_gamma),
        metrics=lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
        optimizer=prepared.new_optimizer(),
        finetune=finetune,
        batch_norm=prepared.batch_norm,
        calibration_batches=lambda: _calibration_batches(prepared),
        token_counts=pipeline.token_counts,
    )


def figures_of(prepared: Prepared, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Every figure with its interval, as the config's ``evaluation`` asks.

    Args:
        prepared: the job.
        probabilities: ``(n, num_classes)``.
        labels: ``(n,)`` integers.
    """
    wanted = prepared.config.evaluation
    return evaluate_predictions(
        probabilities,
        labels,
        prepared.examples.class_names,
        confidence=wanted.confidence,
        bootstrap_samples=wanted.bootstrap_samples,
        seed=prepared.config.seed,
    )


def _calibration_batches(prepared: Prepared) -> Iterator[Any]:
    """Batches in random order: a folder's own order is by class, and a batch of one class has the wrong variance."""
    pipeline, training = prepared.pipeline, prepared.parts["train"]
    order = epoch_order(len(training), pipeline.seed, 0)
    size = min(pipeline.batch_size, len(order))
    count = min(_RECALIBRATION_BATCHES, len(order) // size)
    yield from pipeline.evaluation(training.take(order[: count * size])).dataset
