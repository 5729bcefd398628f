"""The data that a new task's config names, where the user has some already."""

from __future__ import annotations

from pathlib import Path

from ftsuite.config import parse_source
from ftsuite.config.paths import absolute, absolute_source
from ftsuite.errors import ConfigError


def own_source(text: str) -> str:
    """A ``data.source`` as the user gives it, its path absolute.

    Raises:
        ConfigError: no such kind of source, or nothing at its path.
    """
    reference = parse_source(text)
    if reference.is_local and not Path(absolute(reference.value)).exists():
        raise ConfigError(
            f"--from must name data that exist. Received: {text!r}.", "Leave it out to begin with generated data."
        )
    return absolute_source(text)
