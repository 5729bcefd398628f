"""`ftsuite config new`: a config for data that have none yet, written after a look at them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ftsuite.api import TaskSpec
    from ftsuite.data.looks import Look
    from ftsuite.registry import Registry
    from ftsuite.runs.proposal import Proposal


@click.command()
@click.option(
    "--from",
    "sources",
    metavar="SOURCE",
    multiple=True,
    required=True,
    help="The data: folder:PATH, csv:PATH, a bare path … in any form of `data.source` but a list.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; by default NAME.yaml, here.")
@click.option("--task", "task_name", metavar="NAME", help="Take this task instead (`ftsuite list tasks`).")
@click.option("--backbone", metavar="NAME", help="Start from this backbone instead (`ftsuite list backbones`).")
@click.option("--input-column", metavar="COLUMN", help="Column of the texts or of the pictures' paths, for tables.")
@click.option("--label-column", metavar="COLUMN", help="Column of the classes, for tables.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(
    sources: tuple[str, ...],
    out: Path | None,
    task_name: str | None,
    backbone: str | None,
    input_column: str | None,
    label_column: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Look at data and write a config for them, with a reason for each choice.

    \b
    ftsuite config new --from folder:photos
    ftsuite config new --from reviews.csv --out jobs/reviews.yaml
    """  # noqa: D301 - click wants the control character
    from ftsuite.cli.config_new_place import named_source, target_of, write_checked
    from ftsuite.cli.terminal import Terminal
    from ftsuite.data.looks import Wanted, look_at
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.registry import Registry
    from ftsuite.runs.proposal import propose, this_machine
    from ftsuite.runs.proposal.propose import Source

    source = _only(sources)
    target = target_of(source, out, force)
    registry = Registry.discover()
    chosen = registry.spec(task_name) if task_name is not None else None
    with redirect_native_stderr(None):  # a tfds data set brings TensorFlow, and its notes
        look = look_at(source, Wanted(input_column, label_column))
    spec, why = _task(look, registry, chosen)
    text, about = named_source(source, look.kind, target)
    command = f"ftsuite config new --from {shlex.quote(source)}"
    machine = this_machine()
    made = propose(look, Source(text, about, command, shlex.quote(str(target))), spec, why, machine, backbone)
    loaded = write_checked(made.text, target, registry.options_model)
    from ftsuite.runs.proposal.expected import expected_seconds

    seconds = None if made.cost is None else expected_seconds(loaded.config, made.sizes, made.cost)
    terminal = Terminal(as_json=as_json)
    if as_json:
        terminal.event("result", _fields(target, look, made, seconds))
        return
    from ftsuite.cli.config_new_table import rows_of

    terminal.table(("what", "found or chosen"), rows_of(text, look, made, seconds))
    for note in look.notes:
        terminal.note(f"note: {note}")
    shown = shlex.quote(str(target))
    terminal.line(f"Wrote {target}, with a reason for each choice. Next:")
    terminal.line(f"  ftsuite run {shown} --dry-run")
    terminal.line(f"  ftsuite run {shown}")


def _only(sources: tuple[str, ...]) -> str:
    if len(sources) > 1:
        raise click.UsageError(
            "--from takes one source; write the others into `data.source` of the new config, which may be a list. "
            f"Received: {len(sources)}.",
            click.get_current_context(),
        )
    return sources[0].strip()


def _task(look: Look, registry: Registry, chosen: TaskSpec | None) -> tuple[TaskSpec, str]:
    from ftsuite.runs.proposal.tasks import task_for

    if chosen is not None:
        return chosen, "as asked for"
    name, why = task_for(look)
    return registry.spec(name), why


def _fields(target: Path, look: Look, made: Proposal, seconds: float | None) -> dict[str, Any]:
    return {
        "path": str(target.absolute()),
        "task": made.task,
        "backbone": made.backbone,
        "plan": made.plan,
        "examples": look.total,
        "classes": look.per_class,
        "splits": {split or "none": look.split_total(split) for split in look.counts},
        "columns": dict(look.columns),
        "inputs": made.inputs,
        "unusable": [{"place": place, "reason": reason} for place, reason in look.bad],
        "hints": [{"key": hint.key, "value": hint.value, "why": hint.why} for hint in look.hints],
        "expected_seconds": None if seconds is None else round(seconds),
        "notes": list(look.notes),
    }
