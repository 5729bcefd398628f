"""`ftsuite run CONFIG --find-learning-rate`: what it shows, and the folder that it leaves."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.cli.errors import remember_run_folder
from ftsuite.cli.run_display import RunDisplay
from ftsuite.cli.terminal import Terminal

if TYPE_CHECKING:
    from ftsuite.config import LoadedConfig
    from ftsuite.runs.find_learning_rate import FoundRates


def find_and_show(loaded: LoadedConfig, out: Path | None, terminal: Terminal) -> None:
    """Test the rates of each stage, and say what to write in the config."""
    from ftsuite.errors import FtsuiteError
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.runs.folder import LOG
    from ftsuite.runs.rates_folder import discard_untested, open_folder

    folder = open_folder(loaded, out)
    remember_run_folder(folder)
    log = folder / LOG
    try:
        with terminal.logged_to(log), redirect_native_stderr(log), RunDisplay(terminal) as display:
            terminal.line(f"Folder: {folder}")
            try:
                # Imported only now, so that Keras' start-up chatter goes to the log.
                from ftsuite.runs.find_learning_rate import find_learning_rate

                found = find_learning_rate(loaded, folder=folder, listener=display.show, progress=display.progress)
            except FtsuiteError as error:
                terminal.log(f"error: {error}")
                raise
            _show(found, terminal)
    except BaseException:
        discard_untested(folder)
        raise


def stage_line(stage: Mapping[str, Any]) -> str:
    """What was found for a stage, in a line."""
    suggested, planned = stage["suggested_rate"], stage["planned_rate"]
    verdict = "no suggestion" if suggested is None else f"suggested {suggested:.1e}"
    return f"{stage['stage_name']:>8}  learning rate: {verdict}, the plan has {planned:.1e}. {stage['reason']}"


def _show(found: FoundRates, terminal: Terminal) -> None:
    from ftsuite.report.range_page import against_plan, rate_text
    from ftsuite.runs.rates_folder import PAGE

    rows = [
        (
            str(stage["stage"] + 1),
            stage["stage_name"],
            rate_text(stage["planned_rate"]),
            rate_text(stage["suggested_rate"]),
            against_plan(stage),
        )
        for stage in found.stages
    ]
    columns = ("stage", "trains", "plan", "suggested", "in short")
    terminal.table(columns, rows, title="Learning rates", right=("plan", "suggested"))
    terminal.line(f"The rule: {found.stages[0]['rule']}. One test is no more exact than a factor of 3.")
    changes = [
        # As the config writes it, before it is scaled with the batch.
        f"--set {stage['key']}={rate_text(stage['suggested_rate'] / stage['rate_factor'])}"
        for stage in found.stages
        if stage["suggested_rate"] is not None
    ]
    if any(stage["rate_factor"] != 1.0 for stage in found.stages):
        terminal.line("The rates above are those of updates; those to write are before the scaling by rate_batch_size.")
    if changes:
        terminal.line(f"Try them: ftsuite run CONFIG {' '.join(changes)}")
    terminal.line(f"Curves:   {shlex.quote(str(found.folder / PAGE))}")
    terminal.event("result", {"folder": str(found.folder), "stages": list(found.stages)})
