"""A cross-validation: the same plan once a fold, and the figures of all folds together."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras.utils import clear_session

from ftsuite.api import Progress
from ftsuite.config import LoadedConfig
from ftsuite.data.split_file import split_facts
from ftsuite.errors import DataError, FtsuiteError, Interrupted
from ftsuite.report.folds_page import write_folds_page
from ftsuite.runs import folder as folders
from ftsuite.runs import folds_folder
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import RunResult, execute
from ftsuite.runs.fold_figures import fold_row, summarize
from ftsuite.training.journal import Listener

# Figures that runs of classes have together; a task's own metrics may bear any one of these names.
_OF_CLASSES = {"accuracy", "macro_f1", "log_loss", "expected_calibration_error"}
Shown = Callable[[int, Path], AbstractContextManager[tuple[Listener | None, Progress | None]]]


@dataclass(frozen=True)
class FoldsResult:
    """A finished cross-validation.

    Attributes:
        folder: that holds the folds' runs.
        summary: the content of ``folds.json``.
    """

    folder: Path
    summary: Mapping[str, Any]


def execute_folds(
    loaded: LoadedConfig, *, folder: Path, shown: Shown | None = None, listener: Listener | None = None
) -> FoldsResult:
    """Run every fold that is not finished yet, and write ``folds.json`` and ``report.html``.

    Stopped anywhere and called again it ends with the same runs: finished folds stay as they are, and the one that was
    interrupted goes on from its newest checkpoint.

    Args:
        loaded: the config, one of all folds.
        folder: as `ftsuite.runs.folds_folder.begin_folds` opens it.
        shown: makes what lasts while a fold runs, by its number and its folder, and gives who is told of its events.
        listener: told of ``fold_started`` and ``fold_ended``.

    Raises:
        Interrupted: after Ctrl-C, with the command that goes on.
        FtsuiteError: what a user can mend, each with its own class.
    """
    with folders.locked(folder):
        rows: list[dict[str, Any]] = []
        for number in range(1, folds_folder.fold_count(loaded) + 1):
            fold = folds_folder.fold_folder(folder, number)
            told = {"fold": number, "of": folds_folder.fold_count(loaded), "folder": str(fold)}
            kept = folders.is_finished(fold)
            if not kept:
                _tell(listener, {"event": "fold_started", **told})
                _run_fold(folds_folder.of_fold(loaded, number), folder, number, shown)
            rows.append(fold_row(folder, number))
            _tell(
                listener, {"event": "fold_ended", **told, "kept": kept, "test": rows[-1]["test"], **_headline(rows[-1])}
            )
            folds_folder.write_folds(folder, {"complete": False, "runs": rows})
        summary = folds_folder.write_folds(folder, summarize(loaded, folder, rows))
        write_folds_page(folder / folds_folder.REPORT, summary)
    return FoldsResult(folder, summary)


def _headline(row: dict[str, Any]) -> dict[str, Any]:
    """Of a task with metrics of its own, whatever their names, the one that it leads with."""
    return {} if row["test"].keys() >= _OF_CLASSES else {"headline": row["headline"]}


def _tell(listener: Listener | None, event: dict[str, Any]) -> None:
    if listener is not None:
        listener(event)


def _run_fold(loaded: LoadedConfig, folder: Path, number: int, shown: Shown | None) -> RunResult:
    fold = folds_folder.fold_folder(folder, number)
    resume = (fold / folders.CONFIG).is_file()
    if not resume:
        # Killed between making the folder and writing its config: nothing is in it.
        shutil.rmtree(fold, ignore_errors=True)
    begin(loaded, fold, resume)
    try:
        if shown is None:
            return execute(loaded, folder=fold, resume=resume, listener=_checked(loaded, folder, number, None))
        with shown(number, fold) as (listener, progress):
            checked = _checked(loaded, folder, number, listener)
            return execute(loaded, folder=fold, resume=resume, listener=checked, progress=progress)
    except Interrupted as stop:
        if not any(folder.glob(f"fold-*/{folders.JOURNAL}")):
            raise
        raise Interrupted(
            f"Stopped in fold {number}. What was done so far is kept in {folder}.",
            f"Go on with: {folds_folder.resume_folds_command(folder)}",
        ) from stop
    except FtsuiteError as error:
        advice = f"{error.advice}\nThen go on with: {folds_folder.resume_folds_command(folder)}".strip()
        error.advice = advice if number > 1 or resume else error.advice
        raise
    finally:
        if not resume:
            folders.discard_unstarted(fold)
        # What the next fold builds has the names that it would have by itself, and the memory of this one.
        clear_session()


def _checked(loaded: LoadedConfig, folder: Path, number: int, listener: Listener | None) -> Listener:
    """A listener that stops a fold of other data than the first one's before it trains."""
    limit = loaded.config.data.limit
    # With a limit each fold has examples of its own choice.
    comparable = limit.train is None and limit.validation is None and limit.test is None

    def tell(event: Mapping[str, Any]) -> None:
        if event["event"] == "plan" and comparable:
            _require_same_data(folder, number)
        if listener is not None:
            listener({**event, "fold": number})

    return tell


def _require_same_data(folder: Path, number: int) -> None:
    first, own = (
        split_facts(folds_folder.fold_folder(folder, fold) / folders.SPLIT)["data_sha256"] for fold in (1, number)
    )
    if first != own:
        raise DataError(
            f"Expected fold {number} to have the examples of fold 1. Received: others; the data has changed since.",
            "Bring the data back to what it was, or begin anew without --resume.",
        )
