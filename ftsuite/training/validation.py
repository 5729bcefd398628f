"""The few figures that choose epochs; the full set with intervals is made once, after training."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import sklearn.metrics

if TYPE_CHECKING:
    from ftsuite.api import Examples
    from ftsuite.data.evaluation_batches import EvaluationBatches
    from ftsuite.data.token_counts import TokenCounts

# Direction of each figure that early stopping can watch: 1 where more is better.
DIRECTIONS = {"log_loss": -1, "accuracy": 1, "macro_f1": 1}
LIKELY_CAUSES = (
    "Likely causes: labels that do not belong to their inputs, too low or too high a learning rate, too few steps, a "
    "backbone that knows nothing of such inputs, or too few validation examples to tell."
)


class Judge(Protocol):
    """Says how good a model is on examples that it does not learn from."""

    @property
    def loss_name(self) -> str:
        """The figure that breaks ties, and must be finite."""
        ...

    @property
    def directions(self) -> Mapping[str, int]:
        """Of each figure that can choose epochs, the loss among them: 1 where more is better, -1 where less is."""
        ...

    def figures(self, evaluator: Any) -> dict[str, float]:
        """The figures that choose epochs; the loss is always among them, others only where they are finite."""
        ...

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """The full figures with their intervals, for what a stage reports."""
        ...

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        """Why what `assess` gave looks as if nothing was learnt, in a sentence or two; None where it does not."""
        ...


class JudgedBatches(Protocol):
    """A pipeline, as far as judging goes: of features, or of activations."""

    def evaluation(self, examples: Examples) -> EvaluationBatches:
        """Batches of what the evaluator takes, and whose they are."""
        ...


def watched(metric: str, judge: Judge) -> str:
    """The figure of a judge that a config means; `loss` and `log_loss` are the loss, whatever its name is.

    Args:
        metric: as the config names it.
        judge: whose figures they are.
    """
    return judge.loss_name if metric in ("loss", "log_loss") and metric not in judge.directions else metric


def score_of(figures: Mapping[str, float], metric: str, judge: Judge) -> list[float]:
    """How good figures are, the more the better: by a metric, and by the loss where that is equal.

    A metric that the examples leave undefined is worse than any.
    """
    # A finite number, so that it can be written down as JSON.
    value = judge.directions[metric] * figures[metric] if metric in figures else -sys.float_info.max
    return [value, -figures[judge.loss_name]]


@dataclass(frozen=True)
class ClassificationJudge:
    """Judges a classifier on labelled examples.

    Attributes:
        pipeline: from examples to batches.
        examples: to judge on.
        decode: logits to probabilities.
        evaluate: probabilities and labels to figures with intervals.
        offsets: ``(num_classes,)`` added to logits in the training loss, and so in the log loss that chooses epochs:
            without them a model that counts all classes alike would be judged by how common they are. None for none.
        favours_small_classes: whether training corrects for classes of unlike size, at the cost of plain accuracy.
    """

    pipeline: JudgedBatches
    examples: Examples
    decode: Callable[[np.ndarray], np.ndarray]
    evaluate: Callable[[np.ndarray, np.ndarray], dict[str, Any]]
    offsets: np.ndarray | None = None
    favours_small_classes: bool = False
    loss_name: str = "log_loss"
    directions: Mapping[str, int] = field(default_factory=lambda: DIRECTIONS)

    def figures(self, evaluator: Any) -> dict[str, float]:
        """Log loss, accuracy and macro F1."""
        logits = predict_logits(evaluator, self.pipeline, self.examples)
        figures = validation_figures(self.decode(logits), self.examples.labels)
        if self.offsets is not None:
            figures["log_loss"] = _log_loss(self.decode(logits + self.offsets), self.examples.labels)
        return figures

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """Figures with intervals."""
        return self.evaluate(self._probabilities(evaluator), self.examples.labels)

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        """Whether accuracy may be that of always naming the most common class, or recall that of a guess."""
        if self.favours_small_classes:
            return _doubtful_recall(assessed["per_class"])
        accuracy = assessed["accuracy"]
        labels = np.asarray(self.examples.labels)
        chance = np.bincount(labels).max() / len(labels)
        low, high = interval_of(accuracy)
        if low > chance:
            return None
        return (
            f"Validation accuracy is {accuracy['value']:.3f} ({low:.3f}-{high:.3f}, n = {accuracy['n']}), no better "
            f"than always naming the most common class ({chance:.3f}). {LIKELY_CAUSES}"
        )

    def _probabilities(self, evaluator: Any) -> np.ndarray:
        return self.decode(predict_logits(evaluator, self.pipeline, self.examples))


def _doubtful_recall(per_class: dict[str, Any]) -> str | None:
    """Plain accuracy is given up on purpose where small classes count more, and says nothing there."""
    recalls = [figures["recall"] for figures in per_class.values() if figures["recall"]["n"]]
    mean = sum(recall["value"] for recall in recalls) / len(recalls)
    # From the intervals of the classes to that of their mean, as if they were normal.
    bounds = [interval_of(recall) for recall in recalls]
    half = sum(((high - low) / 2) ** 2 for low, high in bounds) ** 0.5 / len(recalls)
    if mean - half > 1 / len(recalls):
        return None
    return (
        f"The classes' mean recall on the validation split is {mean:.3f}, no better than a guess "
        f"({1 / len(recalls):.3f}). {LIKELY_CAUSES}"
    )


def interval_of(figure: dict[str, Any]) -> tuple[float, float]:
    """The bounds of a figure, whose name says the confidence; the value itself where there are none."""
    found = next((bounds for name, bounds in figure.items() if name.startswith("ci") and bounds), None)
    low, high = found if found is not None else (figure["value"], figure["value"])
    return float(low), float(high)


def validation_figures(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Log loss, accuracy and macro F1.

    Args:
        probabilities: ``(n, num_classes)``.
        labels: ``(n,)`` integers.
    """
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    return {
        "log_loss": _log_loss(probabilities, labels),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(
            sklearn.metrics.f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
        ),
    }


def _log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    true = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), 1e-12, 1.0)
    return float(-np.log(true).mean())


def predict_logits(evaluator: Any, pipeline: JudgedBatches, examples: Examples) -> np.ndarray:
    """Logits ``(n, num_classes)`` float32 in the order of the examples, whatever order they are best batched in."""
    return predict_counted(evaluator, pipeline, examples)[0]


def predict_counted(
    evaluator: Any, pipeline: JudgedBatches, examples: Examples
) -> tuple[np.ndarray, TokenCounts | None]:
    """`predict_logits`, and what was tokenised for it; None where nothing is."""
    batches = pipeline.evaluation(examples)
    raw = np.asarray(evaluator.predict(batches.dataset, verbose=0), dtype=np.float32)
    logits = np.empty_like(raw)
    logits[batches.order] = raw
    return logits, batches.token_counts()
