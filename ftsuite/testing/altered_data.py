"""The data of a job with other validation and test examples, and the same training examples."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from ftsuite.config import source_text

# What is kept out is labelled otherwise by as much as no number within is.
_FACTOR, _OFFSET = 3.0, 100.0


def altered_elsewhere(prepared: Any, folder: Path) -> str:
    """Copy what `ftsuite.testing.job.make_data` wrote, changing every example that is not in the training split.

    Pictures become their negatives, texts get more words, and numbers that are labels become larger.

    Args:
        prepared: the job whose data and split they are.
        folder: to write; must not be there.

    Returns:
        The source of the copy.
    """
    form, _, place = source_text(prepared.config.data.source).partition(":")
    home = Path(place) if form == "folder" else Path(place).parent
    shutil.copytree(home, folder)
    held_out = {text for name in ("validation", "test") for text in prepared.parts[name].inputs}
    if prepared.examples.kind != "text":
        paths = [Path(text).resolve().relative_to(home.resolve()) for text in held_out]
        for path in paths:
            _negative(folder / path)
        changed = {path.as_posix() for path in paths}
    else:
        changed = held_out
    if form != "folder":
        _alter_table(folder / Path(place).name, changed)
        return f"{form}:{folder / Path(place).name}"
    return f"{form}:{folder}"


def _negative(path: Path) -> None:
    with PIL.Image.open(path) as picture:
        pixels = 255 - np.asarray(picture)
    PIL.Image.fromarray(pixels).save(path)


def _alter_table(path: Path, changed: set[str]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    new = [[_more(header[0], first), _larger(label)] if first in changed else [first, label] for first, label in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *new])


def _more(column: str, text: str) -> str:
    return f"{text} again and again and again" if column == "text" else text


def _larger(label: str) -> str:
    try:
        return f"{float(label) * _FACTOR + _OFFSET:.6g}"
    except ValueError:
        return label
