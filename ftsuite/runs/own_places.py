"""Where nothing may be written: among the data of a user, where it would be read as data the next time."""

from __future__ import annotations

from pathlib import Path

from ftsuite.config import Config, entries_of, parse_source
from ftsuite.errors import ConfigError


def require_apart(config: Config, out: Path) -> None:
    """Refuse to write into the folder of a source.

    Args:
        config: of the job.
        out: the file or folder that is to be written.

    Raises:
        ConfigError: it lies in the data.
    """
    for entry in entries_of(config.data.source):
        reference = parse_source(entry.source)
        if not reference.is_local:
            continue
        source = Path(reference.value).expanduser().absolute()
        if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
            raise ConfigError(
                f"Expected --out to be a place outside the data, which is never written into. Received: {str(out)!r}, "
                f"which lies in {str(source)!r}.",
                "Give a place beside it.",
            )
