"""The cleaned manifest: what an audit would leave out because nothing is lost by it, and what a person may decide."""

from __future__ import annotations

from collections.abc import Sequence

from ftsuite.api import Examples
from ftsuite.data.audit.csv_text import csv_text
from ftsuite.data.audit.findings import Finding
from ftsuite.data.sources.manifest import COLUMNS, KEEP, LEAVE_OUT

# Only of these a manifest leaves out anything by itself: of exactly equal contents nothing is lost, and of several
# labels at most one can be right.
_SURE_CHECKS = "exact-copies"
# These say something of a class, and nothing of one of its examples.
_OF_CLASSES = frozenset({"one-example-classes", "small-classes"})
_LONGEST_REASON = 300


def leaves_out(finding: Finding) -> bool:
    """Whether a cleaned manifest does by itself what a finding suggests."""
    return finding.check.startswith(_SURE_CHECKS) or bool(finding.bad_files)


def cleaned_manifest(
    examples: Examples, findings: Sequence[Finding], bad_files: Sequence[tuple[str, str, str]]
) -> tuple[str, int]:
    """Write the manifest of a data set's audit.

    Bad files, exact copies and exact copies under several labels are left out. All else is kept: what else an audit
    says of an example stands in the column ``reason``, and the class that it more likely belongs to in
    ``suggested_label``.

    Args:
        examples: that were audited.
        findings: of the audit.
        bad_files: ``(id, path, reason)`` of what cannot be read.

    Returns:
        The text of a CSV with the columns of `ftsuite.data.sources.manifest`, and how many of its rows leave something
        out.
    """
    left_out: set[int] = set()
    reasons: dict[int, list[str]] = {}
    suggested: dict[int, str] = {}
    for finding in findings:
        sure = leaves_out(finding)
        for flagged in finding.flagged:
            left_out.update(flagged.leave_out if sure else ())
            for position in () if finding.check in _OF_CLASSES else flagged.positions:
                reasons.setdefault(position, []).append(f"{finding.check}: {flagged.detail}")
            if flagged.suggested_class is not None and len(flagged.positions) == 1:
                suggested.setdefault(flagged.positions[0], flagged.suggested_class)
    rows: list[Sequence[str]] = [COLUMNS]
    rows += [
        [identifier, "", LEAVE_OUT, "", "", _one_line(f"bad-files: {reason}")] for identifier, _, reason in bad_files
    ]
    for position, identifier in enumerate(examples.ids):
        action = LEAVE_OUT if position in left_out else KEEP
        label = examples.class_names[int(examples.labels[position])]
        said = _one_line("; ".join(reasons.get(position, ())))
        rows.append([identifier, examples.content_hashes[position], action, label, suggested.get(position, ""), said])
    return csv_text(rows), len(left_out) + len(bad_files)


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST_REASON else joined[: _LONGEST_REASON - 1] + "…"
