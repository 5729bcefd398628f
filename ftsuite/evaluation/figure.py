"""One figure: a value, the interval around it and the number of examples that it rests on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

Interval = tuple[float, float]

# A figure is rounded, so that metrics.json does not change its bytes with the last bit of a sum.
DECIMALS = 8

_INTERVAL_KEY = re.compile(r"ci\d+")


def interval_key(confidence: float) -> str:
    """Name the interval of a figure: `ci95` for a confidence of 0.95.

    Raises:
        ValueError: the confidence is not between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"Expected a confidence between 0 and 1, such as 0.95. Received: {confidence!r}")
    return f"ci{round(100 * confidence)}"


def make_figure(value: float | None, interval: Interval | None, n: int, confidence: float) -> dict[str, Any]:
    """Put a figure into the form that metrics.json keeps.

    Args:
        value: the estimate, or None where there is nothing to estimate it from.
        interval: lower and upper bound, or None where none can be computed.
        n: number of examples that the value rests on.
        confidence: probability with which such intervals cover the truth; gives the key its name.

    Returns:
        `{"value": …, "ci95": [low, high], "n": …}`. The interval is widened to contain the value.
    """
    bounds = None
    if value is not None and interval is not None:
        bounds = [_rounded(min(interval[0], value)), _rounded(max(interval[1], value))]
    return {
        "value": None if value is None else _rounded(value),
        interval_key(confidence): bounds,
        "n": int(n),
    }


def figure_interval(figure: Mapping[str, Any]) -> Interval | None:
    """Return the interval of a figure whatever its confidence is, or None where it has none."""
    for key, bounds in figure.items():
        if _INTERVAL_KEY.fullmatch(key) and bounds is not None:
            return float(bounds[0]), float(bounds[1])
    return None


def format_figure(figure: Mapping[str, Any]) -> str:
    """Write a figure for a person: `0.912 (0.885-0.934, n = 600)`.

    A figure without a value reads `none (n = 0)`, one without an interval `0.912 (no interval, n = 1)`.
    """
    if figure["value"] is None:
        return f"none (n = {figure['n']})"
    interval = figure_interval(figure)
    within = "no interval" if interval is None else _range(*interval)
    return f"{figure['value']:.3f} ({within}, n = {figure['n']})"


def format_measured(figure: Mapping[str, Any], unit: str = "") -> str:
    """Write a figure of any size for a person, with its unit: `12.4 years (11.9 to 13.1, n = 600)`."""
    if figure["value"] is None:
        return f"none (n = {figure['n']})"
    interval = figure_interval(figure)
    size = max(abs(figure["value"]), *(abs(bound) for bound in interval or (0.0,)))
    # As many places as show four digits of the largest number.
    places = 3 if size == 0 else min(max(3 - math.floor(math.log10(size)), 0), 9)
    value, *bounds = (f"{number:,.{places}f}" for number in (figure["value"], *(interval or ())))
    within = " to ".join(bounds) if bounds else "no interval"
    return f"{value}{f' {unit}' if unit else ''} ({within}, n = {figure['n']})"


def _range(low: float, high: float) -> str:
    """Write an interval; with a negative bound a hyphen would be taken for a sign."""
    return f"{low:.3f} to {high:.3f}" if low < 0 else f"{low:.3f}-{high:.3f}"


def _rounded(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(f"Expected a finite figure. Received: {number!r}")
    return round(float(number), DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
