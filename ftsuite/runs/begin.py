"""Open the folder of a run, new or to be resumed. Imports no Keras, so that the log can catch Keras' own start-up."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ftsuite.config import LoadedConfig, dump_yaml
from ftsuite.errors import ConfigError
from ftsuite.runs import folder as folders
from ftsuite.runs.automatic_batch import as_found_before
from ftsuite.runs.task_file import keep_task_file, refuse_changed_task_file

# Keys (and what begins with them) that a resumed run may have otherwise: what they change is no part of its training.
# Data that moved are checked by their content.
RESUMABLE = (
    *("summary", "data.source", "data.data_dir", "data.manual_dir"),
    *("finetune.checkpoints", "finetune.loss_limit", "evaluation."),
)
# Of one of several sources its place may change; its weight and its columns are what is trained on.
_OF_SEVERAL = re.compile(r"data\.source\.\d+(\.(source|data_dir|manual_dir))?")
_ABSENT = "absent"


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
        take_up_config(folder / folders.CONFIG, as_found_before(loaded, folder).resolved(), resume_command(folder))
        refuse_changed_task_file(folder, resolved["task"])
        return folder
    folder = folders.create_folder(out or folders.default_folder(job_name(loaded), resolved))
    keep_task_file(folder, resolved["task"])
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


def take_up_config(path: Path, resolved: Mapping[str, Any], command: str) -> None:
    """Go on with the config that the run began with, or one that differs where it cannot change the result.

    Args:
        path: of the config that it began with; is written anew where the other one may take its place.
        resolved: the config to go on with.
        command: that goes on with the run as it was, for the error.

    Raises:
        ConfigError: naming every key that changed, and whether it may.
    """
    text = dump_yaml(resolved)
    # Both through one reader, so that a number is the same however it is written.
    before, after = (_flat(YAML(typ="safe", pure=True).load(source)) for source in (path.read_text("utf-8"), text))
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key, _ABSENT) != after.get(key, _ABSENT))
    refused = [key for key in changed if not _may_change(key)]
    if refused:
        lines = [
            f"  {key}: {_shown(before, key)} then, {_shown(after, key)} now"
            + ("" if key in refused else " (may change)")
            for key in changed
        ]
        raise ConfigError(
            f"--resume needs the config that the run in {path.parent} began with. Received another one:\n"
            + "\n".join(lines),
            f"These may change: {', '.join(key.rstrip('.') for key in RESUMABLE)}. Resume it as it was: {command}",
        )
    if changed:
        folders.write_text(path, text)


def _may_change(key: str) -> bool:
    if key.startswith("data.source."):
        return _OF_SEVERAL.fullmatch(key) is not None
    return key.startswith(RESUMABLE)


def _shown(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, _ABSENT)
    return "null" if value is None else str(value)


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Every value by its dotted key; empty maps and lists stand for themselves."""
    if isinstance(tree, Mapping) and tree:
        parts = [_flat(value, f"{prefix}.{key}" if prefix else str(key)) for key, value in tree.items()]
    elif isinstance(tree, list | tuple) and tree:
        parts = [_flat(value, f"{prefix}.{number}") for number, value in enumerate(tree)]
    else:
        return {prefix: tree}
    return {key: value for part in parts for key, value in part.items()}
