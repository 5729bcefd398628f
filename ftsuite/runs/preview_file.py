"""Where a preview is written."""

from __future__ import annotations

import os
from pathlib import Path

from ftsuite.config import Config
from ftsuite.errors import ConfigError, ResourceError
from ftsuite.report.preview_content import Preview
from ftsuite.report.preview_page import write_preview_page
from ftsuite.report.preview_sheet import write_preview_sheet
from ftsuite.runs.own_places import require_apart


def require_writable(path: Path, config: Config, *, chosen: bool) -> None:
    """Make the folder of a preview, before the data are read for nothing.

    Args:
        path: of the preview.
        config: of the job.
        chosen: whether the user named the file; only the default one is ever written over.

    Raises:
        ConfigError: it lies in the data, or is there already.
        ResourceError: it cannot be made or written to.
    """
    require_apart(config, path)
    if chosen and path.exists():
        raise ConfigError(
            f"Expected --out to be a file that is not there yet. Received: {path}.",
            "Choose another name, or delete it.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    if not os.access(path.parent, os.W_OK):
        raise _unwritable(path, "no write access to its folder")


def write_preview(path: Path, preview: Preview) -> None:
    """Write a page, or a contact sheet where the name ends in ``.png``.

    Raises:
        ConfigError: a contact sheet is asked for of texts.
        ResourceError: the file cannot be written.
    """
    is_sheet = path.suffix.lower() == ".png"
    if is_sheet and any(view.pixels is None for example in preview.examples for view in example.views):
        raise ConfigError(
            f"A contact sheet (.png) shows pictures. Received: --out {path} and a task of texts.",
            "Let --out end in .html.",
        )
    try:
        (write_preview_sheet if is_sheet else write_preview_page)(path, preview)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _unwritable(path: Path, reason: str) -> ResourceError:
    return ResourceError(f"The preview {path} cannot be written: {reason}.", "Choose another place by --out.")
