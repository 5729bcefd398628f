"""How a command speaks: bars and colours on a terminal, plain lines elsewhere, JSON lines under `--json`.

Results go to stdout and progress to stderr, so that a command can be piped while its progress shows.
Rich is imported on first use: a command that prints no table does not wait for it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH_COLUMNS = 160
PLAIN_PROGRESS_SECONDS = 10.0

Progress = Callable[[str, int, int], None]


def console(*, stderr: bool = False) -> Console:
    """Return a rich console that folds nothing when its output is not a terminal.

    It looks up `sys.stdout` or `sys.stderr` at each write, so it follows a redirection of either.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH_COLUMNS
    return Console(stderr=stderr, highlight=False, width=width)


class Terminal:
    """The voice of one command.

    Args:
        as_json: print events as JSON lines, one object a line, and nothing else on stdout.
        clock: seconds, monotonic; a test passes its own.
    """

    def __init__(self, *, as_json: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.as_json = as_json
        self._clock = clock
        self._log: TextIO | None = None

    @contextmanager
    def logged_to(self, path: Path) -> Iterator[None]:
        """Also append every line, table and event to the file at `path` while the context lasts."""
        with path.open("a", buffering=1, encoding="utf-8") as log:
            self._log = log
            try:
                yield
            finally:
                self._log = None

    def line(self, text: str = "", *, style: str | None = None) -> None:
        """Print a line of text; under `--json` it goes to the log alone."""
        self._log_line(text)
        if not self.as_json:
            console().print(text, style=style, markup=False, soft_wrap=True)

    def log(self, text: str) -> None:
        """Write a line to the log alone, for what another place prints."""
        self._log_line(text)

    def note(self, text: str) -> None:
        """Print a line of text on stderr, whatever the format of stdout is."""
        self._log_line(text)
        console(stderr=True).print(text, markup=False, soft_wrap=True)

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """Print one JSON object on a line under `--json`; otherwise do nothing."""
        if self.as_json:
            text = json.dumps({"event": name, **fields}, ensure_ascii=False, default=str)
            self._log_line(text)
            print(text, flush=True)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        title: str = "",
        right: Sequence[str] = (),
    ) -> None:
        """Print a table; under `--json` it goes to the log alone.

        Args:
            columns: the headings.
            rows: a sequence of cells a row, as long as `columns`; cells are text and no markup.
            title: a line above the table.
            right: headings of columns to align to the right.
        """
        from rich.console import Console

        made = _rich_table(columns, rows, title, right, plain=not sys.stdout.isatty())
        if self._log is not None:
            plain = _rich_table(columns, rows, title, right, plain=True)
            Console(file=self._log, width=PLAIN_WIDTH_COLUMNS, no_color=True).print(plain)
        if not self.as_json:
            console().print(made)

    @contextmanager
    def progress(self, unit: str = "") -> Iterator[Progress]:
        """Give a callable `(text, done, total)` that shows how far a job is; a total of 0 means unknown.

        On a terminal each text is a bar that disappears at the end. Elsewhere a line at the start of each
        text, one at its end, and in between one about every ten seconds. Under `--json` an event a line.
        """
        if self.as_json or not sys.stderr.isatty():
            yield _PlainProgress(self, unit, self._clock)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        # Rich would send what is printed on stdout to the bars' stderr; a redirected stdout must stay what it is.
        where: dict[str, Any] = {
            "console": console(stderr=True),
            "transient": True,
            "redirect_stdout": sys.stdout.isatty(),
        }
        parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
        with Bars(*parts, TimeRemainingColumn(), **where) as bars:
            tasks: dict[str, Any] = {}

            def show(text: str, done: int, total: int) -> None:
                if text not in tasks:
                    tasks[text] = bars.add_task(text)
                bars.update(tasks[text], completed=done, total=total or None)

            yield show

    def _log_line(self, text: str) -> None:
        if self._log is not None:
            self._log.write(text + "\n")


class _PlainProgress:
    """Progress for files and pipes: few lines, each whole."""

    def __init__(self, terminal: Terminal, unit: str, clock: Callable[[], float]) -> None:
        self._terminal = terminal
        self._unit = unit
        self._clock = clock
        self._told: dict[str, float] = {}
        self._ended: set[str] = set()

    def __call__(self, text: str, done: int, total: int) -> None:
        now = self._clock()
        ends = total > 0 and done >= total
        told = self._told.get(text)
        if text in self._ended or (told is not None and not ends and now - told < PLAIN_PROGRESS_SECONDS):
            return
        self._told[text] = now
        if ends:
            self._ended.add(text)
        if self._terminal.as_json:
            fields = {"text": text, "done": done, "total": total, "unit": self._unit}
            self._terminal.event("progress", fields)
        else:
            of = f" of {total}" if total else ""
            self._terminal.note(f"{text}: {done}{of} {self._unit}".rstrip())


def _rich_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, right: Sequence[str], *, plain: bool
) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        box=None if plain else box.SIMPLE_HEAD,
        pad_edge=not plain,
        header_style=None if plain else "bold",
    )
    for name in columns:
        # Folding never cuts: a path in a narrow terminal stays whole over several lines.
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
