"""Small data that a new task trains on at once: pictures of shapes and short texts, the same ones every time."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

SHAPES = ("circle", "square", "triangle")
PIXELS = 96
_PER_SHAPE = 40
_PICTURES = 120
_TEXTS = 120

_OPENINGS = ("Hello,", "Good morning,", "Hi there,", "Dear team,", "Please help:", "A question:", "Once more:")
_TOPICS = {
    "delivery": (
        "my parcel has not arrived",
        "the courier left the box with a neighbour",
        "when will my order be shipped",
        "the tracking page shows nothing",
        "can you send it to another address",
    ),
    "payment": (
        "I was charged twice",
        "the invoice shows the wrong amount",
        "my card was declined",
        "when do I get my money back",
        "can I pay by bank transfer",
    ),
    "account": (
        "I forgot my password",
        "please delete my account",
        "I cannot sign in any more",
        "how do I change my e-mail address",
        "someone else uses my login",
    ),
}
_ENDINGS = ("Thank you.", "Best wishes.", "It is urgent.", "Please answer soon.", "What can I do?", "")


def write_shapes(folder: Path) -> None:
    """Pictures of one shape each, in a folder for each shape."""
    draw = random.Random(0)
    for shape in SHAPES:
        (folder / shape).mkdir()
        for number in range(_PER_SHAPE):
            _picture(draw, [(shape, draw.uniform(0.3, 0.8))]).save(folder / shape / f"{number:02d}.png")


def write_discs(folder: Path) -> None:
    """Pictures of a disc each, and ``discs.csv`` with the columns ``image`` and ``diameter_pixels``."""
    draw = random.Random(0)
    rows = []
    for number in range(_PICTURES):
        diameter = draw.randint(12, 80)
        _picture(draw, [("circle", diameter / PIXELS)]).save(folder / f"{number:03d}.png")
        rows.append((f"{number:03d}.png", diameter))
    _write_table(folder / "discs.csv", ("image", "diameter_pixels"), rows)


def write_shape_sets(folder: Path) -> None:
    """Pictures that hold some of the shapes, and ``shapes.csv`` with ``image`` and ``label``: ``circle|square``."""
    draw = random.Random(0)
    rows = []
    for number in range(_PICTURES):
        held = [shape for shape in SHAPES if draw.random() < 0.5]
        _picture(draw, [(shape, draw.uniform(0.25, 0.4)) for shape in held]).save(folder / f"{number:03d}.png")
        rows.append((f"{number:03d}.png", "|".join(held) or "none"))
    _write_table(folder / "shapes.csv", ("image", "label"), rows)


def write_texts(folder: Path) -> None:
    """``texts.csv`` with the columns ``text`` and ``label``; no text twice."""
    draw = random.Random(0)
    rows: dict[str, str] = {}
    while len(rows) < _TEXTS:
        label = tuple(_TOPICS)[len(rows) % len(_TOPICS)]
        parts = (draw.choice(_OPENINGS), draw.choice(_TOPICS[label]) + ".", draw.choice(_ENDINGS))
        rows.setdefault(" ".join(parts).strip(), label)
    _write_table(folder / "texts.csv", ("text", "label"), rows.items())


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def _picture(draw: random.Random, shapes: Sequence[tuple[str, float]]) -> Any:
    """Shapes, each as wide as a share of the picture, in any colours; several lie in quarters of their own."""
    import PIL.Image
    import PIL.ImageDraw

    ground = draw.randint(150, 255)
    picture = PIL.Image.new("RGB", (PIXELS, PIXELS), (ground, ground, draw.randint(150, 255)))
    pen = PIL.ImageDraw.Draw(picture)
    quarters = draw.sample([(0, 0), (0, 1), (1, 0), (1, 1)], 4)
    for (shape, share), (column, row) in zip(shapes, quarters, strict=False):
        room = PIXELS if len(shapes) == 1 else PIXELS // 2
        width = share * PIXELS
        left = column * room * (len(shapes) > 1) + draw.uniform(0, room - width)
        top = row * room * (len(shapes) > 1) + draw.uniform(0, room - width)
        colour = tuple(draw.randint(0, 140) for _ in range(3))
        box = (left, top, left + width, top + width)
        if shape == "circle":
            pen.ellipse(box, fill=colour)
        elif shape == "square":
            pen.rectangle(box, fill=colour)
        else:
            pen.polygon([(left, top + width), (left + width, top + width), (left + width / 2, top)], fill=colour)
    return picture
