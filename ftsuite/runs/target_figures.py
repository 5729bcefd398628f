"""Figures of jobs whose task answers otherwise than with one class of several, by the task's own metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftsuite.api import Examples, Metric
from ftsuite.errors import PluginError
from ftsuite.evaluation.any_metric import metric_differences, metric_figures, plain_figures
from ftsuite.training.target_judge import TargetJudge, example_losses

if TYPE_CHECKING:
    from ftsuite.runs.prepare import Prepared

# Training examples that the loss of a guess is taken over, and those that the untrained model is shown.
_GUESSED_AT_MOST, _SHOWN = 4096, 8
# A loss may rise with the square of an error, so it is given more room than one of classes.
_LOST_FACTOR = 100.0
_LEAST_ROOM = 20.0
BASELINE = "constant"


def targets_of_part(examples: Examples) -> np.ndarray:
    """The targets ``(n, outputs)`` of examples that have some."""
    assert examples.targets is not None, "asked for of tasks with metrics of their own"
    return examples.targets


def asked(prepared: Prepared) -> dict[str, Any]:
    """How the config's ``evaluation`` wants intervals."""
    wanted = prepared.config.evaluation
    return {
        "confidence": wanted.confidence,
        "bootstrap_samples": wanted.bootstrap_samples,
        "seed": prepared.config.seed,
    }


def figures_of_targets(prepared: Prepared, targets: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
    """Every metric of the task with its interval; both are ``(n, outputs)``."""
    return metric_figures(prepared.metrics, targets, answers, **asked(prepared))


def constant_answer(prepared: Prepared) -> np.ndarray:
    """The baseline's answer ``(outputs,)`` float32 to all inputs, from the training targets.

    Raises:
        PluginError: it has another form, or is not finite.
    """
    training = targets_of_part(prepared.parts["train"])
    answer: np.ndarray = np.asarray(prepared.task.baseline(training), dtype=np.float32)
    if answer.shape != training.shape[1:] or not np.isfinite(answer).all():
        raise PluginError(
            f"Task.baseline of {prepared.spec.name!r} must give finite numbers of shape {training.shape[1:]}. "
            f"Received: shape {answer.shape}.",
            "Mend the plugin; the mean of the targets over axis 0 is such an answer.",
        )
    return answer


def constant_figures(prepared: Prepared, answers: np.ndarray) -> dict[str, Any]:
    """What `metrics.json` says of the baseline: its test figures, the differences of the model, and its answer.

    Args:
        prepared: the job.
        answers: of the model to the test split, ``(n, outputs)``.
    """
    targets, constant = targets_of_part(prepared.parts["test"]), constant_answer(prepared)
    everywhere = np.broadcast_to(constant, targets.shape)
    names = prepared.examples.output_names
    return {
        "test": figures_of_targets(prepared, targets, everywhere),
        "difference": difference_of_answers(prepared, answers, everywhere),
        "answer": {name: float(f"{value:.7g}") for name, value in zip(names, constant, strict=True)},
    }


def difference_of_answers(prepared: Prepared, answers: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """By every metric, how much two answers ``(n, outputs)`` to the test split differ: the first less the second."""
    targets = targets_of_part(prepared.parts["test"])
    return metric_differences(prepared.metrics, targets, answers, others, **asked(prepared))


def require_answers(prepared: Prepared, split: str, answers: np.ndarray) -> None:
    """Refuse what `Task.decode` must not give.

    Raises:
        PluginError: another shape than that of the split's targets, or numbers that are not finite.
    """
    wanted = targets_of_part(prepared.parts[split]).shape
    if np.shape(answers) == wanted and np.isfinite(answers).all():
        return
    received = f"shape {np.shape(answers)}" if np.shape(answers) != wanted else "numbers that are not finite"
    raise PluginError(
        f"Task.decode of {prepared.spec.name!r} must give finite answers of shape {wanted}. Received: {received}.",
        "Mend the plugin.",
    )


def described(metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """What `metrics.json` says of the metrics themselves, so that it can be read without the plugin."""
    return {m.name: {"better": m.better, "unit": m.unit, "meaning": m.meaning} for m in metrics}


def target_judge(prepared: Prepared, objective: Any) -> TargetJudge:
    """Judges the validation split by the task's metrics."""
    validation = prepared.parts["validation"]
    targets = targets_of_part(validation)
    everywhere = np.broadcast_to(constant_answer(prepared), targets.shape)
    return TargetJudge(
        prepared.pipeline,
        validation,
        prepared.task.decode,
        objective,
        prepared.metrics,
        prepared.headline,
        plain_figures(prepared.metrics, targets, everywhere).get(prepared.headline),
        lambda targets, answers: plain_figures(prepared.metrics, targets, answers),
        lambda targets, answers: figures_of_targets(prepared, targets, answers),
    )


def guess_losses(prepared: Prepared, objective: Any) -> tuple[float, float]:
    """How large the loss of a guess is, and the highest that is no divergence yet.

    A guess is logits of zero to the training targets; what is no divergence is as `highest_sound` has it of the mean of
    the worst batch of them, and of the model as it is now. Both follow from the data and from the weights that training
    starts from, so a resumed run finds the same.
    """
    training = prepared.parts["train"]
    step = max(len(training) // _GUESSED_AT_MOST, 1)
    targets = targets_of_part(training)[::step]
    losses = example_losses(objective, targets, np.zeros(targets.shape, np.float32))
    worst = np.sort(losses)[-max(min(prepared.pipeline.batch_size, len(losses)), 1) :].mean()
    few = training.take(np.linspace(0, len(training) - 1, min(_SHOWN, len(training))).astype(np.int64))
    untrained = example_losses(objective, targets_of_part(few), _untrained_logits(prepared, few)).mean()
    known = [float(value) for value in (worst, untrained) if np.isfinite(value)]
    if not known or not np.isfinite(losses).all():
        raise PluginError(
            f"The objective of the task {prepared.spec.name!r} must be finite for logits of zero and training targets. "
            f"Received: {losses.mean():g}.",
            "Mend the plugin: the loss is over logits, not over answers.",
        )
    return abs(float(losses.mean())) or max(map(abs, known)), highest_sound(known)


def highest_sound(known: Sequence[float]) -> float:
    """The highest loss that is no divergence, from some that are none: a hundred times the highest of them.

    A plugin's loss may also be negative, as a log density, or 0 of a guess, as a similarity: then as far above.

    >>> highest_sound([0.5, 2.0]), highest_sound([-3.0, -1.0]), highest_sound([0.0])
    (200.0, 296.0, 20.0)
    """
    room = (_LOST_FACTOR - 1) * max(map(abs, known))
    return max(known) + (room or _LEAST_ROOM)


def _untrained_logits(prepared: Prepared, examples: Examples) -> np.ndarray:
    """Logits ``(n, outputs)`` of the training model as it is, in the order of the examples, without compiling it."""
    from ftsuite.training.activations.build import FeatureBatch

    batches = prepared.pipeline.fixed_batches(examples)
    given = [
        np.asarray(prepared.model.training(FeatureBatch.of(features).features, training=False), np.float32)
        for features in batches.dataset.as_numpy_iterator()
    ]
    logits = np.empty((len(examples), given[0].shape[1]), np.float32)
    logits[batches.order] = np.concatenate(given)
    return logits
