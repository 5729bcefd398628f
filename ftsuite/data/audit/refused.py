"""What a run would refuse before it trains: files that cannot be read, and layouts that give no classes."""

from __future__ import annotations

from ftsuite.api import Collected, Examples
from ftsuite.data.audit.findings import Finding


def check_refused(examples: Examples, collected: Collected) -> list[Finding]:
    """Put what was collected while loading into the form of findings."""
    findings = []
    if collected.bad_files:
        total = len(examples) + len(collected.bad_files)
        noun = "texts" if examples.kind == "text" else "files"
        findings.append(
            Finding(
                "bad-files",
                "error",
                f"{len(collected.bad_files):,} of {total:,} {noun} cannot be used.",
                "Mend or delete them, or leave them out: `data.bad_files: skip`, or a manifest by `--fix`.",
                bad_files=tuple((identifier, reason) for identifier, _, reason in collected.bad_files),
            )
        )
    findings += [
        Finding("refused-by-a-run", "error", sentence, "A run stops at this until it is mended.")
        for sentence in collected.refusals
    ]
    return findings
