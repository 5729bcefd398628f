"""The page of a learning-rate range test."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ftsuite.report.range_plot import range_plot
from ftsuite.report.templates import page_environment, resource

_ENDINGS = {
    "rise": "the smoothed loss had risen far above its lowest",
    "not finite": "the loss was not finite any more",
    "range": "the highest rate was reached",
}


def write_range_page(path: Path, found: Mapping[str, Any]) -> None:
    """Write a page of its own, as a whole or not at all.

    Args:
        path: of the page.
        found: the content of ``learning_rates.json``.
    """
    stages = [
        {
            **stage,
            "number": stage["stage"] + 1,
            "planned": rate_text(stage["planned_rate"]),
            "suggested": rate_text(stage["suggested_rate"]),
            "against_plan": against_plan(stage),
            "lowest": rate_text(stage["lowest_rate"]),
            "steepest": rate_text(stage["steepest_rate"]),
            "ended": _ENDINGS[stage["ending"]],
            "plot": range_plot(stage),
        }
        for stage in found["stages"]
    ]
    environment = page_environment()
    style = Markup(resource("report.css"))
    text = environment.get_template("learning_rates.html.jinja").render({**found, "stages": stages, "style": style})
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def rate_text(rate: float | None) -> str:
    """A rate in two digits, as a config takes it; "none" where there is none."""
    return "none" if rate is None else f"{rate:.1e}"


def against_plan(stage: Mapping[str, Any]) -> str:
    """How a stage's own rate stands to what was found, in a few words."""
    planned, suggested, edge = float(stage["planned_rate"]), stage["suggested_rate"], stage["edge_rate"]
    too_high = edge is None or (stage["rises"] and planned > edge)
    if suggested is None:
        near = stage["rises"] and (edge is None or planned > edge / 10.0)
        where = "is where the loss rises" if too_high else "is near where the loss rises"
        return f"no suggestion; the plan's {where if near else 'does no harm'}"
    if too_high:
        return "lower than the plan's, at which the loss rises"
    ratio = suggested / planned
    # A test of a hundred steps is no more exact than that.
    if max(ratio, 1 / ratio) < 3.2:
        return "like the plan's: within a factor of 3"
    return f"{'higher' if ratio > 1 else 'lower'} than the plan's by a factor of {max(ratio, 1 / ratio):.2g}"
