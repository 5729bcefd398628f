"""What the YAML parser finds, said so that somebody who does not know YAML's grammar can mend it."""

from __future__ import annotations

import re
from collections.abc import Callable

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from ftsuite.config.origins import Origin
from ftsuite.config.problems import Problem
from ftsuite.config.words import shorten

PlaceAt = Callable[[int, int], Origin]

# Pattern of the parser's own words -> what was expected, what to do. The first that fits is taken.
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    (r"character '\\t'", "YAML is indented with spaces, never with tabs.", "Replace the tab by spaces."),
    (
        r"undefined alias '(.+)'",
        "An alias must stand after the anchor that it repeats.",
        "Write the value out, or set the anchor with `&{0}` earlier; put text that begins with * in quotes.",
    ),
    (
        r"found another document",
        "A config is a single YAML document.",
        "Remove the second `---`, or make two files.",
    ),
    (
        r"mapping values are not allowed",
        "A `: ` may stand once in a plain line, and an entry begins at the column of its neighbours.",
        "Check the indentation and the space after each colon, here and in the line above; "
        "put text that holds `: ` in quotes.",
    ),
    (
        r"could not find expected ':'",
        "A key is followed by a colon and a space.",
        "Write `key: value`.",
    ),
    (
        r"unexpected end of stream|unexpected document separator",
        "A quoted text must be closed.",
        "Add the missing quote.",
    ),
    (
        r"expected ',' or '[\]}]'",
        "A `[` or `{{` must be closed, with a comma between the entries.",
        "Add the missing bracket or comma.",
    ),
    (
        r"expected the node content",
        "A value stands where one is due, and every bracket is closed.",
        "Add the missing value or bracket.",
    ),
    (
        r"found character '(.)' that cannot start",
        "A plain value cannot begin with this character.",
        "Put the value in quotes.",
    ),
    (
        r"expected <block end>",
        "The entries of one map or list begin at one column.",
        "Indent this line like its neighbours.",
    ),
    (
        r"unknown escape character",
        "A backslash in double quotes begins an escape that YAML knows.",
        "Use single quotes, or double the backslash.",
    ),
)


def explain(error: MarkedYAMLError, text: str, place_at: PlaceAt) -> Problem:
    """The problem that a parser's error stands for, with the line that it stumbled over."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    found = str(error.problem or error.context or "")
    # An unclosed quote or bracket is noticed only later; the place to mend is where it was opened.
    unclosed = re.search(r"end of stream|stream end|expected ',' or", found)
    if unclosed and error.context_mark is not None:
        line, column = error.context_mark.line, error.context_mark.column
    expected, advice = f"This is not YAML: {found}.", ""
    for pattern, known, hint in _EXPLANATIONS:
        match = re.search(pattern, found)
        if match:
            expected, advice = (
                known.replace("{{", "{"),
                hint.replace("{0}", match[1] if match.groups() else ""),
            )
            break
    return Problem(place_at(line + 1, column + 1), f"{expected} Received: {_line(text, line)}", advice)


def reader_problem(error: ReaderError, text: str, place_at: PlaceAt) -> Problem:
    """A character that no YAML file may hold: most often the file is not text at all."""
    position = min(max(int(getattr(error, "position", 0) or 0), 0), len(text))
    before = text[:position]
    line = before.count("\n") + 1
    character = getattr(error, "character", 0)
    code = character if isinstance(character, int) else ord(character[:1] or "\0")
    return Problem(
        place_at(line, position - (before.rfind("\n") + 1) + 1),
        f"Expected text without control characters. Received: character U+{code:04X}",
        "Remove the character; if the file is no text file, name another one.",
    )


def _line(text: str, index: int) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    shown = lines[index] if index < len(lines) else ""
    return shorten(shown) if shown.strip() else "the end of the text"
