"""From a prepared job to what the trainer trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ftsuite.api import Examples, Task
from ftsuite.assets import home
from ftsuite.data.pipeline import Pipeline, epoch_order
from ftsuite.errors import ConfigError
from ftsuite.evaluation import evaluate_predictions
from ftsuite.models.lora import LoraAdapters
from ftsuite.models.lora_blocks import with_adapters
from ftsuite.runs.activation_identity import activation_identity
from ftsuite.runs.cache_limits import limit_bytes_of
from ftsuite.runs.imbalance import corrects_imbalance, logit_offsets_of
from ftsuite.runs.memory import available_memory_bytes
from ftsuite.runs.prepare import Prepared, plugin_errors
from ftsuite.runs.target_figures import guess_losses, target_judge
from ftsuite.training.activations.build import FeatureBatch
from ftsuite.training.activations.cache import ActivationCache
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.options import CacheOptions
from ftsuite.training.adapters import attach_adapters, merge_measured
from ftsuite.training.journal import Journal
from ftsuite.training.logit_adjustment import LogitAdjustedLoss
from ftsuite.training.loop import Trainer
from ftsuite.training.validation import ClassificationJudge, Judge
from ftsuite.training.workload import SizedWorkload, Workload

_COMPARED = 4
_RECALIBRATION_BATCHES = 50


def make_trainer(prepared: Prepared, journal: Journal, checkpoint_folder: Path) -> Trainer:
    """A trainer of the classifier of a prepared job."""
    return Trainer(classification_workload(prepared), journal, checkpoint_folder)


def classification_workload(prepared: Prepared) -> Workload:
    """Training batches of the training split, judged on the validation split.

    Where the config asks for LoRA, the model has adapters from now on, until the trainer has run.
    """
    pipeline, training = prepared.pipeline, prepared.parts["train"]
    finetune = prepared.config.finetune
    outcome = _outcome_of_targets(prepared) if prepared.metrics else _outcome_of_classes(prepared)
    seen, in_front = _training_features(prepared.task, pipeline)
    adapters = None
    if finetune.lora is not None:
        adapters = attach_adapters(prepared.backbone.model, finetune.lora, prepared.config.seed)
    return Workload(
        model=prepared.model.training,
        blocks=prepared.blocks if adapters is None else with_adapters(prepared.blocks, adapters),
        stages=prepared.stages,
        batches=lambda epoch, first_step: seen.training_epoch(training, epoch, first_step),
        in_front=in_front,
        examples_per_step=min(pipeline.batch_size, len(training)),
        judge=outcome.judge,
        loss=outcome.loss,
        metrics=outcome.metrics,
        optimizer=prepared.new_optimizer(),
        finetune=finetune,
        batch_norm=prepared.batch_norm,
        guess_loss=outcome.guess_loss,
        highest_loss=outcome.highest_loss,
        calibration_batches=lambda: _calibration_batches(prepared),
        token_counts=pipeline.token_counts,
        cache=_cache_of(prepared, prepared.task, pipeline),
        at_size={pixels: _sized(prepared, pixels) for pixels in prepared.sized},
        conclude=None if adapters is None else lambda: _merged(prepared, adapters),
        withdraw=(lambda: None) if adapters is None else adapters.remove,
        batch_ids=lambda epoch, step: training.take(pipeline.batch_positions(training, epoch, step)).ids,
        headline=prepared.headline,
    )


@dataclass(frozen=True)
class _Outcome:
    """The part of a `Workload` that depends on what is answered."""

    judge: Judge
    loss: Any
    metrics: Callable[[], list[Any]]
    guess_loss: float
    highest_loss: float | None


def _outcome_of_classes(prepared: Prepared) -> _Outcome:
    finetune = prepared.config.finetune
    loss = prepared.task.objective(finetune.label_smoothing, finetune.focal_gamma)
    offsets = logit_offsets_of(prepared.config, prepared.parts["train"])
    judge = ClassificationJudge(
        prepared.pipeline,
        prepared.parts["validation"],
        prepared.task.decode,
        lambda probabilities, labels: figures_of(prepared, probabilities, labels),
        offsets,
        corrects_imbalance(prepared.config),
    )
    return _Outcome(
        judge,
        loss if offsets is None else LogitAdjustedLoss(loss, offsets),
        lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
        math.log(len(prepared.examples.class_names)),
        None,
    )


def _outcome_of_targets(prepared: Prepared) -> _Outcome:
    """Nothing but the loss is counted while training: a task's metrics are functions of whole splits."""
    with plugin_errors(prepared.spec.name, "objective"):
        loss = prepared.task.objective(0.0, 0.0)
        guess_loss, highest_loss = guess_losses(prepared, loss)
    return _Outcome(target_judge(prepared, loss), loss, list, guess_loss, highest_loss)


