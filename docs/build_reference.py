"""Write the pages under docs/reference from the code: python docs/build_reference.py

A test compares them with what this gives, so that they cannot fall behind.
"""

from __future__ import annotations

from pathlib import Path

import click

from ftsuite.cli.main import cli
from ftsuite.config.describe import markdown_reference
from ftsuite.registry import Registry

REFERENCE = Path(__file__).parent / "reference"


def commands_page() -> str:
    """The help of every command as one Markdown page."""
    parts = ["# Commands", "", "What `--help` says of each command.", ""]
    parts += _help(cli, click.Context(cli, info_name="ftsuite", terminal_width=100, **cli.context_settings))
    return "\n".join(parts)


def config_page() -> str:
    """All keys of a config."""
    return markdown_reference({task.name: task.spec.options for task in Registry.discover().specs() if task.spec})


PAGES = {"commands.md": commands_page, "config.md": config_page}


def _help(command: click.Command, context: click.Context) -> list[str]:
    parts = [f"## {context.command_path}", "", "```", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            parts += _help(inner, click.Context(inner, info_name=name, parent=context, terminal_width=100))
    return parts


def main() -> None:
    """Write all pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
