"""Data of many forms to look at: class folders of drawn pictures, and tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

Size = tuple[int, int]


def pictures(root: Path, counts: Mapping[str, int], size: Size = (40, 30), mode: str = "RGB", first: int = 0) -> Path:
    """A folder for each class with so many PNG files, no two of one content."""
    channels = {"RGB": 3, "L": 1}[mode]
    for at, (name, count) in enumerate(counts.items()):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            pixels = np.random.default_rng([at, number]).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
            PIL.Image.fromarray(pixels.squeeze()).save(folder / f"{name} {number}.png")
    return root


def table(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """A CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def sentences(count: int, words: int = 12) -> list[str]:
    """Texts, no two alike."""
    vocabulary = ["the", "film", "was", "good", "bad", "slow", "nice", "plot", "actors", "story", "music", "long"]
    random = np.random.default_rng(0)
    return [f"{number} " + " ".join(random.choice(vocabulary, words)) for number in range(count)]
