"""The learning curve: the same plan with fewer training examples, to see what more of them would bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.runs import folder as folders
from ftsuite.runs.judgement import baseline_probabilities, probabilities_of
from ftsuite.runs.prepare import Prepared, curve_counts, with_training_subset
from ftsuite.runs.workload import figures_of, make_trainer
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
    baseline = whole.get("baselines", {}).get("tf-idf", {}).get(metric)
    rows.append({"examples": everything, "model": whole["test"][metric], "baseline": baseline})
    return {"metric": metric, "rows": rows}


def _row(prepared: Prepared, start: list[np.ndarray], metric: str, folder: Path, resume: bool) -> dict[str, Any]:
    count, test = len(prepared.parts["train"]), prepared.parts["test"]
    prepared.model.training.set_weights(start)
    journal = Journal(folder / f"journal.examples-{count}.jsonl")
    checkpoints = folder / folders.CHECKPOINTS / f"examples-{count}"
    if not (resume and latest_checkpoint(checkpoints)):
        journal.cut(0)
    make_trainer(prepared, journal, checkpoints).run(resume)
    model = figures_of(prepared, probabilities_of(prepared, "test")[0], test.labels)[metric]
    baseline = baseline_probabilities(prepared)
    beside = None if baseline is None else figures_of(prepared, baseline.test_probabilities, test.labels)[metric]
    return {"examples": count, "model": model, "baseline": beside}
