"""What a preview shows: examples as the model will see them. The one form of the page, the sheet and the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# A smaller share of a target is label smoothing's or rounding's, and nobody's class.
_LEAST_SHARE = 0.005


@dataclass(frozen=True)
class Token:
    """A token as its vocabulary writes it; special ones stand for no text."""

    text: str
    is_special: bool = False


@dataclass(frozen=True)
class PreviewView:
    """One example once.

    Attributes:
        title: ``not augmented``, or the epoch.
        shares: of each class in its target, largest first; more than one where pictures are mixed.
        pixels: ``(height, width, 3)`` uint8; None for what is no picture.
        windows: of a text its tokens without padding, window by window.
        padding_share: of a text's row, how much of the batch's width it leaves empty.
        is_truncated: whether the model misses a part of the text.
    """

    title: str
    shares: tuple[tuple[str, float], ...] = ()
    pixels: np.ndarray | None = None
    windows: tuple[tuple[Token, ...], ...] = ()
    padding_share: float = 0.0
    is_truncated: bool = False

    @property
    def label_text(self) -> str:
        """The classes of the target, with their shares where there are several."""
        if len(self.shares) < 2:
            return self.shares[0][0] if self.shares else ""
        return ", ".join(f"{100 * share:.0f} % {name}" for name, share in self.shares)

    @property
    def is_mixed(self) -> bool:
        """Whether the target has more than one class."""
        return len(self.shares) > 1


@dataclass(frozen=True)
class PreviewExample:
    """One example.

    Attributes:
        id: of the example.
        label: name of its class; empty where there is none.
        views: the first of them not augmented.
    """

    id: str
    label: str
    views: tuple[PreviewView, ...]


@dataclass(frozen=True)
class Preview:
    """A whole preview.

    Attributes:
        job: name of the config.
        split: whose examples these are.
        examples: a few.
        facts: what holds for all of them, names and values.
        notes: what a reader must know, a sentence each.
    """

    job: str
    split: str
    examples: tuple[PreviewExample, ...]
    facts: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """What JSON can hold, without pixels."""
        return {
            "job": self.job,
            "split": self.split,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "examples": [
                {"id": each.id, "label": each.label, "views": [_plain_view(view) for view in each.views]}
                for each in self.examples
            ],
        }


def class_shares_of(target: np.ndarray, class_names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """The classes of a target ``(num_classes,)``, largest share first."""
    order = np.argsort(-target, kind="stable")
    return tuple((class_names[index], float(target[index])) for index in order if target[index] > _LEAST_SHARE)


def _plain_view(view: PreviewView) -> dict[str, Any]:
    told: dict[str, Any] = {"title": view.title, "shares": {name: round(share, 4) for name, share in view.shares}}
    if view.pixels is not None:
        told["pixels"] = list(view.pixels.shape[:2])
    if view.windows:
        told["tokens"] = [[token.text for token in window] for window in view.windows]
        told["padding_share"] = round(view.padding_share, 4)
        told["truncated"] = view.is_truncated
    return told
