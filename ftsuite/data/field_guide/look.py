"""What one bird wears: the colours of its parts, resolved and varied a little, and its marks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ftsuite.data.field_guide.guide import FALLS_BACK_ON, Colours, Marks, Species
from ftsuite.data.field_guide.pen import Points, Rgb

_PARTS = tuple(Colours.model_fields)


@dataclass(frozen=True)
class Look:
    """One bird's plumage, ready to paint: a colour for every part, the marks, and how glossy it is."""

    parts: dict[str, Rgb]
    marks: Marks
    gloss: float

    def part(self, name: str) -> Rgb:
        """The colour of a body part, red, green, blue in 0 to 255."""
        return self.parts[name]


def draw_look(random: np.random.Generator, species: Species) -> Look:
    """One of the species' plumages, a little lighter or darker, fresher or duller, as no two birds are alike."""
    plumages = tuple(species.plumages.values())
    shares = np.cumsum([plumage.share for plumage in plumages])
    plumage = plumages[int(np.searchsorted(shares, random.random() * shares[-1]))]
    tone, fresh = random.normal(1.0, 0.055), min(1.1, random.normal(0.98, 0.1))
    colours = _table(plumage.colours)
    grey = colours.mean(axis=1, keepdims=True)
    varied = np.minimum(np.maximum((grey + (colours - grey) * fresh) * tone, 0.0), 252.0)
    parts: dict[str, Rgb] = {name: (row[0], row[1], row[2]) for name, row in zip(_PARTS, varied.tolist(), strict=True)}
    return Look(parts=parts, marks=plumage.marks, gloss=plumage.gloss)


def resolve(colours: Colours, name: str) -> Rgb:
    """The colour of a part as the guide gives it, after following the neighbours that it falls back on."""
    while (colour := getattr(colours, name)) is None:
        name = FALLS_BACK_ON[name]
    red, green, blue = colour
    return (red, green, blue)


@lru_cache(maxsize=256)
def _table(colours: Colours) -> Points:
    """Colours of all parts, (parts, 3), resolved once for a plumage."""
    return np.array([resolve(colours, name) for name in _PARTS])
