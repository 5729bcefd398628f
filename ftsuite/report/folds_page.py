"""The page of a cross-validation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ftsuite.report.figures import figure_text, shortened
from ftsuite.report.fold_measures import FoldMeasure, main_measure, measures_over_folds
from ftsuite.report.templates import page_environment, resource

_BASELINES = {"tf-idf": "TF-IDF with logistic regression", "constant": "One constant answer to all inputs"}


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
    measures = measures_over_folds(found)
    # A metric that has no value in some fold has no mean.
    main = main_measure(found)
    headline = main.key
    return {
        "config": found["config"],
        "folds": found["folds"],
        "examples": found["examples"],
        "hint": found.get("rendered_hint"),
        "headline": main.name,
        "pooled": main.figure(found["pooled"][headline]),
        "spread": main.spread(found["mean"][headline]) if headline in found["mean"] else "—",
        "metrics": [_metric(measure, found) for measure in measures],
        "baselines": [
            {"name": _BASELINES.get(name, name), "spread": main.spread(spreads[headline])}
            for name, spreads in found["baselines"].items()
            if headline in spreads
        ],
        "runs": [
            {
                "fold": run["fold"],
                "folder": run["folder"],
                "counts": run["counts"],
                "columns": [measure.figure(run["test"].get(measure.key)) for measure in measures],
                "main": main.figure(run["test"].get(headline)),
            }
            for run in found["runs"]
        ],
        "columns": [measure.name for measure in measures],
        "per_class": _per_class(found["pooled"].get("per_class") or {}),
        "notes": found["notes"],
    }


def spread_text(spread: Mapping[str, Any]) -> str:
    """A mean and what folds differ by, as one writes it: ``0.912 ± 0.013``."""
    return f"{spread['mean']:.3f} ± {spread['standard_deviation']:.3f}"


def _metric(measure: FoldMeasure, found: Mapping[str, Any]) -> dict[str, Any]:
    spread = found["mean"][measure.key]
    return {
        "name": measure.name,
        "meaning": measure.meaning,
        "pooled": measure.figure(found["pooled"].get(measure.key)),
        "spread": measure.spread(spread),
        "lowest": measure.number(spread, "lowest"),
        "highest": measure.number(spread, "highest"),
    }


def _per_class(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows by class, the lowest F1 first; classes without an example last."""
    rows = [
        {"name": name, "n": int(own["n"]), "columns": [figure_text(own[key]) for key in ("precision", "recall", "f1")]}
        for name, own in figures.items()
    ]
    return sorted(rows, key=lambda row: (row["n"] == 0, row["columns"][2].number, row["name"]))
