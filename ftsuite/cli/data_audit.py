"""`ftsuite data audit CONFIG`: look at what a config trains on, and say what is wrong with it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ftsuite.cli.polite_stop import take_sigterm_as_ctrl_c

if TYPE_CHECKING:
    from ftsuite.cli.terminal import Terminal
    from ftsuite.config import LoadedConfig

_DEFECT_EXIT_CODE = 1


@click.command("audit")
@click.argument("config")
@click.option("--data", "data_source", metavar="SOURCE", help="Audit this instead: a folder, folder:PATH, csv:PATH …")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override one key; may be given again.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The audit's folder; by default audits/<config>/<time>-<hash>."
)
@click.option("--quick", is_flag=True, help="Leave out what a pretrained model must look at every example for.")
@click.option(
    "--fix",
    is_flag=True,
    help="Also write manifest.csv, which leaves out bad files and exact copies; see data.manifest.",
)
@click.option("--strict", is_flag=True, help="End with exit code 8 where a finding is an error.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: events, the result last.")
def audit_command(
    config: str,
    data_source: str | None,
    overrides: Sequence[str],
    out: Path | None,
    quick: bool,
    fix: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Look for what is wrong with the data of CONFIG: bad files, copies across splits, wrong labels, odd classes.

    Nothing of yours is changed. It leaves a folder with a page (audit.html), a table (findings.csv) and all of it as
    values (audit.json).

    \b
    ftsuite data audit bird-species --data folder:photos
    ftsuite data audit bird-species --data folder:photos --quick
    ftsuite data audit bird-species --data folder:photos --fix
    """  # noqa: D301 - click wants the control character
    from ftsuite.backend import require_known_backend
    from ftsuite.cli.errors import remember_run_folder
    from ftsuite.cli.terminal import Terminal
    from ftsuite.config import load_config, quoted_override
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.registry import Registry

    require_known_backend()
    source = [quoted_override("data.source", data_source)] if data_source is not None else []
    loaded = load_config(config, [*source, *overrides], options_model=Registry.discover().options_model)
    terminal = Terminal(as_json=as_json)
    take_sigterm_as_ctrl_c()
    # Keras' start-up chatter is nothing that a reader of findings needs.
    with redirect_native_stderr(None):
        from ftsuite.runs.audit_files import discard_unfinished, open_audit_folder

        folder = open_audit_folder(loaded, out)
        remember_run_folder(folder)
        try:
            record = _audit(loaded, folder, terminal, quick=quick, fix=fix)
        except BaseException:
            discard_unfinished(folder)
            raise
    given = [] if data_source is None else ["--data", data_source]
    command = ["ftsuite", "run", config, *given, *(part for one in overrides for part in ("--set", one))]
    _show(record, folder, command, terminal)
    _end(record, folder, strict=strict)


def _audit(loaded: LoadedConfig, folder: Path, terminal: Terminal, *, quick: bool, fix: bool) -> dict[str, Any]:
    from ftsuite.runs.audit import audit
    from ftsuite.runs.audit_files import write_audit
    from ftsuite.runs.audit_record import audit_record

    def tell(event: Mapping[str, Any]) -> None:
        terminal.event("check", event)

    with terminal.progress() as progress:
        found = audit(loaded, quick=quick, progress=progress, listener=tell)
        record = audit_record(found)
        write_audit(folder, found, record, fix=fix)
    return record


def _show(record: Mapping[str, Any], folder: Path, command: Sequence[str], terminal: Terminal) -> None:
    from ftsuite.report.audit_page import verdict
    from ftsuite.report.figures import plural
    from ftsuite.runs.audit_files import MANIFEST, PAGE, RECORD, TABLE

    data = record["data"]
    noun = "text" if data["kind"] == "text" else "picture"
    splits = ", ".join(f"{count:,} {split}" for split, count in data["splits"].items())
    told = f"in {plural(len(data['classes']), 'class', 'classes')}"
    if "outputs" in data:
        told = f"with {', '.join(data['outputs'][:5])}" + (" …" if len(data["outputs"]) > 5 else "")
    terminal.line(f"{plural(data['examples'], noun)} {told} ({splits}); {record['source']}")
    _show_findings(record["findings"], terminal)
    for check in record["checks"]:
        if check["state"] == "failed":
            terminal.line(f"The check {check['name']} failed: {check['reason']}", style="red")
    for reason, names in _left_out(record["checks"]).items():
        terminal.line(f"Left out {', '.join(names)}: {reason}")
    terminal.line(verdict(record["counts"]))
    terminal.line(f"Page:     {shlex.quote(str(folder / PAGE))}")
    terminal.line(f"Findings: {shlex.quote(str(folder / TABLE))}")
    if "manifest" in record:
        path = folder / MANIFEST
        terminal.line(f"Manifest: {shlex.quote(str(path))} leaves out {record['manifest']['left_out']:,}. Use it by")
        terminal.line(f"          {shlex.join([*command, '--set', f'data.manifest={path}'])}")
    fields = {key: record[key] for key in ("config", "source", "seconds", "quick", "counts", "data")}
    findings = [
        {key: finding[key] for key in ("check", "severity", "examples", "summary", "advice")}
        for finding in record["findings"]
    ]
    files = {"folder": str(folder), "page": str(folder / PAGE), "record": str(folder / RECORD)}
    manifest = {"manifest": record["manifest"]} if "manifest" in record else {}
    terminal.event("result", {**files, **fields, **manifest, "findings": findings})


def _left_out(checks: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Names of checks that were not made, by the reason; those that are for other data are not missed."""
    found: dict[str, list[str]] = {}
    for check in checks:
        if check["state"] == "left out" and not check["reason"].startswith("It is for"):
            found.setdefault(check["reason"], []).append(check["name"])
    return found


def _show_findings(findings: Sequence[Mapping[str, Any]], terminal: Terminal) -> None:
    """A table on a terminal; elsewhere a line a finding, which can be searched."""
    if not sys.stdout.isatty():
        for finding in findings:
            terminal.line(
                f"{finding['severity']}: {finding['check']}: {finding['summary']} {finding['advice']}".rstrip()
            )
        return
    rows = [
        (
            finding["check"],
            finding["severity"],
            f"{finding['examples']:,}" if finding["examples"] else "",
            finding["advice"] or finding["summary"],
        )
        for finding in findings
    ]
    if rows:
        terminal.table(("check", "severity", "examples", "what to do"), rows, right=("examples",))


def _end(record: Mapping[str, Any], folder: Path, *, strict: bool) -> None:
    from ftsuite.errors import GateError
    from ftsuite.runs.audit_files import PAGE

    if any(check["state"] == "failed" for check in record["checks"]):
        click.get_current_context().exit(_DEFECT_EXIT_CODE)
    errors = [finding["check"] for finding in record["findings"] if finding["severity"] == "error"]
    if strict and errors:
        raise GateError(
            f"--strict lets no finding be an error. Received: {len(errors)}: {', '.join(errors)}.",
            f"Mend what {folder / PAGE} shows.",
        )
