"""Finds run folders and reads what they say of themselves, whatever state a killed run left them in."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MARKS = ("journal.jsonl", "config.resolved.yaml")
_DEEPEST_LEVEL = 2  # runs/<config>/<time>-<hash>
_FOLDS = "folds.json"  # of a cross-validation: one line for all of its runs


@dataclass(frozen=True)
class RunSummary:
    """One line about a run.

    Attributes:
        folder: of the run.
        config: name of the config that it ran.
        started: when it began, in ISO 8601, UTC.
        status: "done", "unfinished" (running or interrupted), or "damaged" (its metrics cannot be read).
        headline: name of the metric that sums the run up; None if there is none yet.
        value: of that metric on the test split, or None.
        interval: its 95 % interval, or None.
        unit: of the value; empty for a share or a score.
    """

    folder: Path
    config: str
    started: str
    status: str
    headline: str | None = None
    value: float | None = None
    interval: tuple[float, float] | None = None
    unit: str = ""


def find_runs(root: Path) -> list[RunSummary]:
    """Return the runs below `root`, the newest first; an absent `root` has none."""
    runs = [read_run(folder) for folder in _run_folders(root, _DEEPEST_LEVEL)]
    return sorted(runs, key=lambda run: (run.started, str(run.folder)), reverse=True)


def read_run(folder: Path) -> RunSummary:
    """Read one run folder. Files that are absent, torn or of another make are told by the status."""
    if (folder / _FOLDS).is_file():
        return _read_folds(folder)
    events = list(_whole_lines(folder / "journal.jsonl"))
    first = next((event for event in events if event.get("event") == "run_started"), {})
    config = first.get("config") or first.get("name")
    config = config if isinstance(config, str) else folder.parent.name
    started = first.get("time")
    started = started if isinstance(started, str) else _modified(folder)
    ended = any(event.get("event") == "run_ended" for event in events)
    if not (folder / "metrics.json").exists():
        return RunSummary(folder, config, started, "damaged" if ended else "unfinished")
    try:
        headline, value, interval, unit = _headline(folder / "metrics.json")
    except (OSError, ValueError, KeyError, TypeError):
        return RunSummary(folder, config, started, "damaged")
    status = "done" if ended or not events else "unfinished"
    return RunSummary(folder, config, started, status, headline, value, interval, unit)


def _run_folders(root: Path, levels: int) -> Iterator[Path]:
    if any((root / mark).is_file() for mark in (*_MARKS, _FOLDS)):
        yield root
    elif levels >= 0:
        try:
            children = sorted(child for child in root.iterdir() if child.is_dir() and child.name[0] != ".")
        except OSError:
            return  # absent, or not ours to read: it has no runs that could be listed
        for child in children:
            yield from _run_folders(child, levels - 1)


def _read_folds(folder: Path) -> RunSummary:
    """Read a cross-validation, whose figures are those of all predictions together."""
    try:
        content = json.loads((folder / _FOLDS).read_text(encoding="utf-8"))
        config, started = str(content["config"]), str(content["started"])
        if not content["complete"]:
            return RunSummary(folder, config, started, "unfinished")
        name, value, interval = _figure(str(content["headline"]), content["pooled"])
        unit = _unit(content)
    except (OSError, ValueError, KeyError, TypeError):
        return RunSummary(folder, folder.parent.name, _modified(folder), "damaged")
    return RunSummary(folder, config, started, "done", name, value, interval, unit)


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the run was killed
        if isinstance(event, dict):
            yield event


def _headline(path: Path) -> tuple[str, float | None, tuple[float, float] | None, str]:
    metrics = json.loads(path.read_text(encoding="utf-8"))
    return (*_figure(str(metrics["headline"]), metrics["test"]), _unit(metrics))


def _unit(metrics: dict[str, Any]) -> str:
    """Of the headline, where the task has metrics of its own."""
    own = metrics.get("metrics") or {}
    return str(own[metrics["headline"]]["unit"]) if own else ""


def _figure(name: str, figures: dict[str, Any]) -> tuple[str, float | None, tuple[float, float] | None]:
    figure = figures[name]
    bounds = figure.get("ci95")
    interval = (float(bounds[0]), float(bounds[1])) if bounds and len(bounds) == 2 else None
    # The test may leave a metric of the task's own undefined.
    return name, None if figure["value"] is None else float(figure["value"]), interval


def _modified(folder: Path) -> str:
    moment = datetime.datetime.fromtimestamp(folder.stat().st_mtime, tz=datetime.UTC)
    return moment.isoformat(timespec="seconds")
