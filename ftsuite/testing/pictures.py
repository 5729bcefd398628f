"""Tiny pictures that a small network learns in seconds: one colour a class, a grey level, or coloured bands."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image

CLASSES = ("blue jay", "cardinal", "goldfinch", "crow")
LABELS = ("blue", "red", "yellow")
_COLOURS = ((40, 70, 190), (200, 30, 40), (230, 200, 40), (25, 25, 30))
_DOTS = ((40, 70, 230), (230, 30, 40), (230, 210, 40))
_GREY = (120, 120, 120)
TABLE = "labels.csv"


def tiny_pictures(
    folder: str | Path,
    classes: Sequence[str] = CLASSES,
    per_class: int = 12,
    *,
    size: int = 40,
    seed: int = 0,
    numbers: tuple[float, float] | None = None,
    label_sets: Sequence[str] = (),
) -> Path:
    """Write noisy pictures, easy to tell apart and no two alike, to train on in seconds.

    Args:
        folder: to write into; made where it is not there.
        classes: a folder each, of one colour each.
        per_class: pictures of each class; with `numbers` or `label_sets` there are as many for each of `classes`,
            none of which is written.
        size: pixels; some pictures are up to six wider than high.
        seed: of the noise.
        numbers: the lowest and the highest of a number that each picture is labelled with, by how bright it is.
        label_sets: labels of which each picture has none, one or several, by the bands in it; at most three.

    Returns:
        What `data.source` can be: the folder of class folders, or of `numbers` and `label_sets` the table
        ``labels.csv`` in it, with the columns ``image`` and ``label``.

    Raises:
        ValueError: both `numbers` and `label_sets` are asked for, or more than three labels.

    >>> import tempfile
    >>> folder = tiny_pictures(tempfile.mkdtemp(), classes=("cat", "dog"), per_class=2)
    >>> sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    ['cat/000.png', 'cat/001.png', 'dog/000.png', 'dog/001.png']
    >>> table = tiny_pictures(tempfile.mkdtemp(), per_class=1, numbers=(0, 30))
    >>> print(table.read_text().splitlines()[:2])
    ['image,label', '000.png,0']
    """
    folder = Path(folder)
    rng = np.random.default_rng(seed)
    if numbers is not None and label_sets:
        raise ValueError("Expected either numbers or label_sets. Received: both.")
    if len(label_sets) > len(_DOTS):
        raise ValueError(f"Expected at most {len(_DOTS)} labels. Received: {len(label_sets)}.")
    if numbers is None and not label_sets:
        for place, name in enumerate(classes):
            (folder / name).mkdir(parents=True, exist_ok=True)
            for number in range(per_class):
                colour = np.asarray(_COLOURS[place % len(_COLOURS)]) // (1 + place // len(_COLOURS))
                _save(folder / name / f"{number:03d}.png", rng, colour, size, number)
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    count = per_class * len(classes)
    rows = []
    for number in range(count):
        path = folder / f"{number:03d}.png"
        if numbers is not None:
            share = number / max(count - 1, 1)
            _save(path, rng, np.full(3, 30 + 190 * share), size, number)
            rows.append((path.name, f"{numbers[0] + (numbers[1] - numbers[0]) * share:.6g}"))
        else:
            wanted = [place for place in range(len(label_sets)) if number >> place & 1]
            _save(path, rng, np.asarray(_GREY), size, number, wanted)
            rows.append((path.name, "|".join(label_sets[place] for place in wanted) or "none"))
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("image", "label"), *rows])
    return folder / TABLE


def _save(
    path: Path, rng: np.random.Generator, colour: np.ndarray, size: int, number: int, dots: Sequence[int] = ()
) -> None:
    noise = rng.normal(0, 45 if not dots else 20, size=(size, size + number % 7, 3))
    pixels = colour + noise
    for place in dots:
        # A band each, so that no two hide each other.
        band = slice(place * size // len(_DOTS), (place + 1) * size // len(_DOTS))
        pixels[band] = np.asarray(_DOTS[place]) + noise[band]
    PIL.Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
