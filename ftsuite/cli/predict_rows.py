"""How `ftsuite predict` shows one answer: as a row of a table or as a JSON object.

Of a run without classes an answer is a number for each output, shown by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_LONGEST_TEXT = 100
# More answers than these get one column together, with the largest of them.
_MOST_COLUMNS = 6


def json_row(answer: Any, class_names: Sequence[str], top: int) -> dict[str, Any]:
    """The input with the prediction, its probability and the most probable classes, or with the error."""
    row: dict[str, Any] = {"input": answer.input.shown}
    if answer.probabilities is None:
        return {**row, "error": answer.problem}
    ranked = _ranked(class_names, answer.probabilities, top)
    return {**row, "prediction": ranked[0]["class"], "probability": ranked[0]["probability"], "top": ranked}


def table_cells(answer: Any, class_names: Sequence[str], top: int, kind: str) -> tuple[str, str, str, str]:
    """Input, prediction, probability and the classes after it; a long text is cut, a path is not."""
    shown = _one_line(answer.input.shown) if kind == "text" else answer.input.shown
    if answer.probabilities is None:
        return (shown, f"error: {answer.problem}", "", "")
    first, *others = _ranked(class_names, answer.probabilities, top)
    rest = ", ".join(f"{item['class']} {item['probability']:.3f}" for item in others)
    return (shown, first["class"], f"{first['probability']:.3f}", rest)


def json_answers(answer: Any, names: Sequence[str]) -> dict[str, Any]:
    """The input with every answer by its name, or with the error."""
    row: dict[str, Any] = {"input": answer.input.shown}
    if answer.probabilities is None:
        return {**row, "error": answer.problem}
    return {**row, "answers": {name: _rounded(value) for name, value in zip(names, answer.probabilities, strict=True)}}


def answer_columns(names: Sequence[str], kind: str) -> tuple[str, ...]:
    """The headings of a table of answers."""
    return ("text" if kind == "text" else "picture", *(names if len(names) <= _MOST_COLUMNS else ("largest answers",)))


def answer_cells(answer: Any, names: Sequence[str], top: int, kind: str) -> tuple[str, ...]:
    """Input and answers, as many cells as `answer_columns`; a long text is cut, a path is not."""
    shown = _one_line(answer.input.shown) if kind == "text" else answer.input.shown
    width = len(answer_columns(names, kind)) - 1
    if answer.probabilities is None:
        return (shown, f"error: {answer.problem}", *[""] * (width - 1))
    values = answer.probabilities
    if len(names) <= _MOST_COLUMNS:
        return (shown, *(f"{value:.4g}" for value in values))
    largest = (-values).argsort(kind="stable")[:top]
    return (shown, ", ".join(f"{names[place]} {values[place]:.4g}" for place in largest))


def _rounded(value: Any) -> float:
    """As many digits as a float32 has."""
    return float(f"{float(value):.7g}")


def _ranked(class_names: Sequence[str], probabilities: Any, top: int) -> list[dict[str, Any]]:
    order = probabilities.argsort()[::-1][:top]
    return [{"class": class_names[i], "probability": float(probabilities[i])} for i in order]


def _one_line(text: str) -> str:
    line = " ".join(text[: 8 * _LONGEST_TEXT].split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1].rstrip() + "…"
