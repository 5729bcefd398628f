"""From a run folder to report.html."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from ftsuite.evaluation import reliability_bins
from ftsuite.report import facts
from ftsuite.report.confusions import confusion_table, pairs_to_show
from ftsuite.report.figures import METRIC_MEANINGS, METRIC_NAMES, figure_text, metric_name, shortened
from ftsuite.report.measures import measures_of
from ftsuite.report.mistakes import Thumbnails, specimens, worst_rows
from ftsuite.report.plots import accuracy_plot, learning_rate_plot, loss_plot, reliability_plot, target_plots
from ftsuite.report.record import RunRecord, read_run
from ftsuite.report.stages import stage_columns, stage_rows
from ftsuite.report.target_parts import target_parts, target_tiles
from ftsuite.report.templates import page_environment, resource
from ftsuite.report.text_parts import text_parts

REPORT_NAME = "report.html"
WORST = 24


def write_report(run_folder: Path, *, thumbnails: Thumbnails | None = None) -> Path:
    """Write a run's report.html from the files in its folder; the same files give the same bytes.

    Args:
        run_folder: of a run that has ended.
        thumbnails: from values of the `input` column to JPEG or PNG bytes, None for a picture that is
            not to be had; left out where there are no pictures to show.

    Returns:
        The path of the report.

    Raises:
        ArtifactError: a file of the run is missing, torn, or of another run.
    """
    record = read_run(Path(run_folder))
    text = _environment().get_template("report.html.jinja").render(_context(record, thumbnails))
    target = record.folder / REPORT_NAME
    descriptor, temporary = tempfile.mkstemp(dir=record.folder, prefix=f".{REPORT_NAME}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp lets only the owner read; a report is as readable as any file that the run writes.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _environment() -> jinja2.Environment:
    environment = page_environment()
    environment.filters["short"] = shortened
    return environment


def _context(record: RunRecord, thumbnails: Thumbnails | None) -> dict[str, Any]:
    stages = stage_rows(record)
    script = resource("report.js").strip()
    return {
        "title": str(record.journal.started.get("config") or record.folder.resolve().name),
        "folder": record.folder.resolve().name,
        "summary": str(record.config.get("summary") or ""),
        "style": Markup(resource("report.css")),
        "script": Markup(script),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "hint": facts.rendered_hint(record),
        "noun": facts.noun(record),
        "classifies": record.classifies,
        "targets": record.has_targets,
        "confidence": _confidence_percent(record),
        "tiles": target_tiles(record) if record.has_targets else _tiles(record),
        "run_facts": facts.run_facts(record),
        "splits": record.split_counts,
        "stages": stages,
        "stage_columns": stage_columns(record),
        "plots": _plots(record, [stage.name for stage in stages]),
        "command": str(record.environment.get("command") or ""),
        "config_text": record.config_text,
        "environment_rows": facts.environment_rows(record.environment),
        "notes": facts.notes(record),
        **text_parts(record),
        **_of_test(record, thumbnails),
    }


def _of_test(record: RunRecord, thumbnails: Thumbnails | None) -> dict[str, Any]:
    """What was found on the test split, by what the run answers."""
    if record.has_targets:
        return target_parts(record, thumbnails)
    return _of_predictions(record, thumbnails) if record.classifies else {"verdict": _adapted(record)}


def _of_predictions(record: RunRecord, thumbnails: Thumbnails | None) -> dict[str, Any]:
    """What the predictions on the test split show."""
    test = record.test
    pairs = pairs_to_show(test)
    worst = worst_rows(test, WORST)
    wanted = [*worst, *(row for pair in pairs for row in [*pair.mistakes, *pair.typical])]
    kind = str(record.data_facts.get("kind", ""))
    bins = reliability_bins(test.probabilities.max(axis=1), test.labels == test.predictions)
    return {
        "verdict": _verdict(record),
        "class_counts": _class_counts(record),
        "confusion": confusion_table(test),
        "pairs": pairs,
        "worst": worst,
        "specimens": specimens(test, wanted, kind, thumbnails),
        "class_names": test.class_names,
        "mistakes": int(np.sum(test.labels != test.predictions)),
        "per_class": _per_class(record),
        "reliability": reliability_plot(bins, _confidence_percent(record) / 100),
        "calibration": _sureness(record),
    }


def _adapted(record: RunRecord) -> dict[str, Any]:
    """The verdict on a run that ends with an adapted encoder."""
    headline = record.metrics["headline"]
    return {"name": metric_name(headline), "figure": figure_text(record.metrics["test"][headline])}


def _plots(record: RunRecord, names: list[str]) -> list[tuple[Markup, str]]:
    journal = record.journal
    if not journal.epochs:
        return []
    texts = record.data_facts.get("kind") == "text"
    rate = (learning_rate_plot(journal, names), "Learning rate at the end of each epoch.")
    if record.has_targets:
        return [*target_plots(journal, names, measures_of(record.metrics)[0], texts), rate]
    return [
        (
            loss_plot(journal, names),
            f"Loss. Training loss includes label smoothing{'' if texts else ' and augmentation'}.",
        ),
        (
            accuracy_plot(journal, names),
            "Accuracy." if texts else "Accuracy. Training accuracy is on augmented examples.",
        ),
        rate,
    ]


def _confidence_percent(record: RunRecord) -> int:
    """Return the confidence of the run's intervals in percent."""
    headline = "accuracy" if record.classifies else record.metrics["headline"]
    return figure_text(record.metrics["test"][headline]).percent or 95


def _verdict(record: RunRecord) -> dict[str, Any]:
    headline = str(record.metrics.get("headline", "accuracy"))
    n = len(record.test.labels)
    most = int(np.bincount(record.test.labels).max())
    return {
        "name": metric_name(headline),
        "figure": figure_text(record.metrics["test"][headline]),
        "right": int(np.sum(record.test.labels == record.test.predictions)),
        "n": n,
        "baseline": f"{most / n:.3f}",
    }


def _tiles(record: RunRecord) -> list[dict[str, Any]]:
    test = record.metrics["test"]
    shown = [key for key in METRIC_NAMES if key in test]
    shown += [key for key, value in test.items() if key not in shown and "value" in value]
    return [
        {
            "name": metric_name(key),
            "meaning": METRIC_MEANINGS.get(key, ""),
            "figure": figure_text(test[key]),
            "validation": figure_text((record.metrics.get("validation") or {}).get(key)),
        }
        for key in shown
    ]


def _class_counts(record: RunRecord) -> dict[str, int]:
    counts = np.bincount(record.test.labels, minlength=len(record.test.class_names))
    return {"classes": len(counts), "smallest": int(counts.min()), "largest": int(counts.max())}


def _per_class(record: RunRecord) -> list[dict[str, Any]]:
    """Return rows by class, the lowest F1 first; classes without an example last."""
    rows = [
        {
            "name": name,
            "n": int(figures["n"]),
            "columns": [figure_text(figures[key]) for key in ("precision", "recall", "f1")],
        }
        for name, figures in record.metrics["test"]["per_class"].items()
    ]
    return sorted(rows, key=lambda row: (row["n"] == 0, row["columns"][2].number, row["name"]))


def _sureness(record: RunRecord) -> dict[str, Any]:
    """Say in words whether the model is too sure or not sure enough."""
    stated = float(record.test.probabilities.max(axis=1).mean())
    right = float(np.mean(record.test.labels == record.test.predictions))
    figure = figure_text(record.metrics["test"].get("expected_calibration_error"))
    return {"stated": f"{stated:.3f}", "right": f"{right:.3f}", "figure": figure}
