"""A figure of a task that predicts something else than one class of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Metric:
    """One figure over examples; the suite computes its interval by resampling them.

    Attributes:
        name: in lower case with underscores, for ``metrics.json``: ``mean_absolute_error``.
        compute: targets and answers, ``(n, outputs)`` each, to a number. It is called some thousand times, on
            resamples of the test split, so it must not depend on the order of the rows.
        better: which way is better.
        meaning: a few words for the report.
        unit: of the number: ``years``; empty for a share or a score.

    >>> def mean_absolute_error(targets, answers):
    ...     return float(np.abs(targets - answers).mean())
    >>> error = Metric("mean_absolute_error", mean_absolute_error, "lower", "how far off, on average", "years")
    >>> error.compute(np.array([[3.0], [7.5]]), np.array([[4.0], [7.5]]))
    0.5
    """

    name: str
    compute: Callable[[np.ndarray, np.ndarray], float]
    better: Literal["higher", "lower"] = "higher"
    meaning: str = ""
    unit: str = ""
