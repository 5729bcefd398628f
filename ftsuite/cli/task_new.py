"""`ftsuite task new NAME --kind KIND`: a package with a task that trains at once, or a single file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ftsuite.task_templates.kinds import KINDS

if TYPE_CHECKING:
    from ftsuite.cli.terminal import Terminal
    from ftsuite.task_templates.kinds import Kind
    from ftsuite.task_templates.names import Names

_WIDTH = max(map(len, KINDS))
_KINDS_HELP = "\n".join(f"{kind.name:<{_WIDTH}}  {kind.help}" for kind in KINDS.values())


@click.command(
    help=f"""Make a task called NAME: an installable package with a config, a test and small generated data.

    \b
    ftsuite task new bird-songs --kind image-classification

    The kinds:

    \b
    {_KINDS_HELP.replace(chr(10), chr(10) + "    ")}
    """
)
@click.argument("name")
@click.option(
    "--kind",
    "kind_name",
    type=click.Choice(list(KINDS)),
    metavar="KIND",
    required=True,
    help="What the task is of: one of those above.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="FOLDER",
    help="Make it in this folder; by default in the current one.",
)
@click.option("--from", "source", metavar="SOURCE", help="Data of your own for the config, as of `data.source`.")
@click.option(
    "--here",
    is_flag=True,
    help="Write a single Python file and its config, for a quick trial: nothing is to be installed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(name: str, kind_name: str, out: Path, source: str | None, here: bool, as_json: bool) -> None:
    """Make a task; its help is that of the command above."""
    from ftsuite.cli.terminal import Terminal
    from ftsuite.registry import Registry
    from ftsuite.task_templates.names import names_of
    from ftsuite.task_templates.own_data import own_source

    installed = {task.name: task.distribution for task in Registry.discover().specs()}
    names, kind = names_of(name, installed), KINDS[kind_name]
    own = None if source is None else own_source(source)
    terminal = Terminal(as_json=as_json)
    if here:
        _make_file(names, kind, out, own, terminal)
    else:
        _make_package(names, kind, out, own, terminal)


def _make_package(names: Names, kind: Kind, out: Path, own: str | None, terminal: Terminal) -> None:
    from ftsuite.task_templates.rendering import package_files
    from ftsuite.task_templates.writing import git_author, write_package

    target = out / names.task
    write_package(target, package_files(names, kind, git_author(), own), kind.write_data)
    entries = {
        f"{names.task}.yaml": "the job: data, backbone, options and plan",
        f"{names.package}/__init__.py": "what the task says of itself, and its options",
        f"{names.package}/task.py": "what it does",
        f"tests/test_{names.package}.py": "holds it to ftsuite's contract",
        "data/": kind.data_words,
        "pyproject.toml": "tells pip what to install, and ftsuite where the task is",
        "README.md": "",
        ".gitignore": "",
    }
    commands = [
        f"cd {shlex.quote(str(target))} && pip install -e '.[test]'",
        f"ftsuite run {names.task}.yaml",
        "pytest",
    ]
    _tell(terminal, names, kind, target, f"{target}/", entries, commands)


def _make_file(names: Names, kind: Kind, out: Path, own: str | None, terminal: Terminal) -> None:
    from ftsuite.task_templates.rendering import data_folder, single_files
    from ftsuite.task_templates.writing import write_single

    write_single(out, single_files(names, kind, own), data_folder(names), None if own else kind.write_data)
    entries = {
        f"{names.package}.py": "the task: what it says of itself, its options, and what it does",
        f"{names.task}.yaml": "the job: data, backbone, options and plan",
    }
    if own is None:
        entries[f"{data_folder(names)}/"] = kind.data_words
    inside = "" if out == Path() else f"cd {shlex.quote(str(out))} && "
    commands = [f"{inside}ftsuite run {names.task}.yaml"]
    _tell(terminal, names, kind, out, f"{out}/", entries, commands)


def _tell(
    terminal: Terminal,
    names: Names,
    kind: Kind,
    folder: Path,
    top: str,
    entries: dict[str, str],
    commands: Sequence[str],
) -> None:
    from ftsuite.task_templates.tree import drawn_tree

    fields = {"name": names.task, "kind": kind.name, "folder": str(folder.resolve()), "made": list(entries)}
    terminal.event("task_made", {**fields, "next": list(commands)})
    for line in drawn_tree(top, entries):
        terminal.line(line)
    terminal.line()
    terminal.line("Next:")
    for command in commands:
        terminal.line(f"  {command}")
