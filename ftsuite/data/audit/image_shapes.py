"""Sizes, shapes and kinds of pictures that a model would see badly, or that take long to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged, Severity
from ftsuite.data.audit.picture_facts import PictureFacts, picture_facts
from ftsuite.data.audit.shortcuts import check_shortcuts

if TYPE_CHECKING:
    from ftsuite.api import Progress

TINY_PIXELS = 16
# Beyond this a square crop shows less than a third of the picture.
LONG_SIDE_RATIO = 3.0
# Of 255. A clear sky has about 5, a black frame of a camera below 1.
BLANK_DEVIATION = 1.5
# More than twice as large is more guessed than seen.
UPSCALING = 2.0
# Pictures are then 16 times as many pixels as the model sees: most of the time goes into decoding them.
WASTEFUL_SIDE_RATIO = 4.0
_COMMON_SHARE = 0.5
_MAIN_SHARE = 0.9


def check_image_shapes(
    examples: Examples, splits: np.ndarray, image_size: int | None = None, progress: Progress | None = None
) -> list[Finding]:
    """Look at every picture file for its size, shape, kind and whether it shows anything.

    Args:
        examples: of kind ``image-file``; of others nothing is found.
        splits: ``(n,)`` str.
        image_size: pixels of the model's input; None where that is not known.
        progress: told how many files were looked at.
    """
    if examples.kind != "image-file" or not len(examples):
        return []
    facts = picture_facts(examples.inputs, progress)
    known = [(at, fact) for at, fact in enumerate(facts) if fact is not None]
    if not known:
        return []
    findings = [
        *_blank(known),
        *_tiny(known),
        *_upscaled(known, image_size),
        *_long(known),
        *_kinds(known),
        *_rotated(known),
        *_wasteful(known, image_size),
        *check_shortcuts(examples, splits, facts),
    ]
    return [*findings, _overview(known, image_size)]


_Known = Sequence[tuple[int, PictureFacts]]


def _picked(
    known: _Known,
    is_odd: Callable[[PictureFacts], bool],
    score: Callable[[PictureFacts], float],
    detail: Callable[[PictureFacts], str],
) -> tuple[Flagged, ...]:
    flagged = [Flagged((at,), detail(fact), round(score(fact), 3)) for at, fact in known if is_odd(fact)]
    return tuple(sorted(flagged, key=lambda one: -(one.score or 0.0)))


def _blank(known: _Known) -> list[Finding]:
    flagged = _picked(
        known,
        lambda fact: fact.deviation < BLANK_DEVIATION,
        lambda fact: -fact.deviation,
        lambda fact: f"Its brightness varies by {fact.deviation:.1f} of 255.",
    )
    if not flagged:
        return []
    summary = f"{_of(len(flagged), known, 'shows', 'show')} next to nothing: one colour all over."
    return [Finding("blank-pictures", "warning", summary, "Leave them out: there is nothing to learn from.", flagged)]


def _tiny(known: _Known) -> list[Finding]:
    flagged = _picked(
        known,
        lambda fact: min(fact.width, fact.height) < TINY_PIXELS,
        lambda fact: -float(min(fact.width, fact.height)),
        _size,
    )
    if not flagged:
        return []
    summary = f"{_of(len(flagged), known)} less than {TINY_PIXELS} pixels wide or high."
    return [
        Finding("tiny-pictures", "warning", summary, "Replace or leave them out; icons are no photographs.", flagged)
    ]


def _upscaled(known: _Known, image_size: int | None) -> list[Finding]:
    if image_size is None:
        return []
    flagged = _picked(
        known,
        lambda fact: TINY_PIXELS <= min(fact.width, fact.height) < image_size / UPSCALING,
        lambda fact: image_size / min(fact.width, fact.height),
        lambda fact: f"{_size(fact)} It is enlarged {image_size / min(fact.width, fact.height):.1f} times.",
    )
    if not flagged:
        return []
    severity: Severity = "warning" if len(flagged) > _COMMON_SHARE * len(known) else "note"
    return [
        Finding(
            "upscaled-pictures",
            severity,
            f"{_of(len(flagged), known)} enlarged more than {UPSCALING:g} times to the model's {image_size} pixels.",
            "Take larger originals where there are any, or a smaller `options.image_size`, which also trains faster.",
            flagged,
            figures={"image_size": image_size},
        )
    ]


def _long(known: _Known) -> list[Finding]:
    flagged = _picked(
        known,
        lambda fact: _ratio(fact) > LONG_SIDE_RATIO,
        _ratio,
        lambda fact: f"{_size(fact)} One side is {_ratio(fact):.1f} times the other.",
    )
    if not flagged:
        return []
    return [
        Finding(
            "long-pictures",
            "note",
            f"{_of(len(flagged), known)} more than {LONG_SIDE_RATIO:g} times as long as wide.",
            "See that what matters survives the crop to a square, or cut them to it.",
            flagged,
        )
    ]


def _kinds(known: _Known) -> list[Finding]:
    """Pictures of another kind than nearly all others: grey among coloured, CMYK, transparent, 16 bits."""
    kinds = [_kind(fact) for _, fact in known]
    counts = Counter(kinds)
    main, most = counts.most_common(1)[0]
    if len(counts) == 1:
        return []
    flagged = tuple(
        Flagged((at,), f"It is {kind}.", 1 - counts[kind] / len(known))
        for (at, _), kind in zip(known, kinds, strict=True)
        if kind != main and most >= _MAIN_SHARE * len(known)
    )
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())
    return [
        Finding(
            "kinds-of-pictures",
            "note",
            f"The pictures are of {len(counts)} kinds: {told}.",
            "All are read as three channels: transparency is laid on white, grey is repeated. See that no class has a "
            "kind of its own.",
            tuple(sorted(flagged, key=lambda one: -(one.score or 0.0))),
            figures=dict(counts),
        )
    ]


def _rotated(known: _Known) -> list[Finding]:
    flagged = _picked(known, lambda fact: fact.orientation != 1, lambda fact: 0.0, _turned)
    if not flagged:
        return []
    return [
        Finding(
            "turned-pictures",
            "note",
            f"{_of(len(flagged), known)} stored turned or mirrored, with a mark in the EXIF data.",
            "Nothing: they are turned upright when they are read. Other programs may not do so.",
            flagged,
        )
    ]


def _wasteful(known: _Known, image_size: int | None) -> list[Finding]:
    if image_size is None:
        return []
    sides = np.array([min(fact.width, fact.height) for _, fact in known])
    share = float(np.mean(sides > WASTEFUL_SIDE_RATIO * image_size))
    if share <= _COMMON_SHARE:
        return []
    return [
        Finding(
            "oversized-pictures",
            "note",
            f"{share:.0%} of the pictures are more than {WASTEFUL_SIDE_RATIO:g} times the model's {image_size} pixels; "
            f"half of them have a shorter side of at least {int(np.median(sides)):,}.",
            "Scale a copy of them down to about twice the model's size once: decoding them takes most of an epoch.",
            figures={"share": share, "median_short_side": int(np.median(sides))},
        )
    ]


def _overview(known: _Known, image_size: int | None) -> Finding:
    widths = np.array([fact.width for _, fact in known])
    heights = np.array([fact.height for _, fact in known])
    sizes = len({(fact.width, fact.height) for _, fact in known})
    low, middle, high = (int(value) for value in np.percentile(np.minimum(widths, heights), [5, 50, 95]))
    model = f" The model sees {image_size} pixels." if image_size else ""
    return Finding(
        "picture-sizes",
        "note",
        f"{len(known):,} pictures of {sizes:,} {'size' if sizes == 1 else 'sizes'}; the shorter side is {middle:,} "
        f"pixels in the median, {low:,} to {high:,} for nine in ten.{model}",
        figures={
            "widths": _quantiles(widths),
            "heights": _quantiles(heights),
            "formats": dict(Counter(fact.format for _, fact in known).most_common()),
            "modes": dict(Counter(fact.mode for _, fact in known).most_common()),
            "sizes": sizes,
            "image_size": image_size,
            "points": [[int(fact.width), int(fact.height)] for _, fact in _thinned(known)],
        },
    )


def _thinned(known: _Known, most: int = 1500) -> _Known:
    """Evenly spaced, enough for a plot."""
    return known if len(known) <= most else [known[at] for at in np.linspace(0, len(known) - 1, most).astype(int)]


def _quantiles(values: np.ndarray) -> dict[str, int]:
    names = ("minimum", "p5", "median", "p95", "maximum")
    return {name: int(value) for name, value in zip(names, np.percentile(values, [0, 5, 50, 95, 100]), strict=True)}


def _kind(fact: PictureFacts) -> str:
    if fact.mode in ("RGB", "P", "YCbCr", "LAB", "HSV"):
        return "coloured" if fact.colourful else "grey"
    if fact.mode in ("L", "1", "I;16", "I;16B", "I", "F"):
        return "16-bit grey" if fact.mode.startswith(("I", "F")) else "grey"
    return {"RGBA": "with transparency", "LA": "with transparency", "PA": "with transparency"}.get(fact.mode, fact.mode)


def _ratio(fact: PictureFacts) -> float:
    return max(fact.width, fact.height) / max(min(fact.width, fact.height), 1)


def _size(fact: PictureFacts) -> str:
    return f"It has {fact.width:,} x {fact.height:,} pixels."


def _turned(fact: PictureFacts) -> str:
    turns = {2: "mirrored", 3: "upside down", 4: "mirrored and upside down", 6: "on its side", 8: "on its side"}
    return f"It is stored {turns.get(fact.orientation, 'mirrored and on its side')}."


def _of(count: int, known: _Known, one: str = "is", many: str = "are") -> str:
    return f"{count:,} of {len(known):,} pictures {one if count == 1 else many}"
