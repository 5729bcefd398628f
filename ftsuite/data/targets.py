"""Targets from labels, for tasks that answer otherwise than with one class of several.

Sources give a label to each example, as a text: the folder that a picture lies in, or a cell of a table. Here these
texts become numbers or sets of labels, and what they were becomes what splits are stratified by. Imports no TensorFlow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ftsuite.api import Examples
from ftsuite.errors import DataError

_MOST_STRATA = 10
_FEWEST_IN_STRATUM = 5
_SHOWN = 5
_LARGEST = float(np.finfo(np.float32).max)


def with_numbers(examples: Examples, name: str) -> Examples:
    """The same examples with one number each as their target, read from their labels.

    They are stratified by ranges that hold about as many examples each.

    Args:
        examples: whose labels are numbers: ``3``, ``-0.5``, ``1e3``.
        name: of the number, with its unit: ``age_years``.

    Raises:
        DataError: a label is no finite number of float32, or all are the same.

    >>> ids = ("a", "b", "c")
    >>> read = Examples(ids, ids, np.array([0, 1, 0]), ("3", "7.5"), content_hashes=ids, kind="text")
    >>> aged = with_numbers(read, "age_years")
    >>> aged.targets.tolist(), aged.target_names
    ([[3.0], [7.5], [3.0]], ('age_years',))
    >>> with_numbers(replace(read, class_names=("3", "old")), "age_years")
    Traceback (most recent call last):
        ...
    ftsuite.errors.DataError: Every label must be a number, the age_years to predict. Received: 'old'. ...
    """
    numbers = [_number(text) for text in examples.class_names]
    wrong = [text for text, number in zip(examples.class_names, numbers, strict=True) if number is None]
    if wrong:
        shown = ", ".join(map(repr, wrong[:_SHOWN])) + (f" and {len(wrong) - _SHOWN} more" if wrong[_SHOWN:] else "")
        raise DataError(
            f"Every label must be a number, the {name} to predict. Received: {shown}.",
            "Name the column of the numbers with data.label_column, or mend or leave out what is none.",
        )
    targets = np.array(numbers, np.float64)[examples.labels].astype(np.float32)[:, None]
    if len(np.unique(targets)) < 2:
        raise DataError(f"At least two different values of {name} are needed. Received: {examples.class_names[:1]}.")
    strata, names = _ranges(targets[:, 0])
    return replace(examples, targets=targets, target_names=(name,), labels=strata, class_names=names)


def with_label_sets(examples: Examples, separator: str = "|", nothing: str = "none") -> Examples:
    """The same examples with a target of 0 or 1 for each label, read from their labels: ``red|round``.

    They are stratified by the rarest label of each, so that rare labels reach every split.

    Args:
        examples: whose labels are sets of labels, written one behind the other.
        separator: what stands between two labels.
        nothing: what stands where no label applies.

    Raises:
        DataError: there are fewer than two labels.

    >>> ids = ("a", "b", "c")
    >>> read = Examples(ids, ids, np.arange(3), ("red|round", "none", "round"), content_hashes=ids, kind="text")
    >>> tagged = with_label_sets(read)
    >>> tagged.target_names, tagged.targets.tolist()
    (('red', 'round'), [[1.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
    """
    sets = [{part for piece in text.split(separator) if (part := piece.strip())} for text in examples.class_names]
    sets = [found - {nothing} for found in sets]
    names = tuple(sorted(set().union(*sets))) if sets else ()
    if len(names) < 2:
        raise DataError(
            f"At least two labels are needed, written one behind the other with {separator!r} between them. "
            f"Received: {', '.join(map(repr, examples.class_names[:_SHOWN])) or 'none'}.",
            "Look at the column that data.label_column names.",
        )
    # By the labels that there are, and not by all that there could be: both may be thousands.
    position = {name: number for number, name in enumerate(names)}
    places = [[position[name] for name in found] for found in sets]
    table = np.zeros((len(sets), len(names)), np.float32)
    for row, columns in enumerate(places):
        table[row, columns] = 1
    targets = table[examples.labels]
    # Rarest first; equally rare ones by name.
    counts = targets.sum(axis=0)
    rank = np.argsort(np.lexsort((np.arange(len(names)), counts)))
    rarest = [min(columns, key=rank.__getitem__, default=-1) for columns in places]
    used = sorted(set(rarest))
    strata = np.searchsorted(used, rarest).astype(np.int64)[examples.labels]
    told = tuple(nothing if number < 0 else names[number] for number in used)
    return replace(examples, targets=targets, target_names=names, labels=strata, class_names=told)


def same_answers(examples: Examples) -> np.ndarray:
    """What is to be answered to each example as a number ``(n,)`` int64: equal where labels, or all targets, are."""
    if examples.targets is None:
        return examples.labels
    return np.unique(examples.targets, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def with_answers_as_classes(examples: Examples) -> Examples:
    """The same examples with a class for each answer that there is, to tell equal answers from others.

    Of examples without targets the classes as they are.
    """
    if examples.targets is None:
        return examples
    answers = same_answers(examples)
    _, first = np.unique(answers, return_index=True)
    return replace(examples, labels=answers, class_names=tuple(_told(examples, row) for row in first.tolist()))


def _told(examples: Examples, position: int) -> str:
    """The targets of an example in words."""
    assert examples.targets is not None, "asked for where there are some"
    row, names = examples.targets[position], examples.target_names
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, row, strict=True))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # Targets are float32, in which 1e39 is infinite; and 1_000 is a number in Python alone.
    return number if abs(number) <= _LARGEST and "_" not in text else None


def _ranges(numbers: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Ranges of about as many examples each: ``(n,)`` int64, and their names."""
    wanted = max(min(_MOST_STRATA, len(numbers) // _FEWEST_IN_STRATUM), 1)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, wanted + 1)[1:-1], method="nearest"))
    strata = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    used = np.unique(strata)
    names = [_range_name(numbers[strata == number]) for number in used]
    return np.searchsorted(used, strata).astype(np.int64), _different(names)


def _range_name(numbers: np.ndarray) -> str:
    low, high = float(numbers.min()), float(numbers.max())
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"


def _different(names: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(names)
    return tuple(name if counts[name] == 1 else f"{name} ({number})" for number, name in enumerate(names))
