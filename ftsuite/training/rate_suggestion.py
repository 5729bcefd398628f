"""What the curve of a range test suggests: pure functions of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RULE = "one tenth of the rate at which the smoothed loss is lowest"

_TENTH = 10.0
# A fall of so many standard errors is none by chance, although the lowest of many points is looked for.
_CLEAR_ERRORS = 3.5
_CLEAR_SHARE = 0.01
# The smoothed loss remembers so many of the updates of a test.
_REMEMBERED_SHARE, _LEAST_REMEMBERED = 0.1, 2.0
_NORMAL_OVER_MEDIAN = 1.4826


@dataclass(frozen=True)
class Suggestion:
    """What to make of a curve.

    Attributes:
        rate: the suggestion, in two digits; None for none.
        reason: why this, or why none, in a sentence or two.
        lowest_rate: where the smoothed loss is lowest; None without a suggestion.
        steepest_rate: where it falls most from one rate to the next, on the way there; None without a suggestion.
        still_falling: whether it was at its lowest where the test ended, so that the suggestion is a lower bound.
    """

    rate: float | None
    reason: str
    lowest_rate: float | None = None
    steepest_rate: float | None = None
    still_falling: bool = False


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


def suggest(rates: Sequence[float], losses: Sequence[float], smoothing: float) -> Suggestion:
    """A rate for a stage, by a tenth of the rate at which the smoothed loss is lowest.

    Where the loss is lowest one step is about as long as it may be, and a stage has many. A tenth also makes up for
    the smoothing, which looks back and so shows the lowest point late. The steepest point moves with the noise of
    single batches, and it is given for comparison only.

    Args:
        rates: rising, each the rate of one update.
        losses: before each of these updates; from the first that is not finite on they are left out.
        smoothing: as of `SmoothedLoss`.
    """
    raw = np.asarray(losses, dtype=np.float64)
    finite = np.isfinite(raw)
    raw = raw if finite.all() else raw[: int(np.argmin(finite))]
    first = max(round(1.0 / (1.0 - smoothing)), 2)
    if len(raw) <= first:
        return Suggestion(None, f"The loss was lost after {len(raw)} updates, at a rate of {rates[-1]:.1e}.")
    curve, steps = np.asarray(smoothed(raw.tolist(), smoothing)), np.asarray(rates[: len(raw)], dtype=np.float64)
    lowest = int(np.argmin(curve))
    start = float(raw[:first].mean())
    fall, error = start - float(curve[lowest]), _standard_error(raw[: max(lowest, first) + 1], first, smoothing)
    if lowest < first or fall <= max(_CLEAR_ERRORS * error, _CLEAR_SHARE * abs(start)):
        return Suggestion(
            None,
            f"The loss never falls clearly: it begins at {start:.3g} and is {curve[lowest]:.3g} at its lowest, which "
            f"is not far enough below to tell from chance (standard error {error:.2g}).",
        )
    if steps[lowest] < _TENTH * steps[0]:
        return Suggestion(None, f"The loss rises from {steps[lowest]:.1e} on, near the lowest rate that was tried.")
    still_falling = lowest == len(raw) - 1 and bool(finite.all())
    steepest = int(np.argmin(np.diff(curve[: lowest + 1])))
    reason = f"The smoothed loss is lowest at {steps[lowest]:.1e} ({curve[lowest]:.3g}, from {start:.3g})."
    if still_falling:
        reason += " It was still falling at the end of the test, so a higher rate may do as well."
    rate = float(f"{steps[lowest] / _TENTH:.1e}")
    return Suggestion(rate, reason, float(steps[lowest]), float(steps[steepest]), still_falling)


def _standard_error(losses: np.ndarray, first: int, smoothing: float) -> float:
    """Of the difference between the mean of the first losses and a smoothed one.

    From the differences of neighbours, which the course of the loss hardly moves; by their median, so that a few
    batches that are unlike the others do not count for more than they are.
    """
    spread = _NORMAL_OVER_MEDIAN * float(np.median(np.abs(np.diff(losses)))) / np.sqrt(2.0)
    return float(spread * np.sqrt(1.0 / first + (1.0 - smoothing) / (1.0 + smoothing)))
