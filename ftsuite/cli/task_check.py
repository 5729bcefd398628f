"""`ftsuite task check NAME|CONFIG`: hold a task to the plugin contract."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ftsuite.errors import PluginError

if TYPE_CHECKING:
    from ftsuite.cli.terminal import Terminal
    from ftsuite.testing.outcome import CheckResult

_STYLES = {"ok": "green", "failed": "bold red", "skipped": "yellow"}


@click.command("check")
@click.argument("task", metavar="NAME|CONFIG")
@click.option("--data", "data_source", metavar="SOURCE", help="Check on these data instead of those that it makes.")
@click.option("--backbone", metavar="NAME", help="Use this backbone instead of a tiny one.")
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check alone; may be given again.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave this check out; may be given again.")
@click.option("--folder", type=click.Path(path_type=Path), help="Work in this new folder, and keep what is made.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each check, the result last.")
def check(
    task: str,
    data_source: str | None,
    backbone: str | None,
    only: Sequence[str],
    skip: Sequence[str],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Check that a task keeps the contract of plugins, on tiny data and a tiny backbone.

    NAME is a task of `ftsuite list tasks`, package.module:SPEC of one that is not installed, or FILE.py:SPEC. CONFIG is
    the path of a YAML file, or a shipped name that no task has: its task is checked with its data and options.

    \b
    ftsuite task check image-classification
    ftsuite task check my.yaml --skip jax
    ftsuite task check ./my_task.py:SPEC
    ftsuite task check my_package:SPEC --only spec-imports --only spec
    """  # noqa: D301 - click wants the control character
    from ftsuite.cli.terminal import Terminal
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.testing.examination import choose_checks, examine_task

    if os.getcwd() not in sys.path:
        # As for `python -m`: a module of an author who has installed nothing yet.
        sys.path.insert(0, os.getcwd())
    choose_checks(only, skip)
    name, config = _named(task)
    terminal = Terminal(as_json=as_json)
    with redirect_native_stderr(None):
        report = examine_task(
            name,
            config=config,
            data=data_source,
            backbone=backbone,
            folder=folder,
            checks=only,
            skip=skip,
            begun=lambda check_name: _begun(terminal, check_name),
            ended=lambda result: _show(terminal, result),
        )
    counts = {status: sum(result.status == status for result in report.results) for status in _STYLES}
    seconds = round(sum(result.seconds for result in report.results), 1)
    terminal.event("result", {"task": report.task, "passed": report.ok, **counts, "seconds": seconds})
    terminal.line(
        f"{report.task}: {counts['ok']} ok, {counts['failed']} failed, {counts['skipped']} skipped in {seconds:.0f} s"
    )
    if not report.ok:
        raise PluginError(
            f"The task {report.task!r} does not keep the contract: {', '.join(r.name for r in report.failed)}.",
            "What each check means and how to mend it: docs/check-task.md.",
        )


def _named(task: str) -> tuple[str, str | None]:
    """The task, and the config where that is what was named."""
    from ftsuite.config import load_config
    from ftsuite.config.task_file import ENDING, parse_task_file
    from ftsuite.registry import Registry

    named = parse_task_file(task)
    if named is not None and named.path.endswith(ENDING):
        return task, None
    is_file = Path(task).suffix in (".yaml", ".yml") or os.sep in task
    registry = Registry.discover()
    if not is_file and (":" in task or task in registry.names()):
        return task, None
    from ftsuite.config import shipped_configs

    if not is_file and task not in shipped_configs():
        registry.spec(task)  # raises, and names those that there are
    return load_config(task, options_model=registry.options_model).config.task, task


def _begun(terminal: Terminal, name: str) -> None:
    if sys.stderr.isatty() and not terminal.as_json:
        print(f"\r{name} …\x1b[K", end="", file=sys.stderr, flush=True)


def _show(terminal: Terminal, result: CheckResult) -> None:
    if sys.stderr.isatty() and not terminal.as_json:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    terminal.event("check", {**asdict(result), "seconds": round(result.seconds, 1)})
    terminal.line(f"{result.status:8}{result.seconds:6.1f} s  {result.name}", style=_STYLES[result.status])
    place = (f"at {result.place}",) if result.place else ()
    for line in (*result.message.splitlines(), *place, *result.advice.splitlines()):
        terminal.line(f"           {line}")
