"""Tables of tiny texts that a small encoder learns in seconds, and the vocabulary that they are written in."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_POSITIVE = ("a warm and funny film", "great acting and a lovely story", "i loved every minute", "happy and clever")
_NEGATIVE = ("a dull and boring film", "poor acting and a silly story", "i hated every minute", "sad slow and stupid")
_FILLERS = ("the cast", "the music", "this evening", "my friends", "the camera", "its ending", "the first half")
LABELS = ("camera", "music", "story")
_MENTIONS = ("the camera was lovely", "the music was great", "the story was clever")


def tiny_vocabulary() -> list[str]:
    """Word pieces of the tiny texts and of all else letter by letter, special tokens first."""
    words = " ".join((*_POSITIVE, *_NEGATIVE, *_FILLERS)).split()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *[f"##{letter}" for letter in letters], *"0123456789.,!?'", *[f"##{n}" for n in range(10)]]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*words, *pieces])]


def tiny_reviews(count: int = 160, seed: int = 0) -> list[tuple[str, str]]:
    """Short reviews and their labels, ``neg`` and ``pos``: easy, of many lengths, none twice.

    >>> [label for _, label in tiny_reviews(4)]
    ['pos', 'neg', 'pos', 'neg']
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        positive = number % 2 == 0
        phrases = rng.choice(_POSITIVE if positive else _NEGATIVE, size=1 + number % 3)
        fillers = rng.choice(_FILLERS, size=number % 4)
        rows.append((" ".join([*phrases, *fillers, str(number)]), "pos" if positive else "neg"))
    return rows


def tiny_texts(
    path: str | Path,
    count: int = 160,
    *,
    seed: int = 0,
    numbers: tuple[float, float] | None = None,
    label_sets: Sequence[str] = (),
) -> Path:
    """Write a table of short texts, easy to tell apart and none twice, with the columns ``text`` and ``label``.

    Args:
        path: of the CSV file; its folder is made where it is not there.
        count: rows.
        seed: of the choice of words.
        numbers: the lowest and the highest of a number that each text is labelled with, by its share of praise; left
            out, labels are ``neg`` and ``pos``.
        label_sets: labels of which each text has none, one or several, by what it mentions; at most three.

    Returns:
        The path: what `data.source` can be.

    Raises:
        ValueError: both `numbers` and `label_sets` are asked for, or more than three labels.

    >>> import tempfile
    >>> table = tiny_texts(tempfile.mkdtemp() + "/reviews.csv", 2, label_sets=("camera", "music"))
    >>> print(table.read_text().splitlines()[0])
    text,label
    """
    path = Path(path)
    if numbers is not None and label_sets:
        raise ValueError("Expected either numbers or label_sets. Received: both.")
    if len(label_sets) > len(_MENTIONS):
        raise ValueError(f"Expected at most {len(_MENTIONS)} labels. Received: {len(label_sets)}.")
    rows = tiny_reviews(count, seed)
    if numbers is not None:
        rows = _numbered(count, seed, numbers)
    elif label_sets:
        rows = _mentioning(count, label_sets)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("text", "label"), *rows])
    return path


def _numbered(count: int, seed: int, numbers: tuple[float, float]) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        praises = number % 5
        phrases = [*rng.choice(_POSITIVE, size=praises), *rng.choice(_NEGATIVE, size=4 - praises)]
        label = numbers[0] + (numbers[1] - numbers[0]) * praises / 4
        rows.append((" ".join([*phrases, str(number)]), f"{label:.6g}"))
    return rows


def _mentioning(count: int, labels: Sequence[str]) -> list[tuple[str, str]]:
    rows = []
    for number in range(count):
        wanted = [place for place in range(len(labels)) if number >> place & 1]
        text = " ".join([*(_MENTIONS[place] for place in wanted), _FILLERS[number % len(_FILLERS)], str(number)])
        rows.append((text, "|".join(labels[place] for place in wanted) or "none"))
    return rows
