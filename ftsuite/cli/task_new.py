"""`ftsuite task new NAME --kind KIND`: a package with a task that trains at once, or a single file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
    help="What the task is of: one of those above; with --from that of its classes, where it is left out.",
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
def new(name: str, kind_name: str | None, out: Path, source: str | None, here: bool, as_json: bool) -> None:
    """Make a task; its help is that of the command above."""
    from ftsuite.cli.terminal import Terminal
    from ftsuite.registry import Registry
    from ftsuite.task_templates.names import names_of
    from ftsuite.task_templates.own_data import kind_of, own_source

    if kind_name is None and source is None:
        listed = "".join(f"\n  {line}" for line in _KINDS_HELP.splitlines())
        raise click.UsageError(f"Missing option '--kind', one of:{listed}", click.get_current_context())
    names = names_of(name, Registry.discover().owners())
    own = None if source is None else own_source(source)
    kind = KINDS[kind_name or kind_of(str(own))]
    wanted = _Wanted(names, kind, out, own)
    (_make_file if here else _make_package)(wanted, Terminal(as_json=as_json))


class _Wanted(NamedTuple):
    names: Names
    kind: Kind
    out: Path
    source: str | None

    @property
    def config(self) -> str:
        """The name of the config's file."""
        return f"{self.names.task}.yaml"

    def proposed(self, task: str) -> dict[str, str]:
        """The config for the user's own data, where there are some."""
        if self.source is None:
            return {}
        from ftsuite.task_templates.own_data import proposed_config

        words = ["ftsuite", "task", "new", self.names.task, "--kind", self.kind.name, "--from", self.source]
        text = proposed_config(self.kind, task, self.source, shlex.join(words), self.config)
        return {} if text is None else {self.config: text}


def _make_package(wanted: _Wanted, terminal: Terminal) -> None:
    from ftsuite.task_templates.rendering import package_files
    from ftsuite.task_templates.writing import git_author, write_package

    names, kind = wanted.names, wanted.kind
    target = wanted.out / names.task
    files = {**package_files(names, kind, git_author(), wanted.source), **wanted.proposed(names.task)}
    write_package(target, files, None if wanted.source else kind.write_data)
    entries = {
        wanted.config: "the job: data, backbone, options and plan",
        f"{names.package}/__init__.py": "what the task says of itself, and its options",
        f"{names.package}/task.py": "what it does",
        f"tests/test_{names.package}.py": "holds it to ftsuite's contract",
        **({} if wanted.source else {"data/": kind.data_words}),
        "pyproject.toml": "tells pip what to install, and ftsuite where the task is",
        "README.md": "",
        ".gitignore": "",
    }
    first = f"cd {shlex.quote(str(target))} && pip install -e '.[test]'"
    _tell(terminal, wanted, target, entries, [first, f"ftsuite run {wanted.config}", "pytest"])


def _make_file(wanted: _Wanted, terminal: Terminal) -> None:
    from ftsuite.task_templates.rendering import data_folder, single_files
    from ftsuite.task_templates.writing import write_single

    names, kind, data = wanted.names, wanted.kind, data_folder(wanted.names)
    file = f"{names.package}.py"
    files = {**single_files(names, kind, wanted.source), **wanted.proposed(f"./{file}:SPEC")}
    write_single(wanted.out, files, data, None if wanted.source else kind.write_data)
    entries = {
        file: "the task: what it says of itself, its options, and what it does",
        wanted.config: "the job: data, backbone, options and plan",
        **({} if wanted.source else {f"{data}/": kind.data_words}),
    }
    inside = "" if wanted.out == Path() else f"cd {shlex.quote(str(wanted.out))} && "
    _tell(terminal, wanted, wanted.out, entries, [f"{inside}ftsuite run {wanted.config}"])


def _tell(terminal: Terminal, wanted: _Wanted, folder: Path, entries: dict[str, str], commands: Sequence[str]) -> None:
    from ftsuite.task_templates.tree import drawn_tree

    fields = {"name": wanted.names.task, "kind": wanted.kind.name, "folder": str(folder.resolve())}
    terminal.event("task_made", {**fields, "made": list(entries), "next": list(commands)})
    for line in drawn_tree(f"{folder}/", entries):
        terminal.line(line)
    terminal.line()
    terminal.line("Next:")
    for command in commands:
        terminal.line(f"  {command}")
