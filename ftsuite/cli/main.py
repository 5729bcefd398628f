"""The `ftsuite` command: a table of commands, each imported only when it is called."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple, NoReturn, cast

import click

from ftsuite import __version__
from ftsuite.cli.errors import Boundary, guarded


class LazyCommand(NamedTuple):
    """Where a command is and the one line that `ftsuite --help` shows for it, without importing it."""

    target: str  # "module:object"
    summary: str


COMMANDS: Mapping[str, LazyCommand] = {
    "run": LazyCommand("ftsuite.cli.run:run", "Fine-tune a model as a config says, and test it."),
    "predict": LazyCommand("ftsuite.cli.predict:predict", "Predict with the model of a run."),
    "report": LazyCommand("ftsuite.cli.report:report", "Write a run's report anew."),
    "list": LazyCommand("ftsuite.cli.list:list_group", "List tasks, configs, plans, backbones, data sets or runs."),
    "data": LazyCommand("ftsuite.cli.data:data", "Audit, preview or prepare the data of a config."),
    "config": LazyCommand("ftsuite.cli.config:config", "Show, check or describe configs."),
    "task": LazyCommand("ftsuite.cli.task:task", "Make tasks of your own, and check them."),
    "assets": LazyCommand("ftsuite.cli.assets:assets", "List, pull or verify weights and data sets."),
    "doctor": LazyCommand("ftsuite.cli.doctor:doctor", "Check this machine: what a bug report needs."),
}


class LazyGroup(click.Group):
    """A click group over a table of commands; it also is the place where every error ends."""

    def __init__(self, *, table: Mapping[str, LazyCommand], **options: Any) -> None:
        super().__init__(**options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order, which is the order in which a newcomer needs them."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or return None if the table does not have it."""
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        module_name, _, attribute = entry.target.partition(":")
        return cast(click.Command, getattr(importlib.import_module(module_name), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's own summaries: click's version would import every command for its help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.table.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; an unknown one is a usage error that gives the nearest name."""
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.table, n=1, cutoff=0.5)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known commands: {', '.join(self.table)}."
            raise click.UsageError(f"There is no such command. {hint} Received: '{name}'.", ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command inside the error boundary and end the process with its exit code."""
        arguments = sys.argv[1:] if args is None else list(args)
        name = prog_name or "ftsuite"
        self._main_shell_completion(cast(MutableMapping[str, Any], extra), name, complete_var)

        def call(boundary: Boundary) -> object:
            with self.make_context(name, list(arguments), obj=boundary, **extra) as context:
                return self.invoke(context)

        sys.exit(guarded(call, arguments))


@click.command(
    "ftsuite",
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: ftsuite run bird-species",
)
@click.version_option(__version__, prog_name="ftsuite", message="%(prog)s %(version)s")
def cli() -> None:
    """Fine-tune pretrained Keras models: honest test figures, a report, a model that loads anywhere."""


def main() -> NoReturn:
    """Run the `ftsuite` command line (entry point of the console script)."""
    cli.main(prog_name="ftsuite")


if __name__ == "__main__":
    main()
