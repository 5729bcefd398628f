"""Judging answers to targets: by the task's own metrics, and by the loss that is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ftsuite.training.validation import LIKELY_CAUSES, JudgedBatches, interval_of, predict_logits

if TYPE_CHECKING:
    from ftsuite.api import Examples, Metric

LOSS = "loss"


@dataclass(frozen=True)
class TargetJudge:
    """Judges answers to examples with targets.

    Attributes:
        pipeline: from examples to batches.
        examples: to judge on, with targets.
        decode: logits to answers.
        objective: the loss that is trained, of targets and logits.
        metrics: of the task.
        headline: name of the metric that the run leads with.
        constant: what the headline is where every answer is the baseline's; None where that does not define it.
        measure: targets and answers to the metrics that they define.
        evaluate: targets and answers to figures with intervals.
    """

    pipeline: JudgedBatches
    examples: Examples
    decode: Callable[[np.ndarray], np.ndarray]
    objective: Any
    metrics: Sequence[Metric]
    headline: str
    constant: float | None
    measure: Callable[[np.ndarray, np.ndarray], dict[str, float]]
    evaluate: Callable[[np.ndarray, np.ndarray], dict[str, Any]]
    loss_name: str = LOSS

    @property
    def directions(self) -> Mapping[str, int]:
        """The loss, and the task's metrics."""
        return {LOSS: -1, **{metric.name: 1 if metric.better == "higher" else -1 for metric in self.metrics}}

    def figures(self, evaluator: Any) -> dict[str, float]:
        """The loss, and the metrics that these examples define."""
        logits = predict_logits(evaluator, self.pipeline, self.examples)
        loss = float(example_losses(self.objective, self._targets, logits).mean())
        if not np.isfinite(logits).all():
            # Metrics of the task may fail on what is no number, and the loss tells it all.
            return {LOSS: loss}
        return {LOSS: loss, **self.measure(self._targets, self.decode(logits))}

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """The loss, and the metrics with their intervals."""
        logits = predict_logits(evaluator, self.pipeline, self.examples)
        losses = example_losses(self.objective, self._targets, logits)
        loss = {"value": float(f"{losses.mean():.10g}"), "n": len(self.examples)}
        return {LOSS: loss, **self.evaluate(self._targets, self.decode(logits))}

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        """Whether the headline may be that of always giving the baseline's answer."""
        metric = next(metric for metric in self.metrics if metric.name == self.headline)
        figure, constant = assessed[self.headline], self.constant
        if figure["value"] is None or constant is None:
            return None
        low, high = interval_of(figure)
        if low > constant if metric.better == "higher" else high < constant:
            return None
        name, unit = metric.name.replace("_", " "), f" {metric.unit}" if metric.unit else ""
        return (
            f"Validation {name} is {figure['value']:.4g}{unit} ({low:.4g} to {high:.4g}, n = {figure['n']}), no better "
            f"than always giving one and the same answer ({constant:.4g}{unit}). {LIKELY_CAUSES}"
        )

    @property
    def _targets(self) -> np.ndarray:
        assert self.examples.targets is not None, "a task that is judged by targets has them"
        return self.examples.targets


def example_losses(objective: Any, targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The loss of each example, ``(n,)`` float64, or the mean of all ``(1,)`` where the objective gives no other.

    Args:
        objective: a Keras loss, or a function of targets and logits.
        targets: ``(n, outputs)``.
        logits: ``(n, outputs)``.
    """
    call = objective.call if isinstance(objective, keras.losses.Loss) else objective
    given = (keras.ops.convert_to_tensor(np.asarray(part, np.float32)) for part in (targets, logits))
    losses = np.asarray(call(*given)).astype(np.float64)
    return losses.reshape(len(targets), -1).mean(axis=1) if losses.ndim else losses.reshape(1)
