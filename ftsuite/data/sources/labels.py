"""Labels of tables as class names: texts, whole numbers and booleans, in a fixed order."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from ftsuite.data.sources.classes import are_values, normal_form
from ftsuite.errors import DataError

_WHOLE = re.compile(r"-?[0-9]+")


def label_text(value: Any, path: Path, column: str) -> tuple[str, bool]:
    """A label as class name, empty where there is none, and whether spaces around it were taken off.

    Where labels are values (`ftsuite.data.sources.classes.labels_are_values`) numbers may have a fraction.

    Raises:
        DataError: numbers with a fraction, or lists and objects: these are no classes.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "", False
    if isinstance(value, bool):
        return ("true" if value else "false"), False
    if isinstance(value, float):
        if are_values():
            return repr(value), False
        if not value.is_integer():
            raise DataError(
                f"Expected class names in column {column!r} of {str(path)!r}. Received: the number {value!r}.",
                "Numbers that are measured and not counted are no classes; set data.label_column to another column.",
            )
        return str(int(value)), False
    if isinstance(value, (list, dict, bytes)):
        raise DataError(
            f"Expected one class name a row in column {column!r} of {str(path)!r}. "
            f"Received: {type(value).__name__}: {value!r:.80}"
        )
    text = str(value)
    return normal_form(text.strip()), text != text.strip()


def sorted_labels(labels: set[str]) -> list[str]:
    """Class names in order: by value where all are whole numbers, else by name."""
    if all(_WHOLE.fullmatch(label) for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)
