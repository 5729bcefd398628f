"""A config as text for people: values that `load_config` reads, each with a comment that says why."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftsuite.config.dump import inline_yaml

_WIDTH = 110
_NARROWEST = 40


@dataclass(frozen=True)
class Entry:
    """One key of a config.

    Attributes:
        key: its name.
        value: plain data, or a tuple of `Entry`, which is a section.
        why: the reason; empty for none.
        is_suggestion: written as a comment, for the reader to take up.
    """

    key: str
    value: Any
    why: str = ""
    is_suggestion: bool = False


def commented_yaml(header: Sequence[str], entries: Sequence[Entry]) -> str:
    """The text of a config.

    Args:
        header: lines of the comment that it begins with.
        entries: in the order in which they stand.
    """
    lines = [f"# {one_line(text)}".rstrip() if text else "#" for text in header]
    for entry in entries:
        lines += _lines(entry, "")
    return "\n".join(lines) + "\n"


def one_line(text: str) -> str:
    """Text that stays in the comment that it is put into, whatever names from data it holds."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _lines(entry: Entry, indent: str) -> list[str]:
    why = one_line(entry.why)
    if isinstance(entry.value, tuple):
        body = [f"{indent}{inline_yaml(entry.key)}:"]
        for child in entry.value:
            body += _lines(child, indent + "  ")
        return [*_above(why, indent), *body]
    if _is_block(entry.value):
        body = [f"{indent}{inline_yaml(entry.key)}:", *(f"{indent}  - {inline_yaml(item)}" for item in entry.value)]
        return [*_above(why, indent), *body]
    mark = "# " if entry.is_suggestion else ""
    line = f"{indent}{mark}{inline_yaml(entry.key)}: {inline_yaml(entry.value)}"
    if not why:
        return [line]
    if len(line) + len(why) + 4 <= _WIDTH:
        return [f"{line}  # {why}"]
    return [*_above(why, indent), line]


def _above(why: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(why, max(_WIDTH - len(indent) - 2, _NARROWEST))]


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
