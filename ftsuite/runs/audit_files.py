"""The folder of an audit: page, table, record and cleaned manifest, each written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ftsuite.config import LoadedConfig, dump_yaml
from ftsuite.data.audit.cleaned import cleaned_manifest
from ftsuite.data.audit.csv_text import csv_text
from ftsuite.data.audit.text_excerpts import excerpt
from ftsuite.report.audit_page import write_audit_page
from ftsuite.runs import folder as folders
from ftsuite.runs.audit import Audit
from ftsuite.runs.begin import job_name
from ftsuite.runs.own_places import require_apart
from ftsuite.runs.thumbnails import thumbnails_of

AUDITS = Path("audits")
RECORD = "audit.json"
TABLE = "findings.csv"
PAGE = "audit.html"
MANIFEST = "manifest.csv"
CONFIG = "config.audited.yaml"
TRACEBACKS = "traceback.txt"
TABLE_COLUMNS = (
    *("id", "split", "class", "check", "severity", "score", "suggested_class", "item", "leave_out", "detail", "text"),
)


def open_audit_folder(loaded: LoadedConfig, out: Path | None) -> Path:
    """Make the folder of an audit and write the config to it.

    Args:
        loaded: the config.
        out: the folder; None for ``audits/<config>/<time>-<hash>``.

    Raises:
        ConfigError: if the folder holds something already, or lies in the data.
        ResourceError: if it cannot be made.
    """
    resolved = loaded.resolved()
    if out is None:
        default = folders.default_folder(job_name(loaded), resolved)
        out = AUDITS / default.relative_to(folders.RUNS)
        # Two audits within a second are two audits.
        number = 1
        while out.exists():
            number += 1
            out = out.with_name(f"{default.name}-{number}")
    require_apart(loaded.config, out)
    folder = folders.create_folder(out, "Choose another folder.")
    folders.write_text(folder / CONFIG, dump_yaml(resolved))
    return folder


def discard_unfinished(folder: Path) -> None:
    """Remove the folder of an audit that ended before anything was found."""
    if not (folder / RECORD).exists():
        folders.discard_unstarted(folder)


def write_audit(folder: Path, audit: Audit, record: dict[str, Any], *, fix: bool) -> int:
    """Write everything into the folder of an audit, the record last: where it is, all is there.

    Args:
        folder: of the audit.
        audit: what was found.
        record: of it, by `ftsuite.runs.audit_record.audit_record`; with `fix` it is told what the manifest leaves out.
        fix: whether to write a cleaned manifest.

    Returns:
        How many examples and files the manifest leaves out; 0 without one.
    """
    left_out = 0
    if fix:
        text, left_out = cleaned_manifest(audit.examples, audit.findings, audit.collected.bad_files)
        folders.write_text(folder / MANIFEST, text)
        record["manifest"] = {"path": str((folder / MANIFEST).resolve()), "left_out": left_out}
        if any(most is not None for most in audit.loaded.config.data.limit.model_dump().values()):
            record["notes"].append(
                f"{MANIFEST} has rows for what `data.limit` leaves, and a run with it uses no other examples: audit "
                "without a limit to clean all of them."
            )
    folders.write_text(folder / TABLE, _table(audit))
    failed = [f"{check.name}\n{check.traceback}" for check in audit.checks if check.traceback]
    if failed:
        folders.write_text(folder / TRACEBACKS, "\n".join(failed))
    write_audit_page(folder / PAGE, record, _inputs(audit), thumbnails_of(audit.examples.kind))
    folders.write_json(folder / RECORD, record)
    return left_out


def _inputs(audit: Audit) -> dict[str, str]:
    """What stands behind the ids that findings name; all others may be too many to hold."""
    named = {at for finding in audit.findings for flagged in finding.flagged for at in flagged.positions}
    return {audit.examples.ids[at]: audit.examples.inputs[at] for at in sorted(named)}


def _table(audit: Audit) -> str:
    return csv_text([TABLE_COLUMNS, *_rows(audit)])


def _rows(audit: Audit) -> Iterator[tuple[object, ...]]:
    """A row an example that a finding points at; those that belong together share the number of their item."""
    examples = audit.examples
    for finding in audit.findings:
        for identifier, reason in finding.bad_files:
            yield identifier, "", "", finding.check, finding.severity, "", "", "", "yes", reason, ""
        for item, flagged in enumerate(finding.flagged, 1):
            score = "" if flagged.score is None else f"{flagged.score:g}"
            for at in flagged.positions:
                label = examples.class_names[int(examples.labels[at])]
                text = excerpt(examples.inputs[at]) if examples.kind == "text" else ""
                yield (
                    *(examples.ids[at], audit.splits[at], label, finding.check, finding.severity, score),
                    *(
                        flagged.suggested_class or "",
                        item,
                        "yes" if at in flagged.leave_out else "",
                        flagged.detail,
                        text,
                    ),
                )
