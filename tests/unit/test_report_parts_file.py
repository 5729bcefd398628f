"""report_parts.json: written whole, read back, and a plugin's slip told by task and part."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Bars, Scatter, Table
from ftsuite.errors import ArtifactError, PluginError
from ftsuite.report.parts_file import read_parts, write_parts

SCATTER = Scatter("Size", [1.0, 2.0], [1.5, 2.5], "true, mm", "answer, mm", diagonal=True, note="Two points.")
BARS = Bars("By range", ["low", "high"], [0.5, -1.0], "error, mm")
TABLE = Table("Labels", ["label", "n", "recall"], [["crest", 3, 0.5], ["bib", 0, "—"]])


def test_parts_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "report_parts.json"
    write_parts(path, [SCATTER, BARS, TABLE], "sizes")
    assert read_parts(path) == (SCATTER, BARS, TABLE)
    assert json.loads(path.read_text())["format"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_run_without_parts_has_none(tmp_path: Path) -> None:
    assert read_parts(tmp_path / "report_parts.json") == ()


def test_numpy_values_become_plain_ones_of_seven_digits(tmp_path: Path) -> None:
    path = tmp_path / "report_parts.json"
    x = np.array([0.1, 1 / 3], np.float32)
    write_parts(
        path,
        [
            Scatter("a", x, x, "x", "y"),  # type: ignore[arg-type]
            Bars("b", np.array(["p", "q"]), np.array([1, 2]), "v"),  # type: ignore[arg-type]
            Table("c", ["d", "e", "f"], [[np.int64(3), np.float32(0.1), np.True_]]),  # type: ignore[list-item]
        ],
    )
    scatter, bars, table = read_parts(path)
    assert scatter.x == [0.1, 0.3333333]  # type: ignore[union-attr]
    assert bars.names == ["p", "q"] and bars.values == [1.0, 2.0]  # type: ignore[union-attr]
    assert table.rows == [[3, 0.1, "yes"]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Scatter("s", [1.0], [1.0, 2.0], "x", "y"), "x and y must be of one length. Received: 1 and 2"),
        (Scatter("s", [math.nan], [1.0], "x", "y"), "numbers must be finite. Received: nan in x"),
        (Bars("s", ["a"], [math.inf], "v"), "numbers must be finite. Received: inf in values"),
        (Bars("s", "ab", [1.0, 2.0], "v"), "names must be a list. Received: str"),
        (Bars("s", [3], [1.0], "v"), "names must be a text. Received: int 3"),  # type: ignore[list-item]
        (Scatter("s", [[1.0]], [[1.0]], "x", "y"), "one row of numbers"),  # type: ignore[list-item]
        (Scatter("s", ["one"], [1.0], "x", "y"), "x must be numbers"),  # type: ignore[list-item]
        (Table("s", ["a", "b"], [[1]]), "each row must have 2 cells, as many as columns. Received: 1 in row 1"),
        (Table("s", [], []), "at least one column"),
        (Table("s", ["a"], [[None]]), "a text or a number. Received: NoneType None in row 1"),  # type: ignore[list-item]
        (Table("s", ["a"], [[np.nan]]), "must be finite. Received: nan in row 1"),
    ],
)
def test_a_slip_is_told_by_task_and_part(tmp_path: Path, part: Any, words: str) -> None:
    with pytest.raises(PluginError) as told:
        write_parts(tmp_path / "report_parts.json", [SCATTER, part], "sizes")
    assert "Part 2 of the report of the task 'sizes'" in told.value.message
    assert f"{type(part).__name__} 's'" in told.value.message and words in told.value.message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("parts", [None, "text", [{"title": "s"}], [SCATTER] * 51, [Bars("  ", [], [], "v")]])
def test_what_is_no_list_of_parts_is_told(tmp_path: Path, parts: Any) -> None:
    with pytest.raises(PluginError, match="'sizes'"):
        write_parts(tmp_path / "report_parts.json", parts, "sizes")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "parts": []}',
        '{"format": 1, "parts": [3]}',
        '{"format": 1, "parts": [{"kind": "pie"}]}',
        '{"format": 1, "parts": [{"kind": "bars", "title": "t"}]}',
        '{"format": 1, "parts": [{"kind": "bars", "title": "t", "names": ["a"], "values": [NaN], "value_label": ""}]}',
    ],
)
def test_a_torn_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report_parts.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=r"report_parts\.json"):
        read_parts(path)


def test_texts_that_no_file_can_hold_are_kept_in_part(tmp_path: Path) -> None:
    path = tmp_path / "report_parts.json"
    write_parts(path, [Bars("half \ud800 <b>", ["ü"], [1.0], "v")])
    assert read_parts(path)[0].title == "half ? <b>"
