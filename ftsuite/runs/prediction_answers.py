"""Predictions for inputs that come one after the other, in their order and in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ftsuite.errors import DataError
from ftsuite.runs.prediction_inputs import TEXT, Input, InputSource

if TYPE_CHECKING:
    from ftsuite.runs.load import LoadedRun

# Many texts together are batched with others of their length; pictures take memory, and gain nothing.
TEXTS_TOGETHER = 1024
PICTURES_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one input.

    Attributes:
        input: what was asked.
        probabilities: ``(num_classes,)`` float32, or other answers ``(outputs,)``; None where the input could not be
            used.
        problem: why not; empty where it could.
    """

    input: Input
    probabilities: np.ndarray | None
    problem: str = ""


def answer_inputs(loaded: LoadedRun, sources: Sequence[InputSource]) -> Iterator[list[Answer]]:
    """Answers in chunks, one an input and in the order of the inputs.

    Raises:
        DataError: a file that cannot be read any further.
    """
    inputs = itertools.chain.from_iterable(source.inputs() for source in sources)
    size = TEXTS_TOGETHER if loaded.kind == TEXT else PICTURES_TOGETHER
    while chunk := list(itertools.islice(inputs, size)):
        yield _answers(loaded, chunk)


def _answers(loaded: LoadedRun, chunk: Sequence[Input]) -> list[Answer]:
    usable: list[Any] = []
    problems = []
    for entry in chunk:
        problem = entry.problem
        if not problem:
            try:
                usable.append(entry.value if loaded.kind == TEXT else _pixels(entry.value))
            except DataError as error:
                problem = error.message
        problems.append(problem)
    rows = iter(loaded.predict(usable))
    return [
        Answer(entry, None, problem) if problem else Answer(entry, next(rows))
        for entry, problem in zip(chunk, problems, strict=True)
    ]


def _pixels(place: str) -> np.ndarray:
    from ftsuite.runs.load import read_pixels

    return read_pixels(place)
