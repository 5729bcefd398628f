"""Tiny things that tests train on, by the names that they go by here; `ftsuite.testing` makes them."""

from __future__ import annotations

from pathlib import Path

from ftsuite.testing.backbones import tiny_image_backbone as tiny_efficientnet
from ftsuite.testing.backbones import tiny_image_preset as save_tiny_preset
from ftsuite.testing.backbones import tiny_text_preset as save_tiny_text_preset
from ftsuite.testing.pictures import tiny_pictures
from ftsuite.testing.texts import tiny_reviews, tiny_texts, tiny_vocabulary

__all__ = [
    "save_pictures",
    "save_reviews",
    "save_tiny_preset",
    "save_tiny_text_preset",
    "tiny_efficientnet",
    "tiny_reviews",
    "tiny_vocabulary",
]


def save_pictures(folder: Path, per_class: int = 12, seed: int = 0, pixels: int = 40) -> Path:
    """Write class folders of noisy pictures in one colour a class; easy, but not the same picture twice."""
    return tiny_pictures(folder, per_class=per_class, seed=seed, size=pixels)


def save_reviews(path: Path, count: int = 160, seed: int = 0) -> Path:
    """Write `tiny_reviews` as CSV with the columns text and label."""
    return tiny_texts(path, count, seed=seed)
