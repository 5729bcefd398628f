"""The beginning of a text, or the part around something in it, on one line."""

from __future__ import annotations

LONGEST = 160


def excerpt(text: str, longest: int = LONGEST, around: int | None = None) -> str:
    """At most `longest` characters of a text, spaces joined, with an ellipsis where something is left out.

    Args:
        text: any.
        longest: characters.
        around: a place in the text that must be seen; None for its beginning.
    """
    start = 0 if around is None else max(0, around - longest // 2)
    part = text[start : start + 4 * longest]
    shown = " ".join(part.split())
    cut = len(shown) > longest or start + len(part) < len(text)
    return ("…" if start else "") + shown[:longest].rstrip() + ("…" if cut else "")
