"""From a model's features to what a person can look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ftsuite.errors import ConfigError
from ftsuite.models.text_tokenizers import TextTokenizer
from ftsuite.report.preview_content import PreviewView, Token

# Bicubic resizing overshoots 0 and 255 at hard edges.
_SLACK = 64.0


def picture_views(features: Any, titles: Sequence[str]) -> tuple[list[PreviewView], str]:
    """Pictures as the training model gets them.

    Args:
        features: the one array ``(n, height, width, channels)`` of a task, or a mapping that holds one.
        titles: one for all.

    Returns:
        A view an example, and how its values were made visible; empty where they are the usual 0 to 255.

    Raises:
        ConfigError: the features hold no picture.
    """
    array = _picture_array(features)
    low, high = float(array.min()), float(array.max())
    said = ""
    if low < -_SLACK or high > 255.0 + _SLACK or (high <= 4.0 and array.dtype.kind == "f" and high > low):
        # The task normalises by itself, and only it knows how: contrast is kept, the absolute values are not.
        array = (array - low) * (255.0 / (high - low))
        said = f"The task gives values from {low:.3g} to {high:.3g}; they are stretched to be seen."
    pixels = np.clip(np.round(array), 0, 255).astype(np.uint8)
    if pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)
    return [PreviewView(title, pixels=each) for title, each in zip(titles, pixels, strict=True)], said


def text_views(features: Any, titles: Sequence[str], tokenizer: TextTokenizer) -> list[PreviewView]:
    """Texts as the model reads them.

    Raises:
        ConfigError: the features are no rows of tokens.
    """
    if not isinstance(features, Mapping) or not {"token_ids", "padding_mask"} <= set(features):
        raise _nothing_to_see(features)
    pieces, special = tokenizer.pieces(), frozenset(tokenizer.special_ids)
    truncated = features.get("truncated", np.zeros(len(features["token_ids"]), bool))
    views = []
    for title, ids, mask, is_cut in zip(
        titles, features["token_ids"], features["padding_mask"], truncated, strict=True
    ):
        rows = [(ids, mask)] if ids.ndim == 1 else list(zip(ids, mask, strict=True))
        windows = tuple(
            tuple(Token(pieces[number], int(number) in special) for number in row[seen]) for row, seen in rows
        )
        views.append(
            PreviewView(
                title,
                windows=tuple(window for window in windows if window),
                padding_share=float(1.0 - mask.mean()),
                is_truncated=bool(is_cut),
            )
        )
    return views


def _picture_array(features: Any) -> np.ndarray:
    arrays = list(features.values()) if isinstance(features, Mapping) else [features]
    pictures = [array for array in map(np.asarray, arrays) if array.ndim == 4 and array.shape[-1] in (1, 3)]
    if len(pictures) != 1:
        raise _nothing_to_see(features)
    return pictures[0]


def _nothing_to_see(features: Any) -> ConfigError:
    shapes = {name: np.shape(array) for name, array in features.items()} if isinstance(features, Mapping) else features
    shown = shapes if isinstance(shapes, dict) else np.shape(shapes)
    return ConfigError(
        f"A preview shows tasks whose features are one picture or rows of tokens. Received: features of the shape "
        f"{shown}.",
        "Look at what the task's own `preprocess` gives.",
    )
