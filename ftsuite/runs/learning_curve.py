"""The learning curve: the same plan with fewer training examples, to see what more of them would bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.runs import folder as folders
from ftsuite.runs.judgement import baseline_figure, probabilities_of, split_figures
from ftsuite.runs.prepare import Prepared, curve_counts, with_training_subset
from ftsuite.runs.target_figures import BASELINE
from ftsuite.runs.workload import make_trainer
from ftsuite.training.checkpoints import latest_checkpoint
from ftsuite.training.journal import Journal


def learning_curve(
    prepared: Prepared, start: list[np.ndarray], whole: Mapping[str, Any], folder: Path, resume: bool
) -> dict[str, Any] | None:
    """Train and judge with each number of examples that ``evaluation.learning_curve`` names.

    The model's weights are then those of the last of these trainings, so the run's own model must have been saved.

    Args:
        prepared: the job.
        start: weights of the training model before the classifier was trained, after adapting.
        whole: the run's own metrics, the curve's last point.
        folder: of the run.
        resume: go on from each training's own checkpoints.

    Returns:
        ``{"metric", "rows": [{"examples", "model", "baseline"}]}``, by rising number of examples, with figures of the
        test split; None where the config asks for no curve.
    """
    everything = len(prepared.parts["train"])
    counts = curve_counts(prepared)
    if not counts:
        return None
    metric = prepared.headline
    rows = [_row(with_training_subset(prepared, count), start, metric, folder, resume) for count in counts]
    baselines = whole.get("baselines", {})
    baseline = baselines[BASELINE]["test"][metric] if BASELINE in baselines else baselines.get("tf-idf", {}).get(metric)
    rows.append({"examples": everything, "model": whole["test"][metric], "baseline": baseline})
    # A metric of the task's own may be undefined: of a constant answer, or on a small test.
    defined = [{**row, "baseline": _with_value(row["baseline"])} for row in rows if _with_value(row["model"])]
    return {"metric": metric, "rows": defined}


def _with_value(figure: Any) -> Any:
    return None if figure is None or figure["value"] is None else figure


def _row(prepared: Prepared, start: list[np.ndarray], metric: str, folder: Path, resume: bool) -> dict[str, Any]:
    count = len(prepared.parts["train"])
    prepared.model.training.set_weights(start)
    journal = Journal(folder / f"journal.examples-{count}.jsonl")
    checkpoints = folder / folders.CHECKPOINTS / f"examples-{count}"
    if not (resume and latest_checkpoint(checkpoints)):
        journal.cut(0)
    make_trainer(prepared, journal, checkpoints).run(resume)
    model = split_figures(prepared, "test", probabilities_of(prepared, "test")[0])[metric]
    return {"examples": count, "model": model, "baseline": baseline_figure(prepared, metric)}
