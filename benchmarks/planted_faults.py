"""Makers of the faults that `planted_duplicates.py` plants: copies of pictures and texts, and broken files."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

PICTURE_EDITS = ("crop", "recompress", "flip", "resize", "brightness", "crop and flip", "crop to 70 %")
TEXT_EDITS = ("typo", "word replaced", "word added", "word left out", "case", "punctuation")
# Those that the promised recall is of; the others are measured beside them.
PROMISED_PICTURE_EDITS = PICTURE_EDITS[:3]


def edited_picture(path: Path, edit: str, rng: np.random.Generator) -> bytes:
    """A near duplicate of a picture as a JPEG of its own.

    Args:
        path: a picture file.
        edit: one of `PICTURE_EDITS`. A crop is a random box of 80 to 90 % of the area (70 %: 65 to 75 %) with sides
            that differ by up to 10 %; recompress is JPEG at quality 30 to 60; resize is to 0.5 to 1.5 of the sides;
            brightness is 0.8 to 1.2 times the values.
        rng: what is random is drawn from it.
    """
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    quality = 90
    if edit.startswith("crop"):
        picture = _cropped(picture, (0.65, 0.75) if "70" in edit else (0.8, 0.9), rng)
    if "flip" in edit:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if edit == "recompress":
        quality = int(rng.integers(30, 61))
    if edit == "resize":
        scale = rng.uniform(0.5, 1.5)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    if edit == "brightness":
        picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.8, 1.2))
    return _encoded(picture, "JPEG", quality=quality)


def same_pixels_elsewhere(path: Path) -> bytes:
    """The pixels of a picture as a PNG, without any metadata."""
    with Image.open(path) as opened:
        return _encoded(opened.convert("RGB"), "PNG")


def edited_text(text: str, edit: str, words: Sequence[str], rng: np.random.Generator) -> str:
    """A near duplicate of a text by one small edit (`TEXT_EDITS`); of more than 20 words by one for every 20.

    Args:
        text: at least two words.
        edit: one of `TEXT_EDITS`.
        words: where a new word is taken from.
        rng: what is random is drawn from it.
    """
    if edit == "case":
        return text.upper() if rng.random() < 0.5 else text.title()
    if edit == "punctuation":
        return " ".join(word for word in text.split() if any(letter.isalnum() for letter in word)) + " !!"
    changed = text.split()
    for _ in range(1 + len(changed) // 20):
        place = int(rng.integers(len(changed)))
        _WORD_EDITS[edit](changed, place, words, rng)
    return " ".join(changed)


def broken_files(whole: bytes) -> dict[str, bytes]:
    """Files that are no pictures any more, made of one that is: by what was done to it."""
    half = len(whole) // 2
    return {
        "cut": whole[:half],
        "zeroed": bytes(len(whole)),
        "zeroed-tail": whole[:half] + bytes(len(whole) - half),
        "text": b"<html><body>404 Not Found</body></html>",
        "empty": b"",
    }


def _cropped(picture: Image.Image, areas: tuple[float, float], rng: np.random.Generator) -> Image.Image:
    area, ratio = rng.uniform(*areas), rng.uniform(0.9, 1 / 0.9)
    width = min(1.0, np.sqrt(area * ratio))
    height = min(1.0, area / width)
    across, down = round(width * picture.width), round(height * picture.height)
    left, top = int(rng.integers(picture.width - across + 1)), int(rng.integers(picture.height - down + 1))
    return picture.crop((left, top, left + across, top + down))


def _encoded(picture: Image.Image, container: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, container, **options)
    return buffer.getvalue()


def _typo(changed: list[str], place: int, words: Sequence[str], rng: np.random.Generator) -> None:
    longer = [at for at, word in enumerate(changed) if len(word) > 3]
    place = longer[int(rng.integers(len(longer)))] if longer else place
    word, at = changed[place], int(rng.integers(len(changed[place])))
    letter = "abcdefghijklmnopqrstuvwxyz"[int(rng.integers(26))]
    changed[place] = (word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :], word[:at] + letter + word[at:])[
        int(rng.integers(3))
    ]


def _replace(changed: list[str], place: int, words: Sequence[str], rng: np.random.Generator) -> None:
    changed[place] = words[int(rng.integers(len(words)))]


def _add(changed: list[str], place: int, words: Sequence[str], rng: np.random.Generator) -> None:
    changed.insert(place, words[int(rng.integers(len(words)))])


def _leave_out(changed: list[str], place: int, words: Sequence[str], rng: np.random.Generator) -> None:
    del changed[place]


_WORD_EDITS: dict[str, Callable[[list[str], int, Sequence[str], np.random.Generator], None]] = {
    "typo": _typo,
    "word replaced": _replace,
    "word added": _add,
    "word left out": _leave_out,
}
