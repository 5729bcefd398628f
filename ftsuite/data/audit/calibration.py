"""From the scores of one or several classifiers to probabilities: a logistic regression of few parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.special

_FITTED_ROWS = 20_000
# A weak pull of the classes' offsets to 0, without which a class that is never right has none.
_OFFSET_PENALTY = 1e-3


def calibrated(scores: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities ``softmax(sum of weight * score + offset of the class)`` of the greatest likelihood.

    One weight a classifier (Guo et al., 2017, https://arxiv.org/abs/1706.04599, call its inverse the temperature) and
    one offset a class: so few that scores which are out of sample stay so.

    Args:
        scores: of each classifier, ``(n, classes)`` float32, out of sample.
        labels: ``(n,)`` int64.
        seed: of the rows that are fitted to where there are very many.

    Returns:
        ``(n, classes)`` float32, rows that sum to 1.
    """
    spreads = [max(float(part.std()), 1e-9) for part in scores]
    rows = np.arange(len(labels))
    if len(rows) > _FITTED_ROWS:
        rows = np.random.default_rng([seed, 0xCA1]).choice(rows, _FITTED_ROWS, replace=False)
    fitted = [part[rows].astype(np.float64) / spread for part, spread in zip(scores, spreads, strict=True)]
    chosen, classes, parts = labels[rows], scores[0].shape[1], len(scores)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, offsets = parameters[:parts], parameters[parts:]
        logits = np.tile(offsets, (len(rows), 1))
        for weight, part in zip(weights, fitted, strict=True):
            logits += weight * part
        logs = scipy.special.log_softmax(logits, axis=1)
        value = -logs[np.arange(len(rows)), chosen].mean() + _OFFSET_PENALTY / 2 * np.square(offsets).sum()
        excess = np.exp(logs)
        excess[np.arange(len(rows)), chosen] -= 1.0
        by_weight = [float((excess * part).sum()) / len(rows) for part in fitted]
        return value, np.concatenate([by_weight, excess.mean(axis=0) + _OFFSET_PENALTY * offsets])

    start = np.concatenate([np.full(parts, 1.0 / parts), np.zeros(classes)])
    # A classifier that is worse than a guess is left out, and never turned round.
    bounds = [(0.0, None)] * parts + [(None, None)] * classes
    best = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200}).x
    logits = np.tile(best[parts:].astype(np.float32), (len(labels), 1))
    for weight, part, spread in zip(best[:parts], scores, spreads, strict=True):
        logits += np.float32(weight / spread) * part
    return np.asarray(scipy.special.softmax(logits, axis=1), dtype=np.float32)
