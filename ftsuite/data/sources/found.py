"""What a source found, before it is checked: rows, classes, bad files, and sentences for the reader."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftsuite.data.image_files import BadFile
from ftsuite.errors import DataError

# A value of `data.bad_files` that no config has: whoever looks at data, and trains on none, is told in
# `ftsuite.api.Examples.collected` what would stop a run.
COLLECT = "collect"


@dataclass(frozen=True, slots=True)
class Row:
    """One example as found.

    Attributes:
        id: stable and unique within the source.
        input: a picture's path, or a text.
        label: class name.
        split: official split: train, validation, test, or empty.
        group: examples of one group stay on one side of a split; None where no groups are known.
    """

    id: str
    input: str
    label: str
    split: str = ""
    group: str | None = None


@dataclass(slots=True)
class Found:
    """Everything a source found.

    Attributes:
        kind: ``image-file`` or ``text``.
        noun: what the rows are called in messages: files or rows.
        rows: usable so far.
        class_names: in the order of the model's outputs; classes without rows are errors or dropped.
        bad: what cannot be used, with reasons.
        notes: sentences for `Examples.notes`.
        has_splits: whether the source gives official splits.
        refusals: what a run would have been refused for, under `COLLECT`.
    """

    kind: str
    noun: str = "files"
    rows: list[Row] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    has_splits: bool = False
    refusals: list[str] = field(default_factory=list)

    def refuse(self, error: DataError, bad_files: str) -> None:
        """Raise `error`, or under `COLLECT` remember what it says."""
        if bad_files != COLLECT:
            raise error
        self.refusals.append(f"{error.message} {error.advice}".strip())


def listed(names: list[str], limit: int = 10) -> str:
    """Names in quotes, the first few of many, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown + (f" and {len(names) - limit:,} more" if len(names) > limit else "")
