"""Where on this machine the data of a config are, for tasks that read a format of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.config import parse_source, source_text
from ftsuite.data.sources.parsing import expand_home, nearby_advice
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.config import DataConfig


def source_path(data: DataConfig) -> Path:
    """The folder or file that ``data.source`` names: without ``folder:`` and the like, with ``~`` expanded.

    Args:
        data: what a task's `load` is given.

    Raises:
        DataError: nothing is there, or the source is no single place on this machine.
    """
    text = source_text(data.source)
    if not isinstance(data.source, str) or not (reference := parse_source(text)).is_local:
        raise DataError(
            f"Expected data.source to be one folder or file, which this task reads itself. Received: {text!r}.",
            "Write where it is: `source: folder:PATH`.",
        )
    path = expand_home(reference.value)
    if not path.exists():
        raise DataError(
            f"Expected data.source to be a folder or file that exists. Received: {text!r}.", nearby_advice(path)
        )
    return path
