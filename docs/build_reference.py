"""Write the pages under docs/reference from the code: python docs/build_reference.py

A test runs it with --check, which writes nothing and fails where a page is another than this gives.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import click
import reference_pages

from ftsuite.cli.main import cli
from ftsuite.config.describe import markdown_reference
from ftsuite.config.plans import plan_summaries
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


def plans_page() -> str:
    """Every plan as its file has it, with the reasons at its head."""
    parts = ["# Plans", "", "`finetune.plan: NAME` takes one of these; what stands beside it in a config wins.", ""]
    for plan in plan_summaries():
        parts += [f"## {plan.name}", "", "```yaml", plan.path.read_text(encoding="utf-8").rstrip(), "```", ""]
    return "\n".join(parts)


PAGES = {"commands.md": commands_page, "config.md": config_page, "plans.md": plans_page, **reference_pages.PAGES}


def _help(command: click.Command, context: click.Context) -> list[str]:
    parts = [f"## {context.command_path}", "", "```", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            parts += _help(inner, click.Context(inner, info_name=name, parent=context, terminal_width=100))
    return parts


def main() -> None:
    """Write all pages, or only compare them.

    Raises:
        SystemExit: a page has fallen behind (with --check).
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page has fallen behind")
    check = parser.parse_args().check
    if not check:
        REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        path = REFERENCE / name
        if not check:
            path.write_text(page(), encoding="utf-8")
        elif path.read_text(encoding="utf-8") != page():
            raise SystemExit(f"docs/reference/{name} has fallen behind; run: python docs/build_reference.py")


if __name__ == "__main__":
    main()
