"""Models between two ends: the start of fine-tuning and what came of it.

WiSE-FT of Wortsman et al., 2022 (https://arxiv.org/abs/2109.01903): the plain average of the weights before and after
fine-tuning is often as good on the data at hand as the fine-tuned model, and better on data of another kind.

**The start.** The paper's start classifies without training, by the names of the classes. A classifier with a new head
has no such end; here the start is the model at the end of a stage that trains the head alone, on the frozen backbone.
Both ends then read the features by nearly the same head, as in LP-FT of Kumar et al., 2022
(https://arxiv.org/abs/2202.10054). From a random head there is no good model on the way.

**BatchNorm.** Statistics that both ends share, as they do where a plan keeps those of pretraining, stay what they are.
Where the ends differ, the average of two variances is not the variance in the model between them, mostly smaller
(Jordan et al., 2022, https://arxiv.org/abs/2211.08403): its statistics must be measured anew on training data, as for
averaged weights (Izmailov et al., 2018, https://arxiv.org/abs/1803.05407).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

# Eleven models from the start to the fine-tuned end.
SHARES = tuple(number / 10 for number in range(11))


@dataclass(frozen=True)
class InterpolatedPoint:
    """A model on the way.

    Attributes:
        share: of the fine-tuned end, from 0 to 1.
        figures: on validation data.
    """

    share: float
    figures: Mapping[str, float]


@dataclass(frozen=True)
class InterpolationCurve:
    """What the models on the way are worth.

    Attributes:
        points: by rising share.
        share: that of the best point; of equals the one nearest to the start, which keeps more of pretraining.
    """

    points: tuple[InterpolatedPoint, ...]
    share: float


def interpolated(start: Sequence[np.ndarray], end: Sequence[np.ndarray], share: float) -> list[np.ndarray]:
    """``(1 - share) * start + share * end`` of each tensor, computed in float64 and given in its own type.

    Args:
        start: as ``model.get_weights()`` gives them.
        end: of the same model later on.
        share: from 0, the start to the bit, to 1, the end to the bit. Tensors that hold no real numbers are the end's,
            except at 0.

    Raises:
        ValueError: if the two are not of one model, or the share is none.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must be from 0 to 1. Received: {share}")
    if [np.shape(tensor) for tensor in start] != [np.shape(tensor) for tensor in end]:
        raise ValueError("start and end must be weights of one model. Received: other shapes.")
    return [_between(np.asarray(first), np.asarray(last), share) for first, last in zip(start, end, strict=True)]


def interpolation_curve(
    model: Any,
    start: Sequence[np.ndarray],
    end: Sequence[np.ndarray],
    figures: Callable[[], Mapping[str, float]],
    score: Callable[[Mapping[str, float]], Sequence[float]],
    shares: Sequence[float] = SHARES,
    measure_statistics: Callable[[], object] | None = None,
) -> InterpolationCurve:
    """Try models between two ends, and give the model back the weights that it has now.

    ``model.set_weights(interpolated(start, end, curve.share))``, and `measure_statistics` again where it was called
    for, makes the chosen model.

    Args:
        model: built; without adapters.
        start: see `interpolated`.
        end: see `interpolated`.
        figures: judges the model as it is, on validation data and never on the test's.
        score: of the figures, more is better; later entries break ties.
        shares: to try.
        measure_statistics: sets the model's BatchNorm statistics from training data, without training it. It is called
            for models strictly between the ends, and only where the ends' statistics differ.

    Raises:
        ValueError: if no share has a finite score, or statistics differ and there is nothing to measure them with.
    """
    measured = statistics_differ(model, start, end)
    if measured and measure_statistics is None:
        raise ValueError("The BatchNorm statistics of start and end differ, so `measure_statistics` must be given.")
    own = [np.array(tensor) for tensor in model.get_weights()]
    points = []
    try:
        for share in sorted(set(shares)):
            model.set_weights(interpolated(start, end, share))
            if measured and measure_statistics is not None and 0.0 < share < 1.0:
                measure_statistics()
            points.append(InterpolatedPoint(share, dict(figures())))
    finally:
        model.set_weights(own)
    scores = [(point.share, tuple(score(point.figures))) for point in points]
    finite = [pair for pair in scores if all(math.isfinite(value) for value in pair[1])]
    if not finite:
        raise ValueError(f"At least one share must have a finite score. Received: {scores}")
    # `max` keeps the first of equals, which has the smallest share.
    return InterpolationCurve(tuple(points), max(finite, key=lambda pair: pair[1])[0])


def statistics_differ(model: Any, start: Sequence[np.ndarray], end: Sequence[np.ndarray]) -> bool:
    """Whether the moving statistics of any BatchNorm differ between two sets of the model's weights."""
    statistics = {
        id(variable)
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
        for variable in layer.non_trainable_variables
        if variable.name in ("moving_mean", "moving_variance")
    }
    rows = zip(model.weights, start, end, strict=True)
    return any(id(variable) in statistics and not np.array_equal(first, last) for variable, first, last in rows)


def _between(first: np.ndarray, last: np.ndarray, share: float) -> np.ndarray:
    if share in (0.0, 1.0) or not keras.backend.is_float_dtype(keras.backend.standardize_dtype(first.dtype)):
        return np.array(first if share == 0.0 else last)
    start, end = first.astype("float64"), last.astype("float64")
    return np.asarray((start + share * (end - start)).astype(first.dtype))
