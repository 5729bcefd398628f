"""Turns the markup that exports of reviews leave in texts back into plain text."""

from __future__ import annotations

import html
import re

# Only whole tags of these names, their attributes with values: "a < b and b > c" or "<3" are text.
_ATTRIBUTES = r"(?:\s+[A-Za-z][\w:.-]*=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>/]+))*"
_LINE_BREAK = re.compile(rf"[ \t]*</?br{_ATTRIBUTES}\s*/?>[ \t]*", re.IGNORECASE)
_PARAGRAPH = re.compile(rf"[ \t]*</?p{_ATTRIBUTES}\s*/?>[ \t]*", re.IGNORECASE)
_EMPHASIS = re.compile(rf"</?(?:b|i|em|strong|u){_ATTRIBUTES}\s*>", re.IGNORECASE)


def clean_html(text: str) -> str:
    r"""Text without HTML line breaks, paragraphs, emphasis and entities; all other text is left as it is.

    ``<br>`` and ``<p>`` become a line feed, ``<b>``, ``<i>``, ``<em>``, ``<strong>`` and ``<u>`` vanish, and entities
    (``&amp;``, ``&quot;``, ``&#39;``) become the characters they stand for. Text that holds neither ``&`` nor ``<``
    comes back unchanged.

    Args:
        text: of any length.
    """
    if "<" in text:
        text = _LINE_BREAK.sub("\n", text)
        text = _PARAGRAPH.sub("\n", text)
        text = _EMPHASIS.sub("", text)
    return html.unescape(text) if "&" in text else text
