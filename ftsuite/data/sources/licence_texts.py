"""The catalogue's software licences: a file each, YAML front matter between lines of dashes, then the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ftsuite.data.sources.found import Found, Row, listed
from ftsuite.data.sources.licence_families import THRESHOLD, licence_families
from ftsuite.data.sources.small_classes import leave_out_small_classes
from ftsuite.errors import DataError

_FENCE = "---"
# Read by lines and not by a YAML reader, which takes three seconds for 2,310 files; these two are plain words.
_FIELD = re.compile(r"^(key|category|language): +(['\"]?)(.+?)\2 *$", re.MULTILINE)


def read_licences(folder: Path) -> Found:
    """Licences of an asset's folder: class = category, id = key, group = family.

    Licences without a text are left out with a note, and so are categories of too few families.

    Raises:
        DataError: no licences, or a file without the front matter that is expected.
    """
    paths = sorted(folder.glob("*.LICENSE"), key=lambda path: path.name)
    if not paths:
        raise DataError(f"Expected files that end in .LICENSE. Received: {str(folder)!r}, which holds none.")
    found = Found(kind="text", noun="licences")
    empty, foreign = [], 0
    for path in paths:
        fields, text = read_licence(path)
        if not text:
            empty.append(fields["key"])
            continue
        foreign += "language" in fields
        found.rows.append(Row(fields["key"], text, fields["category"]))
    if empty:
        found.notes.append(f"Left out {len(empty):,} of {len(paths):,} licences without a text: {listed(empty, 5)}.")
    if foreign:
        found.notes.append(f"{foreign:,} licences are in another language than English.")
    families = licence_families([row.id for row in found.rows], [row.input for row in found.rows])
    found.rows[:] = [replace(row, group=family) for row, family in zip(found.rows, families, strict=True)]
    found.class_names = sorted({row.label for row in found.rows})
    leave_out_small_classes(found, "licence families")
    found.notes.append(_families_note([str(row.group) for row in found.rows]))
    return found


def read_licence(path: Path) -> tuple[dict[str, str], str]:
    """The front matter's key, category and (where there is one) language, and the text without outer space.

    Raises:
        DataError: not UTF-8, no front matter, or one without key and category.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        end = lines.index(_FENCE, 1) if lines[0] == _FENCE else 0
    except (OSError, ValueError) as error:  # a UnicodeDecodeError is a ValueError
        raise _unexpected(path, "cannot be read, or has no second line of dashes") from error
    if not end:
        raise _unexpected(path, "does not begin with a line of three dashes")
    fields = {name: value for name, _, value in _FIELD.findall("\n".join(lines[1:end]))}
    missing = [name for name in ("key", "category") if name not in fields]
    if missing:
        raise _unexpected(path, f"has no {missing[0]!r} in its front matter")
    if fields["key"] != path.name.removesuffix(".LICENSE"):
        raise _unexpected(path, f"says that its key is {fields['key']!r}")
    return fields, "\n".join(lines[end + 1 :]).strip()


def _families_note(families: Sequence[str]) -> str:
    counts = Counter(families)
    largest, size = max(counts.items(), key=lambda item: (item[1], item[0]))
    return (
        f"The {len(families):,} texts form {len(counts):,} licence families, which a split keeps whole: those of one "
        f"name stem, and those whose texts are alike (TF-IDF cosine of at least {THRESHOLD}). The largest, "
        f"{largest!r}, holds {size:,}."
    )


def _unexpected(path: Path, fault: str) -> DataError:
    return DataError(
        "Expected a licence in UTF-8: YAML front matter with key and category between lines of three dashes, then "
        f"the text. Received: {path}, which {fault}.",
        "Pull the data set again: ftsuite assets pull --force licence-texts",
    )
