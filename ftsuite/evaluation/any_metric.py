"""Figures of metrics that a task brings: any function of targets and answers, with a bootstrap interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ftsuite.contract.metrics import Metric
from ftsuite.errors import PluginError
from ftsuite.evaluation.figure import Interval, interval_key
from ftsuite.evaluation.intervals import bca_interval

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Rows (positions of examples) to a number, NaN where these rows do not define it.
Statistic = Callable[[np.ndarray], float]

# What is left out at a time for the interval's acceleration: one example, or one of so many parts.
_MOST_PARTS = 200
# So that metrics.json does not change its bytes with the last bit of a sum.
_DIGITS = 10
# With fewer resamples that define the figure the rest says nothing of how it varies.
_LEAST_DEFINED = 0.5
_SAME = 1e-12


def metric_figures(
    metrics: Sequence[Metric],
    targets: np.ndarray,
    answers: np.ndarray,
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Every metric with its interval.

    Args:
        metrics: of the task.
        targets: ``(n, outputs)``.
        answers: ``(n, outputs)``.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples, the same ones for all metrics.
        seed: same seed, same figures, whatever the order of the rows.

    Returns:
        By name as `figure_of` gives it.

    Raises:
        PluginError: a metric fails on these examples, or gives no number.
    """
    targets, answers = _in_one_order(targets, answers)

    def statistic(metric: Metric) -> Statistic:
        return lambda rows: value_of(metric, targets[rows], answers[rows])

    wanted: dict[str, Any] = {"confidence": confidence, "bootstrap_samples": bootstrap_samples, "seed": seed}
    return {metric.name: figure_of(statistic(metric), len(targets), **wanted) for metric in metrics}