def _merged(prepared: Prepared, adapters: LoraAdapters) -> dict[str, Any]:
    validation = prepared.parts["validation"]
    some = prepared.pipeline.fixed_batches(validation.take(range(min(_COMPARED, len(validation)))))
    features = [FeatureBatch.of(batch).features for batch in some.dataset.as_numpy_iterator()]
    return merge_measured(adapters, prepared.model.training, features)


def _sized(prepared: Prepared, pixels: int) -> SizedWorkload:
    """The same batches of pictures of another size, and the model for them."""
    sized, training = prepared.sized[pixels], prepared.parts["train"]
    pipeline = replace(
        prepared.pipeline,
        preprocess=sized.task.preprocess,
        preprocess_batch=sized.task.preprocess_batch,
        mix=sized.task.augment_batch,
    )
    seen, in_front = _training_features(sized.task, pipeline)
    return SizedWorkload(
        sized.model,
        lambda epoch, first_step: seen.training_epoch(training, epoch, first_step),
        _cache_of(prepared, sized.task, pipeline, pixels),
        in_front,
    )


def _training_features(task: Task, pipeline: Pipeline) -> tuple[Pipeline, Callable[[Any], Any]]:
    """The pipeline of what whole models train on, and what stands in front of them.

    All else goes by the pipeline as it is: activations are kept of features that need no accelerator.
    """
    accelerated = task.on_accelerator()
    if accelerated is None:
        return pipeline, lambda model: model
    seen = replace(
        pipeline,
        preprocess=accelerated.preprocess,
        preprocess_batch=accelerated.preprocess_batch,
        mix=accelerated.augment_batch,
    )
    return seen, accelerated.in_front


def _cache_of(
    prepared: Prepared, task: Task, pipeline: Pipeline, pixels: int | None = None
) -> Callable[[Workload], ActivationCache] | None:
    """The cache that the config asks for, where activations of single examples can stand for batches."""
    finetune, training = prepared.config.finetune, prepared.parts["train"]
    if finetune.cache == "off":
        return None
    if task.mixes_batches:
        if finetune.cache == "auto":
            return None
        raise ConfigError(
            "finetune.cache must be auto or off, because the task mixes the inputs of a batch anew each epoch. "
            f"Received: {finetune.cache}.",
            "Remove what mixes them (mixup, cutmix), or set finetune.cache to auto.",
        )
    options = CacheOptions(
        mode=finetune.cache,
        views=finetune.views,
        augments=_changes_inputs(task, pipeline, training),
        folder=ActivationFolder(home() / "activations", activations_limit_bytes()),
        free_memory_bytes=available_memory_bytes,
        identity=activation_identity(prepared, task, pixels),
        padded_width=task.padded_width if pipeline.encode is not None else None,
        judges_whole=pixels is not None,
    )
    return lambda work: ActivationCache(options, work, pipeline, training)


def _changes_inputs(task: Task, pipeline: Pipeline, training: Examples) -> bool:
    """What the task says; a few examples tell where it says nothing, and may all escape a change that is rare."""
    said = task.changes_inputs
    return pipeline.augments(training.take(range(min(_COMPARED, len(training))))) if said is None else said


def activations_limit_bytes() -> int:
    """The most that kept activations of all runs may take on the disk: ``FTSUITE_ACTIVATIONS_GIB``, or 10 GiB.

    Raises:
        ConfigError: if that is no number above 0.
    """
    return limit_bytes_of("FTSUITE_ACTIVATIONS_GIB")


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
