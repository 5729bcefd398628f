"""`ftsuite task`: what authors of tasks need."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ftsuite.cli.main import LazyCommand, LazyGroup

TASK_COMMANDS: Mapping[str, LazyCommand] = {
    "new": LazyCommand("ftsuite.cli.task_new:new", "Make a task of your own: a package that trains at once."),
    "check": LazyCommand("ftsuite.cli.task_check:check", "Check that a task keeps the contract of plugins."),
}


@click.command("task", cls=LazyGroup, table=TASK_COMMANDS)
def task() -> None:
    """Make tasks of your own, and check them."""
