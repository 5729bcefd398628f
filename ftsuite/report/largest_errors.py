"""The test examples of a run with targets whose answers are farthest off, with picture or text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftsuite.report.answers import Answers
from ftsuite.report.measures import MINUS
from ftsuite.report.mistakes import Thumbnails, data_uri, shortened_text

# Of a task with many outputs.
_MOST_SHOWN = 6
# At and above it a label is taken to be answered with.
LABEL_AT = 0.5


@dataclass(frozen=True)
class Said:
    """One output of one example.

    Attributes:
        name: of the output.
        target: what it should be, in words; empty for labels.
        answer: what the model says.
        state: ``right``, ``missed`` or ``added`` for labels; empty for numbers.
    """

    name: str
    target: str
    answer: str
    state: str = ""


@dataclass(frozen=True)
class FarOff:
    """One example as the gallery shows it.

    Attributes:
        id: stable name of the example.
        error: how far off it is, in words.
        said: its outputs, the farthest off first where they are numbers.
        left_out: outputs that are not shown.
        picture: data URI, empty where there is none.
        text: the text itself where the task reads texts, else empty.
    """

    id: str
    error: str
    said: list[Said]
    left_out: int
    picture: str
    text: str

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        told = ", ".join(f"{one.name} {one.target or one.state}".strip() for one in self.said)
        return f"{told or 'no label'} ({self.id})"


def largest_errors(answers: Answers, limit: int, kind: str, thumbnails: Thumbnails | None) -> list[FarOff]:
    """The rows that are farthest off, the farthest first; rows without an error are left out.

    Args:
        answers: on the test split.
        limit: how many at most.
        kind: "text" shows the input itself; anything else is a picture.
        thumbnails: gives JPEG or PNG bytes for inputs, None for one that is not to be had.

    Raises:
        ValueError: the callback does not give one answer an input.
    """
    rows = [row for row in np.flatnonzero(answers.errors > 0).tolist()]
    rows = sorted(rows, key=lambda row: (-answers.errors[row], answers.ids[row]))[:limit]
    pictures: Sequence[bytes | None] = [None] * len(rows)
    if thumbnails is not None and kind != "text" and rows:
        pictures = thumbnails([answers.inputs[row] for row in rows])
        if len(pictures) != len(rows):
            raise ValueError(f"Expected {len(rows)} thumbnails. Received: {len(pictures)}")
    say = _labels if answers.are_labels else _numbers
    return [
        FarOff(
            id=answers.ids[row],
            error=_text(float(answers.errors[row])),
            said=(said := say(answers, row))[:_MOST_SHOWN],
            left_out=max(len(said) - _MOST_SHOWN, 0),
            picture=data_uri(picture),
            text=shortened_text(answers.inputs[row]) if kind == "text" else "",
        )
        for row, picture in zip(rows, pictures, strict=True)
    ]


def _numbers(answers: Answers, row: int) -> list[Said]:
    targets, told = answers.targets[row], answers.answers[row]
    spread = np.maximum(answers.targets.std(axis=0), 1e-30)
    order = np.argsort(-np.abs(told - targets) / spread, kind="stable").tolist()
    return [Said(answers.names[i], _text(float(targets[i])), _text(float(told[i]))) for i in order]


def _labels(answers: Answers, row: int) -> list[Said]:
    """The labels that apply or are answered with: what is wrong first."""
    found = []
    for i, name in enumerate(answers.names):
        applies, share = bool(answers.targets[row, i]), float(answers.answers[row, i])
        if applies or share >= LABEL_AT:
            state = "right" if applies and share >= LABEL_AT else "missed" if applies else "added"
            found.append(Said(name, "", f"{share:.2f}", state))
    return sorted(found, key=lambda one: one.state == "right")


def _text(value: float) -> str:
    return f"{value:,.4g}".replace("-", MINUS) if abs(value) < 1e4 else f"{value:,.0f}".replace("-", MINUS)
