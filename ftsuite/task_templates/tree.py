"""A folder drawn as a tree, with a few words for what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_GAP = 2


def drawn_tree(top: str, entries: Mapping[str, str]) -> Sequence[str]:
    r"""Lines of a tree.

    Args:
        top: the first line.
        entries: paths below it, with ``/`` between their parts and at the end of a folder, to words; folders on the way
            need none.

    >>> print(*drawn_tree("birds/", {"a.py": "code", "tests/b.py": "", "data/": "pictures"}), sep="\n")
    birds/
    ├── a.py      code
    ├── tests/
    │   └── b.py
    └── data/     pictures
    """
    rows = [(top, ""), *_below("", entries)]
    width = max(len(line) for line, words in rows if words) + _GAP if any(words for _, words in rows) else 0
    return [f"{line:<{width}}{words}" if words else line for line, words in rows]


def _below(indent: str, entries: Mapping[str, str]) -> list[tuple[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path, words in entries.items():
        head, slash, rest = path.partition("/")
        found.setdefault(head + slash, {})[rest] = words
    rows: list[tuple[str, str]] = []
    for place, (name, inside) in enumerate(found.items()):
        last = place == len(found) - 1
        rows.append((f"{indent}{'└── ' if last else '├── '}{name}", inside.pop("", "")))
        rows += _below(indent + ("    " if last else "│   "), inside)
    return rows
