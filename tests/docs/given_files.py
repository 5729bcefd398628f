"""What the commands of the pages find in their folder: made by name, in the current folder."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import PIL.Image

from tests.tiny import save_pictures, save_tiny_preset


def _photos() -> None:
    save_pictures(Path("photos"))


def _preset() -> None:
    save_tiny_preset(Path("tiny-preset"))


def _cardinal() -> None:
    _photos()
    PIL.Image.open("photos/cardinal/000.png").save("cardinal.jpg")


def _reviews() -> None:
    words = {"good": ("fine", "warm", "bright", "moving"), "bad": ("dull", "cold", "flat", "endless")}
    chosen = random.Random(0)
    with Path("reviews.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "stars"))
        for number in range(60):
            name = ("good", "bad")[number % 2]
            rows.writerow((f"Film {number}: {chosen.choice(words[name])} and {chosen.choice(words[name])}.", name))


GIVEN: Mapping[str, Callable[[], object]] = {
    "cardinal": _cardinal,
    "photos": _photos,
    "reviews": _reviews,
    "tiny-preset": _preset,
}
