"""report_parts.json: what a task adds to its report, kept in the run folder so that a page needs no plugin."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ftsuite.api import Bars, ReportPart, Scatter, Table
from ftsuite.errors import PluginError
from ftsuite.report.files import read_object, torn
from ftsuite.report.part_checks import checked_parts

PARTS_NAME = "report_parts.json"
_FORMAT = 1
_KINDS: Mapping[str, type[ReportPart]] = {"scatter": Scatter, "bars": Bars, "table": Table}


def write_parts(path: Path, parts: Sequence[ReportPart], task: str = "") -> None:
    """Write what `Task.report` gave, as a whole or not at all; the same parts give the same bytes.

    Numbers are kept to seven digits, as many as float32 has.

    Args:
        path: of report_parts.json.
        parts: from the plugin, unchecked.
        task: name of the task, for the error.

    Raises:
        PluginError: names the task and the part that no page can show, and what is wrong with it.
    """
    names = {kind: name for name, kind in _KINDS.items()}
    rows = [{"kind": names[type(part)], **asdict(part)} for part in checked_parts(parts, task)]
    text = json.dumps({"format": _FORMAT, "parts": rows}, ensure_ascii=False, allow_nan=False)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def read_parts(path: Path) -> tuple[ReportPart, ...]:
    """Read what `write_parts` wrote; none where there is no such file.

    Raises:
        ArtifactError: the file is torn, or of another version of ftsuite.
    """
    if not path.exists():
        return ()
    content = read_object(path)
    rows = content.get("parts")
    if content.get("format") != _FORMAT or not isinstance(rows, list):
        raise torn(path, f"format {_FORMAT} with parts", repr(content)[:80])
    try:
        return checked_parts([_part(row, path) for row in rows], "")
    except PluginError as error:
        raise torn(path, "parts that can be shown", error.message) from error


def _part(row: Any, path: Path) -> ReportPart:
    """A part of its row in the file, unchecked."""
    try:
        return _KINDS[row["kind"]](**{key: value for key, value in row.items() if key != "kind"})
    except (KeyError, TypeError, AttributeError) as error:
        raise torn(path, "parts with a kind and all of its fields", repr(row)[:80]) from error