def metric_differences(
    metrics: Sequence[Metric],
    targets: np.ndarray,
    answers: np.ndarray,
    others: np.ndarray,
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """How much two answers to the same examples differ by every metric: `answers` less `others`.

    Examples are resampled with both answers to them, which takes out what both find hard.

    Args:
        metrics: of the task.
        targets: ``(n, outputs)``.
        answers: ``(n, outputs)``.
        others: ``(n, outputs)``, or ``(outputs,)`` for one answer to all.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples.
        seed: same seed, same figures, whatever the order of the rows.

    Raises:
        PluginError: a metric fails on these examples, or gives no number.
    """
    count = np.asarray(targets).shape[1]
    both = np.concatenate([answers, np.broadcast_to(others, np.shape(answers))], axis=1)
    targets, both = _in_one_order(targets, both)

    def statistic(metric: Metric) -> Statistic:
        def difference(rows: np.ndarray) -> float:
            mine = value_of(metric, targets[rows], both[rows, :count])
            return mine - value_of(metric, targets[rows], both[rows, count:])

        return difference

    wanted: dict[str, Any] = {"confidence": confidence, "bootstrap_samples": bootstrap_samples, "seed": seed}
    return {metric.name: figure_of(statistic(metric), len(targets), **wanted) for metric in metrics}


def plain_figures(metrics: Sequence[Metric], targets: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """The metrics that these examples define, without intervals, whatever the order of the rows.

    Raises:
        PluginError: a metric fails on these examples, or gives no number.
    """
    targets, answers = _in_one_order(targets, answers)
    found = {metric.name: value_of(metric, targets, answers) for metric in metrics}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def value_of(metric: Metric, targets: np.ndarray, answers: np.ndarray) -> float:
    """One metric; NaN where the examples do not define it.

    Raises:
        PluginError: it fails, or gives no number.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # What a metric has to say of one resample of thousands is of no use to anybody.
            warnings.simplefilter("ignore")
            value: Any = np.asarray(metric.compute(targets, answers), dtype=np.float64)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"The metric {metric.name!r} failed on {len(targets):,} examples: {type(error).__name__}: {error}",
            'Mend the plugin; where examples do not define the metric, its compute must give float("nan").',
        ) from error
    if value.shape != ():
        raise PluginError(
            f"The metric {metric.name!r} must give one number. Received: an array of shape {value.shape}.",
            "Mend the plugin: average over the outputs, or write a metric for each.",
        )
    return float(value)


def figure_of(
    statistic: Statistic, n: int, *, confidence: float = 0.95, bootstrap_samples: int = 2000, seed: int = 0
) -> dict[str, Any]:
    """A figure with its bias-corrected and accelerated bootstrap interval over examples (Efron, 1987).

    Where a few resamples leave the figure undefined, such as correlation on one value, the interval is that of the
    others. There is none where half of them do, and where all resamples agree, as of a perfect score: they then say
    nothing of what other examples would give.

    Args:
        statistic: of positions of examples, which it may be given several times.
        n: number of examples.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples.
        seed: same seed, same interval.

    Returns:
        ``{"value", "ci95", "n"}``, the value None where these examples do not define it; with
        ``undefined_resamples``, how many of ``resamples`` the interval is made without, where there are any, and
        ``resamples_agree`` true where that is why there is no interval.
    """
    value = statistic(np.arange(n))
    if not math.isfinite(value):
        return _figure(None, None, n, confidence)
    generator = np.random.default_rng([seed, 0xB0])
    drawn = (_defined(statistic, generator.integers(0, n, n)) for _ in range(bootstrap_samples if n > 1 else 0))
    replicates: FloatArray = np.fromiter(drawn, np.float64)
    kept = replicates[np.isfinite(replicates)]
    interval, agree = None, False
    if len(kept) > _LEAST_DEFINED * len(replicates):
        # The last bits of a sum say no more than its order.
        agree = bool(np.ptp(kept) <= _SAME * np.abs(kept).max())
        interval = None if agree else bca_interval(value, kept, _acceleration(statistic, n, seed), confidence)
    figure = {**_figure(value, interval, n, confidence), **({"resamples_agree": True} if agree else {})}
    lost = len(replicates) - len(kept)
    return {**figure, "undefined_resamples": lost, "resamples": len(replicates)} if lost else figure


def _defined(statistic: Statistic, rows: np.ndarray) -> float:
    try:
        return statistic(rows)
    except PluginError:
        # On all examples it is well: a resample may lack what the metric needs, and some metrics raise there.
        return math.nan


def _acceleration(statistic: Statistic, n: int, seed: int) -> float:
    """A sixth of the skewness of what examples add to the figure, by leaving out one, or one of many random parts."""
    order = np.random.default_rng([seed, 0xACC]).permutation(n)
    parts = np.array_split(order, min(n, _MOST_PARTS))
    left: FloatArray = np.array([_defined(statistic, _without(part, n)) for part in parts])
    left = left[np.isfinite(left)]
    if not len(left):
        return 0.0
    deviations = left.mean() - left
    spread = float(np.sum(deviations**2))
    return float(np.sum(deviations**3) / (6 * spread**1.5)) if spread > 0 else 0.0


def _figure(value: float | None, interval: Interval | None, n: int, confidence: float) -> dict[str, Any]:
    """As `ftsuite.evaluation.figure.make_figure`, rounded by digits and not by decimals: a unit may be of any size."""
    bounds = None
    if value is not None and interval is not None:
        bounds = [_rounded(min(interval[0], value)), _rounded(max(interval[1], value))]
    return {"value": None if value is None else _rounded(value), interval_key(confidence): bounds, "n": n}


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}") + 0.0  # + 0.0 turns -0.0 into 0.0


def _without(part: np.ndarray, n: int) -> np.ndarray:
    kept = np.ones(n, dtype=np.bool_)
    kept[part] = False
    return np.flatnonzero(kept)


def _in_one_order(targets: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in an order that follows from their values alone."""
    targets, answers = np.asarray(targets), np.asarray(answers)
    order = np.lexsort(np.concatenate([targets, answers], axis=1).T[::-1])
    return targets[order], answers[order]
