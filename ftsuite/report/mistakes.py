"""The mistakes that a report shows with their pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.evaluation import ConfusedPair
from ftsuite.report.predictions import Predictions

Thumbnails = Callable[[Sequence[str]], Sequence[bytes | None]]

_LONGEST_TEXT = 600
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


@dataclass(frozen=True)
class Specimen:
    """One example as the page shows it.

    Attributes:
        id: stable name of the example.
        true: name of its class.
        predicted: name of the class that it was taken for.
        probability: of the predicted class.
        probability_of_true: of the true class.
        picture: data URI, empty where there is none.
        text: the text itself where the task reads texts, else empty.
    """

    id: str
    true: str
    predicted: str
    probability: float
    probability_of_true: float
    picture: str
    text: str

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        if self.true == self.predicted:
            return f"{self.true}, named rightly ({self.id})"
        return f"{self.true}, taken for {self.predicted} ({self.id})"


def worst_rows(test: Predictions, limit: int) -> list[int]:
    """Return the rows of the wrong predictions that the model was surest of, the surest first."""
    wrong = np.flatnonzero(test.labels != test.predictions)
    return sorted(wrong.tolist(), key=lambda row: (-_probability(test, row), test.ids[row]))[:limit]


def pair_rows(test: Predictions, pair: ConfusedPair, limit: int) -> list[int]:
    """Return rows of one confused pair, the surest first."""
    rows = np.flatnonzero((test.labels == pair.true) & (test.predictions == pair.predicted))
    return sorted(rows.tolist(), key=lambda row: (-_probability(test, row), test.ids[row]))[:limit]


def typical_row(test: Predictions, label: int) -> int | None:
    """Return the row of a class that is named rightly with the highest probability, or None."""
    rows = np.flatnonzero((test.labels == label) & (test.predictions == label))
    return min(rows.tolist(), key=lambda row: (-_probability(test, row), test.ids[row]), default=None)


def specimens(test: Predictions, rows: Sequence[int], kind: str, thumbnails: Thumbnails | None) -> dict[int, Specimen]:
    """Make specimens of rows; pictures are asked for once, all together.

    Args:
        test: predictions on the test split.
        rows: rows of it, repeats allowed.
        kind: "text" shows the input itself; anything else is a picture.
        thumbnails: gives JPEG or PNG bytes for inputs, None for one that is not to be had.

    Raises:
        ValueError: the callback does not give one answer an input.
    """
    unique = sorted(set(rows))
    pictures: Sequence[bytes | None] = [None] * len(unique)
    if thumbnails is not None and kind != "text" and unique:
        pictures = thumbnails([test.inputs[row] for row in unique])
        if len(pictures) != len(unique):
            raise ValueError(f"Expected {len(unique)} thumbnails. Received: {len(pictures)}")
    return {
        row: Specimen(
            id=test.ids[row],
            true=test.class_names[test.labels[row]],
            predicted=test.class_names[test.predictions[row]],
            probability=_probability(test, row),
            probability_of_true=float(test.probabilities[row, test.labels[row]]),
            picture=data_uri(picture),
            text=shortened_text(test.inputs[row]) if kind == "text" else "",
        )
        for row, picture in zip(unique, pictures, strict=True)
    }


def _probability(test: Predictions, row: int) -> float:
    return float(test.probabilities[row, test.predictions[row]])


def data_uri(picture: Any) -> str:
    """Return a picture as a data URI; what is neither JPEG nor PNG is left out."""
    if picture is None:
        return ""
    media_type = next((name for magic, name in _MAGIC if picture.startswith(magic)), None)
    if media_type is None:
        return ""
    return f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"


def shortened_text(text: str) -> str:
    """A text of at most six hundred characters."""
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rstrip() + " …"
