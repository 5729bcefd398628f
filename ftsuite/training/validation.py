"""The few figures that choose epochs; the full set with intervals is made once, after training."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.metrics

# Direction of each figure that early stopping can watch: 1 where more is better.
DIRECTIONS = {"log_loss": -1, "accuracy": 1, "macro_f1": 1}


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


def predict_logits(evaluator: Any, batches: Any) -> np.ndarray:
    """Logits ``(n, num_classes)`` float32 of all batches."""
    return np.asarray(evaluator.predict(batches, verbose=0), dtype=np.float32)
