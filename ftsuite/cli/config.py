"""`ftsuite config`: show, check and describe configs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ftsuite.config import LoadedConfig

_SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set one value, as in `--set data.batch_size=16`. May be given more than once.",
)


@click.group()
def config() -> None:
    """Show, check or describe configs."""


@config.command()
@click.argument("reference", metavar="CONFIG")
@_SET
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(reference: str, overrides: Sequence[str], as_json: bool) -> None:
    """Print every value of CONFIG and where it comes from: a file and line, --set or the default."""
    loaded = _load(reference, overrides)
    if as_json:
        fields = {
            "event": "config",
            "name": loaded.name,
            "path": os.path.abspath(loaded.path),
            "config": loaded.resolved(),
            "origins": {key: str(origin) for key, origin in loaded.origins.items()},
            "notes": loaded.notes,
        }
        click.echo(json.dumps(fields, ensure_ascii=False, default=str))
        return
    rows = _rows(loaded)
    click.echo(f"{loaded.name} ({loaded.path})")
    if sys.stdout.isatty():
        print_table(rows)
    else:
        _print_plain(rows)
    for note in loaded.notes:
        click.echo(f"note: {note}", err=True)


@config.command()
@click.argument("references", metavar="CONFIG…", nargs=-1, required=True)
@_SET
@click.pass_context
def check(context: click.Context, references: Sequence[str], overrides: Sequence[str]) -> None:
    """Check each CONFIG and print everything that is wrong with it."""
    from ftsuite.errors import FtsuiteError
    from ftsuite.runs.own_metrics import check_outcome

    worst = 0
    for reference in references:
        try:
            loaded = _load(reference, overrides)
            check_outcome(loaded, imports_plugins=True)
        except FtsuiteError as error:
            worst = max(worst, error.exit_code)
            click.echo(str(error), err=True)
            continue
        click.echo(f"OK {reference}")
        for note in loaded.notes:
            click.echo(f"note: {note}", err=True)
    context.exit(worst)


@config.command()
def schema() -> None:
    """Print the JSON Schema of a config, with the options of the installed tasks, for use in an editor."""
    from ftsuite.config.describe import json_schema

    click.echo(json.dumps(json_schema(_option_models()), indent=2, ensure_ascii=False))


def _load(reference: str, overrides: Sequence[str]) -> LoadedConfig:
    from ftsuite.config import load_config
    from ftsuite.registry import Registry

    return load_config(reference, overrides, options_model=Registry.discover().options_model)


def _option_models() -> dict[str, Any]:
    from ftsuite.errors import PluginError
    from ftsuite.registry import Registry

    registry = Registry.discover()
    models: dict[str, Any] = {}
    for name in registry.names():
        try:
            models[name] = registry.options_model(name)
        except PluginError as error:
            click.echo(f"The options of `{name}` are left out. {error}", err=True)
    return models


def _rows(loaded: LoadedConfig) -> list[tuple[str, str, str]]:
    from ftsuite.config.dump import inline_yaml
    from ftsuite.config.tree import dotted, leaves

    origins = _short_origins(loaded)
    return [
        (dotted(location), inline_yaml(value), origins[dotted(location)])
        for location, value in leaves(loaded.resolved())
    ]


def _short_origins(loaded: LoadedConfig) -> dict[str, str]:
    """Origins with the bare names of files, where no two files have the same one."""
    files = {origin.source for origin in loaded.origins.values() if origin.line}
    unique = len({os.path.basename(file) for file in files}) == len(files)
    return {
        key: f"{os.path.basename(origin.source)}:{origin.line}" if unique and origin.line else str(origin)
        for key, origin in loaded.origins.items()
    }


def _print_plain(rows: Sequence[tuple[str, str, str]]) -> None:
    key_width = max(len(key) for key, _, _ in rows)
    # One long path must not push all origins off the screen.
    value_width = min(max(len(value) for _, value, _ in rows), 40)
    for key, value, origin in rows:
        click.echo(f"{key:<{key_width}}  {value:<{value_width}}  {origin}")


def print_table(rows: Sequence[tuple[str, str, str]]) -> None:
    """Print rows of key, value and origin as a table, for a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("key", "value", "from"):
        table.add_column(title, overflow="fold")
    for key, value, origin in rows:
        table.add_row(Text(key), Text(value), Text(origin, style="dim" if origin == "default" else "green"))
    Console().print(table)
