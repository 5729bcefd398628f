"""Damage to texts on their way: bytes read in a wrong encoding, lost characters, control characters, HTML entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged, Severity
from ftsuite.data.audit.text_excerpts import excerpt

_REPLACEMENT = re.compile("\ufffd")
# Tab, line feed and carriage return are no damage; C1 controls mostly are Windows-1252 read as Latin-1.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ADVICE = "Read the source file in its right encoding once more, or repair the texts (`ftfy.fix_text` does most of it)."


@dataclass(frozen=True, slots=True)
class _Damage:
    """A kind of damage: what finds it in a text, giving the place or None."""

    check: str
    severity: Severity
    verbs: tuple[str, str]
    words: str
    advice: str
    find: Callable[[str], int | None]


def check_text_encoding(examples: Examples) -> list[Finding]:
    """Look for damaged characters in every text.

    Args:
        examples: of kind ``text``; of others nothing is found.
    """
    if examples.kind != "text":
        return []
    kinds = (
        _Damage(
            "mojibake",
            "warning",
            ("was", "were"),
            "read in a wrong encoding somewhere (as “cafÃ©”)",
            _ADVICE,
            mojibake_at,
        ),
        _Damage(
            "lost-characters",
            "warning",
            ("holds", "hold"),
            "the mark of a lost character (“\ufffd”)",
            _ADVICE,
            _first(_REPLACEMENT),
        ),
        _Damage("control-characters", "note", ("holds", "hold"), "control characters", _ADVICE, _first(_CONTROL)),
        _Damage(
            "html-entities",
            "note",
            ("holds", "hold"),
            "HTML entities (as “&amp;”)",
            "Text tasks turn them into characters (`options.clean_html`); texts for other programs want "
            "`html.unescape`.",
            _first(_ENTITY),
        ),
    )
    places: list[list[tuple[int, int]]] = [[] for _ in kinds]
    for position, text in enumerate(examples.inputs):
        for found, kind in zip(places, kinds, strict=True):
            at = kind.find(text)
            if at is not None:
                found.append((position, at))
    return [_finding(kind, found, examples) for kind, found in zip(kinds, places, strict=True) if found]


def mojibake_at(text: str) -> int | None:
    """Where a text holds what UTF-8 becomes when it is read in a one-byte encoding; None where it does not."""
    from ftfy import fix_encoding
    from ftfy.badness import BADNESS_RE, is_bad

    if text.isascii() or not is_bad(text):
        return None
    # What has no better reading is odd and not known to be damaged; control characters have a check of their own.
    printable = _CONTROL.sub("", text)
    if fix_encoding(printable) == printable:
        return None
    match = BADNESS_RE.search(text)
    return match.start() if match else 0


def _first(pattern: re.Pattern[str]) -> Callable[[str], int | None]:
    def find(text: str) -> int | None:
        match = pattern.search(text)
        return match.start() if match else None

    return find


def _finding(kind: _Damage, found: list[tuple[int, int]], examples: Examples) -> Finding:
    return Finding(
        kind.check,
        kind.severity,
        f"{len(found):,} of {len(examples):,} texts {kind.verbs[len(found) > 1]} {kind.words}.",
        kind.advice,
        tuple(_flagged(found, examples)),
    )


def _flagged(found: list[tuple[int, int]], examples: Examples) -> Iterator[Flagged]:
    for position, at in found:
        shown = excerpt(examples.inputs[position], 120, at)
        yield Flagged((position,), _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", shown))
