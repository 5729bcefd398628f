"""What the curve of a range test suggests: pure functions of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RULE = "one tenth of the highest rate at which the smoothed loss is still as low as it gets"

_TENTH = 10.0
# A fall of so many standard errors is none by chance, although the lowest of many points is looked for.
_CLEAR_ERRORS = 3.5
_CLEAR_SHARE = 0.01
# The smoothed loss remembers so many of the updates of a test.
_REMEMBERED_SHARE, _LEAST_REMEMBERED = 0.1, 2.0
# Where the test begins nothing moves: so many of the updates tell what the loss is there.
_START_SHARE = 0.2
_NORMAL_OVER_MEDIAN = 1.4826


@dataclass(frozen=True)
class Suggestion:
    """What to make of a curve.

    Attributes:
        rate: the suggestion, in two digits; None for none.
        reason: why this, or why none, in a sentence or two.
        edge_rate: the last before the smoothed loss is clearly above its lowest, or, where it never fell, above its
            beginning; None where it was lost at once.
        rises: whether it is so at any rate that was tried.
        lowest_rate: where the smoothed loss is lowest; None where it never fell.
        steepest_rate: where it falls most from one rate to the next on the way there; None where it never fell.
    """

    rate: float | None
    reason: str
    edge_rate: float | None = None
    rises: bool = True
    lowest_rate: float | None = None
    steepest_rate: float | None = None


def smoothing_for(updates: int) -> float:
    """The factor of the exponential smoothing of so many losses: it remembers a tenth of them."""
    return 1.0 - 1.0 / max(_REMEMBERED_SHARE * updates, _LEAST_REMEMBERED)


class SmoothedLoss:
    """An exponentially weighted mean that forgets its beginning (Kingma & Ba, 2015, section 3).

    Args:
        smoothing: weight of the mean so far against the next loss, in [0, 1).
    """

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self._sum, self._weight = 0.0, 0.0

    def add(self, loss: float) -> float:
        """The mean with one more loss."""
        self._sum = self._smoothing * self._sum + (1.0 - self._smoothing) * loss
        self._weight = self._smoothing * self._weight + (1.0 - self._smoothing)
        return self._sum / self._weight


def smoothed(losses: Sequence[float], smoothing: float) -> list[float]:
    """The smoothed loss after each of the losses."""
    mean = SmoothedLoss(smoothing)
    return [mean.add(loss) for loss in losses]


def suggest(rates: Sequence[float], losses: Sequence[float], smoothing: float, updates: int) -> Suggestion:
    """A rate for a stage: a tenth of the highest one at which the smoothed loss is still as low as it gets.

    There one step is about as long as it may be, and a stage has many. A tenth also makes up for the smoothing, which
    looks back and so shows a rise late. Not the rate of the lowest point: where the loss hardly falls, chance decides
    which point of a flat bottom that is. Nor the steepest one, which moves with the noise of single batches; both are
    given for comparison.

    Args:
        rates: rising, each the rate of one update.
        losses: before each of these updates; from the first that is not finite on they are left out.
        smoothing: as of `SmoothedLoss`.
        updates: that the test would have made, had it not ended before.
    """
    raw = np.asarray(losses, dtype=np.float64)
    finite = np.isfinite(raw)
    raw = raw if finite.all() else raw[: int(np.argmin(finite))]
    first = max(round(_START_SHARE * updates), 2)
    if len(raw) <= first:
        return Suggestion(None, f"The loss was lost after {len(raw)} updates, at a rate of {rates[-1]:.1e}.")
    curve, steps = np.asarray(smoothed(raw.tolist(), smoothing)), np.asarray(rates[: len(raw)], dtype=np.float64)
    # The first smoothed losses are of too few batches to be the lowest.
    lowest = first + int(np.argmin(curve[first:]))
    start, bottom = float(raw[:first].mean()), float(curve[lowest])
    clear = max(_CLEAR_ERRORS * _standard_error(raw[: lowest + 1], first, smoothing), _CLEAR_SHARE * abs(start))
    falls = start - bottom > clear
    above = np.flatnonzero(curve[lowest:] > (bottom if falls else start) + clear)
    edge = lowest + int(above[0]) - 1 if len(above) else len(raw) - 1
    edge_rate, rises = float(steps[edge]), len(above) > 0 or not finite.all()
    if not falls:
        rise = f"It rises above {edge_rate:.1e}." if rises else "It does not rise either."
        return Suggestion(
            None,
            f"The loss never falls clearly: it begins at {start:.3g}, and {bottom:.3g} at its lowest may be chance. "
            f"{rise}",
            edge_rate,
            rises,
        )
    fall = f"The smoothed loss falls from {start:.3g} to {bottom:.3g}"
    if edge_rate < _TENTH * steps[0]:
        return Suggestion(None, f"{fall} and rises again near the lowest rate that was tried.", edge_rate, rises)
    stays = (
        f" and stays about there up to {edge_rate:.1e}."
        if rises
        else ". It did not rise again to the end of the test, so a higher rate may do as well."
    )
    steepest = int(np.argmin(np.diff(curve[: lowest + 1])))
    rate = float(f"{edge_rate / _TENTH:.1e}")
    return Suggestion(rate, fall + stays, edge_rate, rises, float(steps[lowest]), float(steps[steepest]))


def _standard_error(losses: np.ndarray, first: int, smoothing: float) -> float:
    """Of the difference between the mean of the first losses and a smoothed one.

    From the differences of neighbours, which the course of the loss hardly moves; by their median, so that a few
    batches that are unlike the others do not count for more than they are.
    """
    spread = _NORMAL_OVER_MEDIAN * float(np.median(np.abs(np.diff(losses)))) / np.sqrt(2.0)
    return float(spread * np.sqrt(1.0 / first + (1.0 - smoothing) / (1.0 + smoothing)))
