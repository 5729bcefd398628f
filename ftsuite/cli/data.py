"""`ftsuite data`: look at, check and prepare what a config trains on."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ftsuite.cli.main import LazyCommand, LazyGroup

DATA_COMMANDS: Mapping[str, LazyCommand] = {
    "audit": LazyCommand("ftsuite.cli.data_audit:audit_command", "Look for what is wrong with a config's data."),
    "prepare": LazyCommand(
        "ftsuite.cli.data_prepare:prepare", "Write the data of a config as records, which runs open at once."
    ),
    "preview": LazyCommand("ftsuite.cli.data_preview:preview", "Show examples as the model will see them."),
}


@click.command("data", cls=LazyGroup, table=DATA_COMMANDS)
def data() -> None:
    """Audit, preview or prepare the data of a config."""
