"""The folder of a cross-validation: a run folder for each fold, and what stands above them.

Imports no Keras, so that the log can catch Keras' own start-up. The folder itself is no run: it holds its config under
another name than a run does, so that neither ``last`` nor ``--resume`` of a single run takes it for one.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftsuite.config import FoldsConfig, LoadedConfig, dump_yaml
from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.runs import folder as folders
from ftsuite.runs.begin import job_name, take_up_config

CONFIG = "config.folds.yaml"
FOLDS = folders.FOLDS
REPORT = folders.REPORT
_FORMAT = 1


def asks_for_folds(loaded: LoadedConfig) -> bool:
    """Whether a config is one of a run of every fold."""
    folds = loaded.config.data.folds
    return folds is not None and folds.held_out is None


def fold_count(loaded: LoadedConfig) -> int:
    """How many folds a config has that `asks_for_folds`."""
    assert loaded.config.data.folds is not None
    return loaded.config.data.folds.count


def of_fold(loaded: LoadedConfig, number: int) -> LoadedConfig:
    """The config of one fold's run, from 1; all else is that of the whole."""
    folds = FoldsConfig(count=fold_count(loaded), held_out=number)
    data = loaded.config.data.model_copy(update={"folds": folds})
    config = loaded.config.model_copy(update={"data": data})
    return replace(loaded, name=folds_name(loaded), config=config)


def fold_folder(folder: Path, number: int) -> Path:
    """The run folder of a fold."""
    return folder / f"fold-{number}"


def begin_folds(loaded: LoadedConfig, out: Path | None, resume: bool) -> Path:
    """Make the folder and write its config, or find the one to go on with.

    Args:
        loaded: the config, which `asks_for_folds`.
        out: the folder; None for ``runs/<config>/<time>-<hash>-folds``, or with `resume` for the newest unfinished
            cross-validation of this config.
        resume: go on with one.

    Raises:
        ConfigError: the folder holds something else already, or the config is not the one it began with.
        ArtifactError: there is nothing to resume.
    """
    resolved = loaded.resolved()
    name = folds_name(loaded)
    if resume:
        folder = _required(out) if out is not None else _newest_unfinished(name)
        take_up_config(folder / CONFIG, resolved, resume_folds_command(folder))
        return folder
    if out is None:
        default = folders.default_folder(name, resolved)
        out = default.with_name(f"{default.name}-folds")
    folder = folders.create_folder(out)
    folders.write_text(folder / CONFIG, dump_yaml(resolved))
    begun = {"config": name, "folds": fold_count(loaded), "complete": False}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    folders.write_json(folder / FOLDS, {"format": _FORMAT, **begun, "started": now})
    return folder


def folds_name(loaded: LoadedConfig) -> str:
    """The name of the job; of a written ``config.folds.yaml`` that of the cross-validation that it is of."""
    if loaded.path.name == CONFIG and (loaded.path.parent / FOLDS).is_file():
        return str(read_folds(loaded.path.parent)["config"])
    return job_name(loaded)


def read_folds(folder: Path) -> dict[str, Any]:
    """The content of ``folds.json``.

    Raises:
        ArtifactError: missing, torn, or written in another format.
    """
    path = folder / FOLDS
    content = folders.read_json(path)
    if not isinstance(content, dict) or content.get("format") != _FORMAT or "config" not in content:
        raise ArtifactError(f"Expected a folds.json of format {_FORMAT}. Received: {path}, which is none.")
    return content


def write_folds(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``folds.json`` with what was found beside what it began with; returns its content."""
    begun = read_folds(folder)
    content = {**{key: begun[key] for key in ("format", "config", "folds", "started")}, **found}
    folders.write_json(folder / FOLDS, content)
    return content


def resume_folds_command(folder: Path) -> str:
    """The command that goes on with a cross-validation."""
    return shlex.join(["ftsuite", "run", str(folder / CONFIG), "--out", str(folder), "--resume"])


def discard_unbegun(folder: Path) -> None:
    """Remove the folder of a cross-validation that ended before its first fold began to train."""
    if not any(folder.glob(f"fold-*/{folders.JOURNAL}")):
        folders.discard_unstarted(folder)


def finished_folds(reference: str) -> Path | None:
    """The folder of the finished cross-validation that `reference` names; None where it names a run.

    Args:
        reference: a path, or ``last``: the newest cross-validation, where no run with results began after it.

    Raises:
        ArtifactError: the cross-validation is not finished.
    """
    if reference == "last":
        return _newest_finished()
    folder = Path(reference).expanduser()
    if not (folder / FOLDS).is_file():
        return None
    if not read_folds(folder).get("complete"):
        raise ArtifactError(
            f"Expected a finished cross-validation. Received: {reference}, whose folds are not all finished.",
            f"Go on with: {resume_folds_command(folder)}",
        )
    return folder


def _newest_finished() -> Path | None:
    found = [path.parent for path in _all_folds() if read_folds(path.parent).get("complete")]
    if not found:
        return None
    newest = max(found, key=_begun)
    try:
        run = folders.resolve_run("last")
    except ArtifactError:
        return newest
    return newest if _begun(newest) > (run / folders.CONFIG).stat().st_mtime_ns else None


def _begun(folder: Path) -> int:
    return (folder / CONFIG).stat().st_mtime_ns


def _all_folds() -> list[Path]:
    return [*folders.RUNS.glob(f"*/{FOLDS}"), *folders.RUNS.glob(f"*/*/{FOLDS}")]


def _required(out: Path) -> Path:
    folder = out.expanduser()
    if not (folder / FOLDS).is_file():
        raise ArtifactError(
            f"--resume needs the folder of a cross-validation, one that holds {FOLDS}. Received: {out}.",
            "Leave --out away for the newest unfinished one of this config.",
        )
    return folder


def _newest_unfinished(name: str) -> Path:
    found = []
    for path in _all_folds():
        content = read_folds(path.parent)
        if content["config"] == name and not content.get("complete"):
            found.append(path.parent)
    if not found:
        raise ArtifactError(
            f"No unfinished cross-validation of {name!r} is below {folders.RUNS.resolve()}.",
            "Change to the folder that you started it from, or name its folder by --out.",
        )
    return max(found, key=_begun)


def refuse_single_fold(loaded: LoadedConfig, what: str) -> None:
    """Refuse what has one split for a config of all folds.

    Raises:
        ConfigError: naming `what` was asked for.
    """
    if asks_for_folds(loaded):
        raise ConfigError(
            f"{what} works on one split of the data. Received: data.folds of {fold_count(loaded)} folds.",
            "Leave --folds away, or choose one by --set data.folds.held_out=1.",
        )
