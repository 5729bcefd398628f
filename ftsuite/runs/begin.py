"""Open the folder of a run, new or to be resumed. Imports no Keras, so that the log can catch Keras' own start-up."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftsuite.config import LoadedConfig, dump_yaml
from ftsuite.errors import ConfigError
from ftsuite.runs import folder as folders


def begin(loaded: LoadedConfig, out: Path | None, resume: bool) -> Path:
    """Make a run's folder and write its config, or find the folder of the run to go on with.

    Args:
        loaded: the config.
        out: the folder; None for the default, or with `resume` for the newest unfinished run of this config.
        resume: go on with a run.

    Raises:
        ConfigError: if the folder holds something else already, or the config is not the one it began with.
        ArtifactError: if there is nothing to resume.
    """
    resolved = loaded.resolved()
    if resume:
        folder = folders.resolve_run(out) if out is not None else folders.newest_unfinished(job_name(loaded))
        _require_same_config(folder, resolved)
        return folder
    folder = folders.create_folder(out or folders.default_folder(job_name(loaded), resolved))
    folders.write_text(folder / folders.CONFIG, dump_yaml(resolved))
    return folder


def job_name(loaded: LoadedConfig) -> str:
    """The config's name; for a run's resolved config the name of the job that wrote it."""
    if loaded.path.name == folders.CONFIG:
        return folders.job_of(loaded.path.resolve().parent)
    return loaded.name


def resume_command(folder: Path) -> str:
    """The command that goes on with a run."""
    return shlex.join(["ftsuite", "run", str(folder / folders.CONFIG), "--out", str(folder), "--resume"])


def _require_same_config(folder: Path, resolved: Mapping[str, Any]) -> None:
    before = (folder / folders.CONFIG).read_text(encoding="utf-8")
    after = dump_yaml(resolved)
    if before == after:
        return
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    raise ConfigError(
        f"--resume needs the config that the run began with. These lines differ (- then, + now) from "
        f"{folder / folders.CONFIG}:\n" + "\n".join(changed),
        f"Resume it as it was: {resume_command(folder)}",
    )
