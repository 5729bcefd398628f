"""Figures in words for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftsuite.evaluation import figure_interval

METRIC_NAMES: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "top_5_accuracy": "Top-5 accuracy",
    "log_loss": "Log loss",
    "expected_calibration_error": "Calibration error",
    "pseudo_perplexity": "Pseudo-perplexity",
}
METRIC_MEANINGS: Mapping[str, str] = {
    "accuracy": "share named rightly",
    "macro_f1": "mean of the classes' F1",
    "top_5_accuracy": "truth among the five most probable",
    "log_loss": "lower is better",
    "expected_calibration_error": "lower is better",
    "pseudo_perplexity": "of held-out domain text; lower is better",
}


@dataclass(frozen=True)
class FigureText:
    """A figure for the page.

    Attributes:
        value: to three places, an em dash where there is none.
        interval: "0.885 to 0.934", empty where there is none.
        percent: confidence of the interval in percent, 0 where there is none.
        n: examples that it rests on.
        number: the value to sort by, -1 where there is none.
        low: lower bound, or the value.
        high: upper bound, or the value.
    """

    value: str
    interval: str
    percent: int
    n: int
    number: float
    low: float
    high: float


def figure_text(figure: Mapping[str, Any] | None) -> FigureText:
    """Write a figure of metrics.json for the page; None reads as a figure that rests on nothing."""
    if figure is None or figure.get("value") is None:
        return FigureText("—", "", 0, 0 if figure is None else int(figure.get("n", 0)), -1.0, 0.0, 0.0)
    value, n = float(figure["value"]), int(figure["n"])
    interval = figure_interval(figure)
    if interval is None:
        return FigureText(f"{value:.3f}", "", 0, n, value, value, value)
    percent = next(int(key[2:]) for key in figure if key.startswith("ci") and key[2:].isdigit())
    low, high = interval
    return FigureText(f"{value:.3f}", f"{low:.3f} to {high:.3f}", percent, n, value, low, high)


def metric_name(key: str) -> str:
    """Return a metric's name for a heading; a plugin's own metric by its key."""
    return METRIC_NAMES.get(key, key.replace("_", " ").capitalize())


def plural(count: int, noun: str, plural_noun: str = "") -> str:
    """Write a count with its noun: "1 picture", "2 pictures", "3 classes"."""
    return f"{count:,} {noun if count == 1 else plural_noun or noun + 's'}"


def shortened(text: str, longest: int = 48) -> str:
    """Cut a name that would fill the page; the tables and the pictures' alternative texts keep all of it."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
