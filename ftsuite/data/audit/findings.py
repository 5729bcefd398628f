"""What a check of a data set says: the one form that the page, the table, the JSON and the cleaned manifest show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Flagged:
    """One example, or several that belong together (copies of each other), that a check points at.

    Attributes:
        positions: into the audited `ftsuite.api.Examples`, the one to look at first in front.
        detail: one sentence for a person.
        score: how sure or how bad, larger is worse; what a check flags is given in falling order of it.
        suggested_class: the class that a wrong label most likely should have been; None where that is not the point.
        leave_out: those of `positions` that a cleaned manifest leaves out.
    """

    positions: tuple[int, ...]
    detail: str
    score: float | None = None
    suggested_class: str | None = None
    leave_out: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: its name, stable and with hyphens: ``near-duplicates-across-splits``.
        severity: ``error`` (figures would be wrong), ``warning`` (likely to harm), ``note`` (good to know).
        summary: a sentence with the number found and of how many.
        advice: what to do about it.
        flagged: the examples, worst first.
        bad_files: ``(path, reason)`` of files that are no examples since they cannot be read.
        figures: numbers behind the summary, plain values that JSON can hold.
    """

    check: str
    severity: Severity
    summary: str
    advice: str = ""
    flagged: tuple[Flagged, ...] = ()
    bad_files: tuple[tuple[str, str], ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
