"""`ftsuite run CONFIG --folds N`: a run a fold, what is shown while they run, and the figures of all together."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.cli.errors import remember_run_folder
from ftsuite.cli.run_display import RunDisplay
from ftsuite.cli.terminal import Terminal

if TYPE_CHECKING:
    from ftsuite.config import LoadedConfig


def fold_overrides(count: int | None) -> list[str]:
    """What ``--folds`` says of the config."""
    return [] if count is None else [f"data.folds.count={count}", "data.folds.held_out=null"]


def run_and_show_folds(loaded: LoadedConfig, out: Path | None, resume: bool, terminal: Terminal) -> None:
    """Run every fold, or go on with them, and show what came of it."""
    from ftsuite.errors import FtsuiteError
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.runs.folder import LOG
    from ftsuite.runs.folds_folder import begin_folds, discard_unbegun, fold_count

    folder = begin_folds(loaded, out, resume)
    remember_run_folder(folder)
    told = _Told(terminal, folder / LOG)

    @contextmanager
    def shown(number: int, fold: Path) -> Iterator[tuple[Any, Any]]:
        # A fold's own log holds what the log of a run does.
        with terminal.logged_to(fold / LOG), redirect_native_stderr(fold / LOG), RunDisplay(terminal) as display:
            yield display.show, display.progress

    try:
        told.line(f"Folder: {folder}")
        told.line(f"Folds:  {fold_count(loaded)}, one after another; the figures of all come last.")
        # Imported only now, so that Keras' start-up chatter goes to the log.
        with redirect_native_stderr(folder / LOG):
            from ftsuite.runs.folds import execute_folds

        result = execute_folds(loaded, folder=folder, shown=shown, listener=told.show)
    except FtsuiteError as error:
        with terminal.logged_to(folder / LOG):
            terminal.log(f"error: {error}")
        raise
    finally:
        if not resume:
            discard_unbegun(folder)
    told.summarize(result.folder, result.summary)


class _Told:
    """What is told above the folds: on the terminal, and in the log of their folder."""

    def __init__(self, terminal: Terminal, log: Path) -> None:
        self._terminal, self._log = terminal, log

    def line(self, text: str) -> None:
        with self._terminal.logged_to(self._log):
            self._terminal.line(text)

    def show(self, event: Mapping[str, Any]) -> None:
        with self._terminal.logged_to(self._log):
            fields = {key: value for key, value in event.items() if key != "event"}
            self._terminal.event(str(event["event"]), fields)
            if event["event"] == "fold_started":
                self._terminal.line(f"Fold {event['fold']} of {event['of']}: {event['folder']}", style="bold")
            else:
                self._ended(event)

    def _ended(self, event: Mapping[str, Any]) -> None:
        from ftsuite.evaluation import format_figure

        # Of a task without classes the metric that it leads with; its unit comes with the table of all.
        names = (event["headline"],) if "headline" in event else ("accuracy", "macro_f1")
        shown = ", ".join(f"{name.replace('_', ' ')} {format_figure(event['test'][name])}" for name in names)
        was = "was finished before" if event["kept"] else "ended"
        self._terminal.line(f"Fold {event['fold']} of {event['of']} {was}: {shown}")

    def summarize(self, folder: Path, summary: Mapping[str, Any]) -> None:
        """Show the figures of all folds."""
        from ftsuite.evaluation import format_figure, format_measured
        from ftsuite.report.folds_page import spread_text
        from ftsuite.runs.folder import REPORT

        own = summary.get("metrics")

        def shown(name: str) -> str:
            figure = summary["pooled"][name]
            return format_figure(figure) if own is None else format_measured(figure, own[name]["unit"])

        rows = [(name.replace("_", " "), spread_text(spread), shown(name)) for name, spread in summary["mean"].items()]
        columns = ("test figure", "mean ± deviation over folds", "all predictions together (95 % interval)")
        with self._terminal.logged_to(self._log):
            self._terminal.table(columns, rows, title=f"{summary['folds']} folds, every example tested once")
            for note in summary["notes"]:
                self._terminal.line(f"Note: {note}")
            if summary["rendered_hint"]:
                self._terminal.line(summary["rendered_hint"])
            self._terminal.line(f"Report:   {shlex.quote(str(folder / REPORT))}")
            self._terminal.event("result", {"folder": str(folder), **summary})


def folds_cost(cost: Mapping[str, Any], count: int) -> dict[str, Any]:
    """What a dry run of one fold says of all of them."""
    return {
        **cost,
        "folds": count,
        "expected_seconds_of_all": round(count * float(cost["expected_seconds"]), 1),
        "disk_bytes_of_all": count * int(cost["disk_bytes"]),
    }
