"""Whatever a plugin gives for its report: it is refused by name, or kept as it is and drawn."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ftsuite.api import Bars, Scatter, Table
from ftsuite.errors import PluginError
from ftsuite.report.drawn_parts import drawn_parts
from ftsuite.report.parts_file import read_parts, write_parts

NUMBERS = st.lists(st.floats() | st.integers(-(10**30), 10**30), max_size=5)
CELLS = st.text(max_size=5) | st.floats() | st.integers() | st.booleans() | st.none()
PARTS = st.one_of(
    st.builds(Scatter, st.text(), NUMBERS, NUMBERS, st.text(), st.text(), st.booleans(), st.text()),
    st.builds(Bars, st.text(), st.lists(st.text(), max_size=5), NUMBERS, st.text()),
    st.builds(
        Table, st.text(), st.lists(st.text(), max_size=3), st.lists(st.lists(CELLS, max_size=3), max_size=3), st.text()
    ),
)


@given(st.lists(PARTS, max_size=4))
def test_parts_are_refused_by_name_or_kept_and_drawn(parts: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report_parts.json"
        try:
            write_parts(path, parts, "sizes")
        except PluginError as error:
            assert re.match(r"Part \d+ of the report of the task 'sizes'", error.message)
            assert not path.exists()
            return
        kept = read_parts(path)
        write_parts(path, kept, "sizes")
        assert read_parts(path) == kept
    for drawn in drawn_parts(kept):
        # Escaped texts cannot look like attributes.
        places = re.findall(r' (?:cx|cy|x|y)="([^"]*)"', str(drawn.plot or ""))
        assert all(-20 <= float(place) <= 420 for place in places)
        assert all(0 <= bar.left <= 100.001 and 0 <= bar.width <= 100.001 for bar in drawn.bars)
