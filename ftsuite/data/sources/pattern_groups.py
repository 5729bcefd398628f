"""Groups that the ids of examples name: frames of one video, pictures of one patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ftsuite.api import Examples
from ftsuite.data.sources.found import listed
from ftsuite.errors import ConfigError

# Keeps an example without a group, which is a group of its own, from meeting a group of that name.
ALONE = "\x00"


def grouped_by_pattern(examples: Examples, pattern: str, sources: Sequence[str] = ()) -> Examples:
    """Give each example the group that its id names.

    Args:
        examples: of any source.
        pattern: a regular expression, searched for in an id; its first group's match is the name of the example's
            group. An id that it does not fit, or whose match is empty, is a group of its own, with a note.
        sources: names of several sources, which ids begin with: they are no part of what is searched, so that a patient
            is one group whichever source they stand in.

    Raises:
        ConfigError: it fits no id at all.
    """
    expression = re.compile(pattern)
    if sources and examples.sources is not None:
        begins = [len(sources[number]) + len(":") for number in examples.sources.tolist()]
        found = [expression.search(one[begin:]) for one, begin in zip(examples.ids, begins, strict=True)]
    else:
        found = [expression.search(identifier) for identifier in examples.ids]
    names = [match.group(1) if match else None for match in found]
    unmatched = [identifier for identifier, name in zip(examples.ids, names, strict=True) if not name]
    if unmatched and len(unmatched) == len(names):
        raise ConfigError(
            f"Expected data.group_pattern to fit the ids of examples. Received: {pattern!r}, which fits none of "
            f"{len(names):,}, such as {listed(unmatched, 3)}.",
            "Write it for these ids; its first group in parentheses names the group.",
        )
    notes = [_groups_note(names)]
    if unmatched:
        notes.append(
            f"data.group_pattern does not fit {len(unmatched):,} of {len(names):,} ids, which are groups of their own: "
            f"{listed(unmatched, 3)}."
        )
    groups = tuple(name or f"{ALONE}{identifier}" for name, identifier in zip(names, examples.ids, strict=True))
    return replace(examples, groups=groups, notes=(*examples.notes, *notes))


def _groups_note(names: Sequence[str | None]) -> str:
    count = len({name for name in names if name})
    noun = "group" if count == 1 else "groups"
    return f"data.group_pattern finds {count:,} {noun} in the ids of {len(names):,} examples."
