"""`ftsuite task`: what authors of tasks need."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

import click

from ftsuite.cli.main import LazyCommand, LazyGroup

_ALL = {
    "new": LazyCommand("ftsuite.cli.task_new:new", "Make a task of your own: a package that trains at once."),
    "check": LazyCommand("ftsuite.cli.task_check:check", "Check that a task keeps the contract of plugins."),
}
TASK_COMMANDS: Mapping[str, LazyCommand] = {
    name: command for name, command in _ALL.items() if importlib.util.find_spec(command.target.partition(":")[0])
}


@click.command("task", cls=LazyGroup, table=TASK_COMMANDS)
def task() -> None:
    """Make tasks of your own, and check them."""
