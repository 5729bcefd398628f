"""Makers of single pictures and readers of notes, for tests of data sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ftsuite.api import Examples


def picture(path: Path, seed: int | None = None) -> Path:
    """A small picture that is like no other one of another path."""
    seed = sum(str(path).encode()) * 7919 + len(str(path)) if seed is None else seed
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    endings = {".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP", ".tif": "TIFF"}
    Image.fromarray(pixels).save(path, format=endings.get(path.suffix.lower(), "PNG"))
    return path


def note_with(examples: Examples, words: str) -> str:
    (note,) = [note for note in examples.notes if words in note]
    return note
