"""Makes run folders of tasks with targets, numbers or labels, without training: for the report's tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from fake_run import make_fake_run

from ftsuite.api import Bars, ReportPart, Scatter, Table
from ftsuite.report.parts_file import write_parts

MEASURES = {
    "mean_absolute_error": {"better": "lower", "unit": "mm", "meaning": "how far off an answer is"},
    "r2": {"better": "higher", "unit": "", "meaning": "share of the variance that is explained"},
}
LABEL_MEASURES = {
    "macro_f1": {"better": "higher", "unit": "", "meaning": "mean of the labels' F1"},
    "hamming_loss": {"better": "lower", "unit": "", "meaning": ""},
}
TRAITS = ("crest", "bib", "red breast", "wing bars", "eye ring", "long tail")


def make_number_run(folder: Path, *, n: int = 300, noise: float = 2.4, kind: str = "image-file") -> Path:
    """A run that answers one number, the length of a bird in millimetres."""
    rng = np.random.default_rng(3)
    targets = rng.normal(120.0, 18.0, (n, 1))
    answers = targets + rng.normal(0.4, noise, (n, 1))
    middle = float(targets.mean())
    ours, theirs = np.abs(answers - targets).mean(), np.abs(middle - targets).mean()
    r2 = 1 - float(((answers - targets) ** 2).sum() / max(((targets - middle) ** 2).sum(), 1e-9))
    figures = {"mean_absolute_error": _figure(ours, 0.1 * ours, n), "r2": _figure(r2, 0.01, n)}
    constant = {
        "test": {"mean_absolute_error": _figure(theirs, 1.0, n), "r2": _figure(0.0, 0.02, n)},
        "difference": {"mean_absolute_error": _figure(ours - theirs, 1.1, n), "r2": _figure(r2, 0.03, n)},
        "answer": {"length_mm": middle},
    }
    parts = [
        Scatter("True and answered length", targets[:, 0], answers[:, 0], "true length, mm", "answer, mm", True),  # type: ignore[arg-type]
        Bars("Error by range", ["below 100", "100 to 120", "120 to 140", "above"], [2.1, 1.7, 1.9, -2.6], "error, mm"),
    ]
    return _write(folder, kind, ("length_mm",), targets, answers, MEASURES, figures, constant, parts)


def make_label_run(folder: Path, *, n: int = 250, kind: str = "field-guide", names: Sequence[str] = TRAITS) -> Path:
    """A run that answers which of several labels apply."""
    rng = np.random.default_rng(4)
    targets = (rng.random((n, len(names))) < np.linspace(0.1, 0.6, len(names))).astype(float)
    answers = 1 / (1 + np.exp(-(4.5 * (targets - 0.5) + rng.normal(0, 1.3, targets.shape))))
    figures = {"macro_f1": _figure(0.812, 0.03, n), "hamming_loss": _figure(0.081, 0.012, n)}
    constant = {
        "test": {"macro_f1": _figure(0.13, 0.01, n), "hamming_loss": _figure(0.3, 0.02, n)},
        "difference": {"macro_f1": _figure(0.682, 0.03, n), "hamming_loss": _figure(-0.219, 0.02, n)},
        "answer": dict(zip(names, targets.mean(axis=0).tolist(), strict=True)),
    }
    rows = [[name, int(targets[:, i].sum()), float(answers[:, i].mean()), "—"] for i, name in enumerate(names)]
    parts: list[ReportPart] = [Table("Labels", ["label", "examples", "mean answer", "threshold"], rows)]
    return _write(folder, kind, tuple(names), targets, answers, LABEL_MEASURES, figures, constant, parts)


def _write(
    folder: Path,
    kind: str,
    names: tuple[str, ...],
    targets: np.ndarray,
    answers: np.ndarray,
    measures: dict[str, dict[str, str]],
    figures: dict[str, object],
    constant: dict[str, object],
    parts: Sequence[ReportPart],
) -> Path:
    make_fake_run(folder, ("some", "others"), per_class=5, kind=kind)
    headline = next(iter(measures))
    metrics = {
        "format": 1,
        "headline": headline,
        "outputs": list(names),
        "metrics": measures,
        "test": figures,
        "validation": figures,
        "stages": [{"name": name, "validation": figures} for name in ("head", "last 2", "all")],
        "baselines": {"constant": constant},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    ids = [f"test/{headline}/{row:05d}" for row in range(len(targets))]
    columns: dict[str, object] = {"id": ids, "split": ["test"] * len(ids), "input": ids}
    if kind == "text":
        columns["input"] = [f"text <b>{row}</b>" for row in range(len(ids))]
    for place, name in enumerate(names):
        columns[f"target_{name}"] = targets[:, place].astype(np.float32)
        columns[f"answer_{name}"] = answers[:, place].astype(np.float32)
    columns["error"] = np.abs(targets - answers).mean(axis=1).astype(np.float32)
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "predictions.parquet")
    _journal(folder / "journal.jsonl", headline)
    write_parts(folder / "report_parts.json", parts)
    return folder


def _journal(path: Path, headline: str) -> None:
    """What the epochs of classes have, exchanged for what those of targets have."""
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for event in events:
        if event["event"] == "epoch":
            event["validation_loss"] = event.pop("validation_log_loss")
            event[f"validation_{headline}"] = 2.0 * event["validation_loss"]
            for name in ("train_accuracy", "validation_accuracy", "validation_macro_f1"):
                event.pop(name, None) if name != f"validation_{headline}" else None
    path.write_text("\n".join(json.dumps(event) for event in events) + "\n", encoding="utf-8")


def _figure(value: float, half: float, n: int) -> dict[str, object]:
    return {"value": float(value), "ci95": [float(value) - half, float(value) + half], "n": n}
