"""The few figures that choose epochs; the full set with intervals is made once, after training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import sklearn.metrics

if TYPE_CHECKING:
    from ftsuite.api import Examples
    from ftsuite.data.pipeline import Pipeline
    from ftsuite.data.token_counts import TokenCounts

# Direction of each figure that early stopping can watch: 1 where more is better.
DIRECTIONS = {"log_loss": -1, "accuracy": 1, "macro_f1": 1}


class Judge(Protocol):
    """Says how good a model is on examples that it does not learn from."""

    def figures(self, evaluator: Any) -> dict[str, float]:
        """The figures that choose epochs; ``log_loss`` is always among them."""
        ...

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """The full figures with their intervals, for what a stage reports."""
        ...


@dataclass(frozen=True)
class ClassificationJudge:
    """Judges a classifier on labelled examples.

    Attributes:
        pipeline: from examples to batches.
        examples: to judge on.
        decode: logits to probabilities.
        evaluate: probabilities and labels to figures with intervals.
    """

    pipeline: Pipeline
    examples: Examples
    decode: Callable[[np.ndarray], np.ndarray]
    evaluate: Callable[[np.ndarray, np.ndarray], dict[str, Any]]

    def figures(self, evaluator: Any) -> dict[str, float]:
        """Log loss, accuracy and macro F1."""
        return validation_figures(self._probabilities(evaluator), self.examples.labels)

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """Figures with intervals."""
        return self.evaluate(self._probabilities(evaluator), self.examples.labels)

    def _probabilities(self, evaluator: Any) -> np.ndarray:
        return self.decode(predict_logits(evaluator, self.pipeline, self.examples))


def validation_figures(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Log loss, accuracy and macro F1.

    Args:
        probabilities: ``(n, num_classes)``.
        labels: ``(n,)`` integers.
    """
    true = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), 1e-12, 1.0)
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    return {
        "log_loss": float(-np.log(true).mean()),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(
            sklearn.metrics.f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
        ),
    }


def predict_logits(evaluator: Any, pipeline: Pipeline, examples: Examples) -> np.ndarray:
    """Logits ``(n, num_classes)`` float32 in the order of the examples, whatever order they are best batched in."""
    return predict_counted(evaluator, pipeline, examples)[0]


def predict_counted(evaluator: Any, pipeline: Pipeline, examples: Examples) -> tuple[np.ndarray, TokenCounts | None]:
    """`predict_logits`, and what was tokenised for it; None where nothing is."""
    batches = pipeline.evaluation(examples)
    raw = np.asarray(evaluator.predict(batches.dataset, verbose=0), dtype=np.float32)
    logits = np.empty_like(raw)
    logits[batches.order] = raw
    return logits, batches.token_counts()
