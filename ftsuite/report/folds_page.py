"""The page of a cross-validation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ftsuite.report.figures import METRIC_MEANINGS, METRIC_NAMES, figure_text, metric_name, shortened
from ftsuite.report.templates import page_environment, resource

_BASELINES = {"tf-idf": "TF-IDF with logistic regression"}


def write_folds_page(path: Path, found: Mapping[str, Any]) -> None:
    """Write a page of its own, as a whole or not at all; the same content gives the same bytes.

    Args:
        path: of the page, beside the folds' run folders.
        found: the content of a finished ``folds.json``.
    """
    environment = page_environment()
    environment.filters["short"] = shortened
    context = folds_context(found)
    text = environment.get_template("folds.html.jinja").render({**context, "style": Markup(resource("report.css"))})
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def folds_context(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows."""
    headline = str(found["headline"])
    names = [name for name in METRIC_NAMES if name in found["mean"]]
    return {
        "config": found["config"],
        "folds": found["folds"],
        "examples": found["examples"],
        "hint": found.get("rendered_hint"),
        "headline": metric_name(headline),
        "pooled": figure_text(found["pooled"][headline]),
        "spread": spread_text(found["mean"][headline]),
        "metrics": [
            {
                "name": metric_name(name),
                "meaning": METRIC_MEANINGS.get(name, ""),
                "pooled": figure_text(found["pooled"].get(name)),
                "spread": spread_text(found["mean"][name]),
                **_range(found["mean"][name]),
            }
            for name in names
        ],
        "baselines": [
            {"name": _BASELINES.get(name, name), "spread": spread_text(spreads[headline])}
            for name, spreads in found["baselines"].items()
            if headline in spreads
        ],
        "runs": [
            {
                "fold": run["fold"],
                "folder": run["folder"],
                "counts": run["counts"],
                "columns": [figure_text(run["test"].get(name)) for name in names],
                "main": figure_text(run["test"].get(headline)),
            }
            for run in found["runs"]
        ],
        "columns": [metric_name(name) for name in names],
        "per_class": _per_class(found["pooled"]["per_class"]),
        "notes": found["notes"],
    }


def spread_text(spread: Mapping[str, Any]) -> str:
    """A mean and what folds differ by, as one writes it: ``0.912 ± 0.013``."""
    return f"{spread['mean']:.3f} ± {spread['standard_deviation']:.3f}"


def _range(spread: Mapping[str, Any]) -> dict[str, str]:
    return {"lowest": f"{spread['lowest']:.3f}", "highest": f"{spread['highest']:.3f}"}


def _per_class(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows by class, the lowest F1 first; classes without an example last."""
    rows = [
        {"name": name, "n": int(own["n"]), "columns": [figure_text(own[key]) for key in ("precision", "recall", "f1")]}
        for name, own in figures.items()
    ]
    return sorted(rows, key=lambda row: (row["n"] == 0, row["columns"][2].number, row["name"]))
