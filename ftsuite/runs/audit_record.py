"""The record of an audit: everything that it found as plain values, which audit.json holds and the page shows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ftsuite import __version__
from ftsuite.config import source_text
from ftsuite.data.audit.cleaned import leaves_out
from ftsuite.data.audit.findings import SEVERITIES, Finding, Flagged
from ftsuite.runs.audit import Audit
from ftsuite.runs.begin import job_name

# Raised when a key of the record changes its meaning or goes.
FORMAT = 1
_SPLITS = ("train", "validation", "test")


def audit_record(audit: Audit, now: datetime.datetime | None = None) -> dict[str, Any]:
    """The content of audit.json.

    Keys: ``format``, ``ftsuite`` (version), ``config``, ``task``, ``source``, ``seed``, ``created`` (local time),
    examples by split, empty classes, bad files, and the outputs of a task without classes), ``notes``, ``checks`` and
    ``findings``, whose ``flagged`` name examples by id; ``predictions`` of cross-validations, where any were named.

    Args:
        audit: what was found.
        now: when; a test gives its own.
    """
    config = audit.loaded.config
    moment = (now or datetime.datetime.now()).replace(microsecond=0)
    record = {
        "format": FORMAT,
        "ftsuite": __version__,
        "config": job_name(audit.loaded),
        "task": config.task,
        "source": source_text(config.data.source),
        "seed": config.seed,
        "created": moment.isoformat(),
        "seconds": round(audit.seconds, 1),
        "quick": audit.quick,
        "counts": {severity: audit.count(severity) for severity in SEVERITIES},
        "data": _data(audit),
        "notes": [*audit.loaded.notes, *audit.examples.notes, *_told(audit)],
        "checks": [
            {
                "name": check.name,
                "title": check.title,
                "state": check.state,
                "reason": check.reason,
                "seconds": round(check.seconds, 2),
                "findings": check.findings,
            }
            for check in audit.checks
        ],
        "findings": [_finding(finding, audit) for finding in audit.findings],
        **({} if audit.predictions is None else {"predictions": audit.predictions.facts()}),
    }
    return {key: plain(value) for key, value in record.items()}


def flagged_count(finding: Finding) -> int:
    """How many examples and bad files a finding points at."""
    return len({position for flagged in finding.flagged for position in flagged.positions}) + len(finding.bad_files)


def _told(audit: Audit) -> tuple[str, ...]:
    return () if audit.predictions is None else (audit.predictions.note(),)


def _data(audit: Audit) -> dict[str, Any]:
    examples, splits = audit.examples, audit.splits
    by_split = {
        split: np.bincount(examples.labels[splits == split], minlength=len(examples.class_names)) for split in _SPLITS
    }
    classes: dict[str, dict[str, int]] = {
        name: {split: int(by_split[split][label]) for split in _SPLITS}
        for label, name in enumerate(examples.class_names)
    }
    classes |= {name: dict.fromkeys(_SPLITS, 0) for name in audit.empty_classes}
    return {
        "kind": examples.kind,
        "examples": len(examples),
        "bad_files": len(audit.collected.bad_files),
        "splits": {split: int(counts.sum()) for split, counts in by_split.items()},
        "official_splits": examples.splits is not None,
        "classes": classes,
        "empty_classes": list(audit.empty_classes),
        # Of a task without classes, whose strata then stand in their place.
        **({} if examples.targets is None else {"outputs": list(examples.target_names)}),
    }


def _finding(finding: Finding, audit: Audit) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "summary": finding.summary,
        "advice": finding.advice,
        "examples": flagged_count(finding),
        "left_out_by_fix": leaves_out(finding),
        "figures": finding.figures,
        "flagged": [_flagged(flagged, audit) for flagged in finding.flagged],
        "bad_files": [{"id": identifier, "reason": reason} for identifier, reason in finding.bad_files],
    }


def _flagged(flagged: Flagged, audit: Audit) -> dict[str, Any]:
    examples = audit.examples
    return {
        "ids": [examples.ids[at] for at in flagged.positions],
        "splits": [str(audit.splits[at]) for at in flagged.positions],
        "classes": [examples.class_names[int(examples.labels[at])] for at in flagged.positions],
        "detail": flagged.detail,
        "score": flagged.score,
        "suggested_class": flagged.suggested_class,
        "leave_out": [examples.ids[at] for at in flagged.leave_out],
    }


def plain(value: Any) -> Any:
    """A value as JSON can hold it: NumPy's numbers and arrays become Python's, what is not finite becomes None.

    What is not UTF-8 in a file's name becomes escapes.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
