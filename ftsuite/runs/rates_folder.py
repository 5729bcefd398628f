"""The folder of a learning-rate range test. Imports no Keras, so that the log can catch Keras' own start-up.

It is no run: without the files that mark one, neither ``last`` nor ``list runs`` nor ``--resume`` takes it for one.
"""

from __future__ import annotations

from pathlib import Path

from ftsuite.config import LoadedConfig, dump_yaml
from ftsuite.runs import folder as folders
from ftsuite.runs.begin import job_name

RATES = "learning_rates.json"
PAGE = "learning_rates.html"
CONFIG = "config.tested.yaml"
# For what training writes on the way; gone at the end.
WORK = ".work"


def open_folder(loaded: LoadedConfig, out: Path | None) -> Path:
    """Make the folder and write the config to it.

    Args:
        loaded: the config.
        out: the folder; None for ``runs/<config>/<time>-<hash>-learning-rates``.

    Raises:
        ConfigError: if the folder holds something already.
    """
    resolved = loaded.resolved()
    if out is None:
        default = folders.default_folder(job_name(loaded), resolved)
        out = default.with_name(f"{default.name}-learning-rates")
    folder = folders.create_folder(out)
    folders.write_text(folder / CONFIG, dump_yaml(resolved))
    return folder


def discard_untested(folder: Path) -> None:
    """Remove the folder of a test that ended before a stage was tested."""
    if not (folder / RATES).exists():
        folders.discard_unstarted(folder)
