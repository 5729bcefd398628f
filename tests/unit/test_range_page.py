"""What the page of a range test says and draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.report.range_page import against_plan, write_range_page


def _stage(number: int = 0, **changes: Any) -> dict[str, Any]:
    rates = np.geomspace(1e-6, 10.0, 60)
    losses: list[float | None] = list(2.0 - np.clip(np.log10(rates) + 4.0, 0.0, 2.0) / 2.0)
    losses[-1] = None
    stage = {
        "stage": number,
        "stage_name": "last <2>",
        "key": f"finetune.stages.{number}.learning_rate",
        "planned_rate": 1e-3,
        "suggested_rate": 1e-2,
        "reason": "The loss <falls>.",
        "edge_rate": 1e-1,
        "rises": True,
        "lowest_rate": 5e-2,
        "steepest_rate": 1e-2,
        "rule": "a rule",
        "ending": "not finite",
        "updates": 60,
        "planned_updates": 100,
        "smoothing": 0.9,
        "rates": rates.tolist(),
        "losses": losses,
        "smoothed_losses": losses,
    }
    return {**stage, **changes}


@pytest.mark.parametrize(
    ("planned", "suggested", "edge", "rises", "expected"),
    [
        (1e-3, 2e-3, 2e-2, True, "like the plan's"),
        (1e-3, 1e-2, 1e-1, True, "higher than the plan's by a factor of 10"),
        (1e-2, 1e-3, 1e-2, True, "lower than the plan's by a factor of 10"),
        (2e-2, 1e-3, 1e-2, True, "lower than the plan's, at which the loss rises"),
        (20.0, 1.0, 10.0, False, "lower than the plan's by a factor of 20"),
        (1e-3, None, 1e-1, True, "no suggestion; the plan's does no harm"),
        (5e-2, None, 1e-1, True, "no suggestion; the plan's is near where"),
        (2e-1, None, 1e-1, True, "no suggestion; the plan's is where"),
        (1e-3, None, 10.0, False, "no suggestion; the plan's does no harm"),
        (1e-3, None, None, True, "no suggestion; the plan's is where"),
    ],
)
def test_a_suggestion_is_held_against_the_plan(
    planned: float, suggested: float | None, edge: float | None, rises: bool, expected: str
) -> None:
    stage = _stage(planned_rate=planned, suggested_rate=suggested, edge_rate=edge, rises=rises)
    assert against_plan(stage).startswith(expected)


def test_the_page_holds_a_plot_a_stage_and_escapes_names(tmp_path: Path) -> None:
    nothing = {"suggested_rate": None, "lowest_rate": None, "steepest_rate": None, "edge_rate": None}
    lost = {"rates": [1e-6], "losses": [None], "smoothed_losses": [None]}
    found = {"config": "a & b", "complete": False, "planned_stages": 3}
    stages = [_stage(), _stage(1, **nothing, **lost, ending="not finite")]
    page = tmp_path / "page.html"
    write_range_page(page, {**found, "stages": stages})
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "suggested 1.0e-02" in text and "plan 1.0e-03" in text
    assert "a &amp; b" in text and "last &lt;2&gt;" in text and "<falls>" not in text
    assert "2 of 3 stages tested" in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
