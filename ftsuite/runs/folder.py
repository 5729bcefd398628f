"""Run folders: where they are made, how one is found again, and whole-or-nothing writing into them."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from ftsuite.errors import ArtifactError, ConfigError, ResourceError

RUNS = Path("runs")
CONFIG = "config.resolved.yaml"
ENVIRONMENT = "environment.json"
SPLIT = "split.json"
JOURNAL = "journal.jsonl"
METRICS = "metrics.json"
MODEL = "model.keras"
PREDICTIONS = "predictions.parquet"
REPORT = "report.html"
LOG = "log.txt"
LOCK = ".lock"
CHECKPOINTS = "checkpoints"
SHOWCASE = "showcase.json"
ENCODER = "encoder"
ADAPTATION = "adaptation.json"
FOLDS = "folds.json"


def default_folder(config_name: str, resolved: Mapping[str, Any], now: datetime.datetime | None = None) -> Path:
    """``runs/<config>/<time>-<hash>``: sorts by time, and equal configs share the hash."""
    moment = (now or datetime.datetime.now()).strftime("%Y%m%d-%H%M%S")
    digest = hashlib.sha256(json.dumps(resolved, sort_keys=True, default=str).encode()).hexdigest()[:6]
    return RUNS / config_name / f"{moment}-{digest}"


def create_folder(
    path: Path, advice: str = "Choose another folder, or go on with an unfinished run by --resume."
) -> Path:
    """Make the folder of a new run.

    Args:
        path: the folder.
        advice: what to do where something is there already.

    Raises:
        ConfigError: if something is there already, so that no run is ever written over.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(
            f"--out must be a new or empty folder. Received: {path}, which holds something already.",
            advice,
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"The run folder {path} cannot be made: {error.strerror or error}.", "Choose another place by --out."
        ) from error
    return path


def discard_unstarted(path: Path) -> None:
    """Remove the folder of a run that failed before training began, and parents that only it kept from being empty."""
    if (path / JOURNAL).exists():
        return
    shutil.rmtree(path, ignore_errors=True)
    for parent in (path.parent, path.parent.parent):
        with suppress(OSError):
            parent.rmdir()


def resolve_run(reference: str | Path, *, to_predict: bool = False) -> Path:
    """The run folder that `reference` names: a path, or ``last`` for the newest with results below ``runs``.

    Args:
        reference: path or ``last``.
        to_predict: let ``last`` pass over runs that left an adapted encoder and no classifier.

    Raises:
        ArtifactError: if there is none.
    """
    if str(reference) == "last":
        return _newest(has_classifier if to_predict else has_results, "last")
    folder = Path(reference).expanduser()
    if (folder / FOLDS).is_file():
        raise ArtifactError(
            f"RUN must be one run. Received: {reference}, which holds the folds of a cross-validation.",
            f"Name the run of one fold, for instance {folder / 'fold-1'}; for all of the data, run without --folds.",
        )
    if not (folder / CONFIG).is_file():
        raise ArtifactError(
            f"RUN must be a run folder, one that holds {CONFIG}, or `last`. Received: {reference}.",
            "`ftsuite list runs` shows the runs below this folder.",
        )
    return folder


def newest_unfinished(config_name: str) -> Path:
    """The newest run of a config that has no figures yet, for ``--resume`` without ``--out``."""
    return _newest(lambda folder: job_of(folder) == config_name and not is_finished(folder), "--resume")


def is_finished(folder: Path) -> bool:
    """Whether a run has gone through to its end."""
    return has_results(folder) and (folder / REPORT).is_file() and not (folder / CHECKPOINTS).exists()


def has_results(folder: Path) -> bool:
    """Whether a run has its figures and a model (or the encoder that it adapted), so that it can be reported."""
    return has_classifier(folder) or ((folder / METRICS).is_file() and (folder / ENCODER).is_dir())


def has_classifier(folder: Path) -> bool:
    """Whether a run has its figures and a model that predicts."""
    return (folder / METRICS).is_file() and (folder / MODEL).is_file()


def job_of(folder: Path) -> str:
    """The name of the config that a run was started from, by its journal; the parent folder's where it has none."""
    try:
        with (folder / JOURNAL).open(encoding="utf-8") as file:
            return str(json.loads(file.readline())["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder.parent.name


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second process out of a run folder for as long as this one works in it.

    Raises:
        ConfigError: if another process does.
    """
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise ConfigError(
            f"The run in {folder} is being worked on by another process.", "Wait for it to end, or stop it first."
        ) from error
    try:
        yield
    finally:
        lock.release()
        (folder / LOCK).unlink(missing_ok=True)


def _newest(accept: Callable[[Path], bool], wanted: str) -> Path:
    depths = (f"*/{CONFIG}", f"*/*/{CONFIG}")
    found = [path.parent for depth in depths for path in RUNS.glob(depth)]
    # The folds of a cross-validation are gone on with together, and none of them is the job's own model.
    found = [folder for folder in found if accept(folder) and not (folder.parent / FOLDS).is_file()]
    if not found:
        raise ArtifactError(
            f"No run below {RUNS.resolve()} is one that {wanted!r} could mean.",
            "Change to the folder that you started the run from, or name the run folder.",
        )
    # By when the run began: its config is the first file that it writes, and is never written again.
    return max(found, key=lambda folder: (folder / CONFIG).stat().st_mtime_ns)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON as a whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON that a run wrote.

    Raises:
        ArtifactError: if the file is missing or torn.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}", "Run the job again, or name another run.") from error
