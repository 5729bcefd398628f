"""What a finished run writes of answers to targets: figures, predictions, and the parts of the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from ftsuite.api import Examples, Task
from ftsuite.errors import PluginError
from ftsuite.report.parts_file import PARTS_NAME, write_parts
from ftsuite.runs import folder as folders
from ftsuite.runs.prepare import Prepared, plugin_errors
from ftsuite.runs.target_figures import described, targets_of_part
from ftsuite.training.journal import Journal


def facts_of_targets(prepared: Prepared) -> dict[str, Any]:
    """What metrics.json says of outputs and metrics themselves, so that it can be read without the plugin."""
    if not prepared.metrics:
        return {}
    return {"outputs": list(prepared.examples.output_names), "metrics": described(prepared.metrics)}


def conclude_targets(
    prepared: Prepared,
    answers: Mapping[str, np.ndarray],
    metrics: Mapping[str, Any],
    folder: Path,
    journal: Journal,
) -> None:
    """Write ``predictions.parquet`` and ``report_parts.json``, and tell the journal."""
    write_answers(folder / folders.PREDICTIONS, prepared.task, prepared.parts, answers, prepared.spec.name)
    test = targets_of_part(prepared.parts["test"])
    with plugin_errors(prepared.spec.name, "report"):
        parts = prepared.task.report(test, answers["test"], prepared.examples.output_names)
    write_parts(folder / PARTS_NAME, parts, prepared.spec.name)
    journal.write("evaluated", test=metrics["test"])


def write_answers(
    path: Path, task: Task, parts: Mapping[str, Examples], answers: Mapping[str, np.ndarray], task_name: str
) -> None:
    """Write one row an example: id, split, input, each target and answer by name, and the error.

    Args:
        path: of the file, written as a whole or not at all.
        task: whose `errors` say how far off an answer is.
        parts: the examples of each split.
        answers: ``(n, outputs)`` of each split to write.
        task_name: for errors.
    """
    tables = [_table(name, task, parts[name], values, task_name) for name, values in answers.items()]
    partial = path.with_name(f".{path.name}.partial")
    pyarrow.parquet.write_table(pyarrow.concat_tables(tables), partial)
    os.replace(partial, path)


def _table(split: str, task: Task, examples: Examples, answers: np.ndarray, task_name: str) -> pyarrow.Table:
    targets, names = targets_of_part(examples), examples.output_names
    with plugin_errors(task_name, "errors"):
        errors = np.asarray(task.errors(targets, answers), dtype=np.float32)
    if errors.shape != (len(examples),) or not np.isfinite(errors).all():
        received = "numbers that are not finite" if errors.shape == (len(examples),) else f"shape {errors.shape}"
        raise PluginError(
            f"Task.errors of {task_name!r} must give a finite number for each of {len(examples):,} examples. "
            f"Received: {received}.",
            "Mend the plugin: average over the outputs.",
        )
    columns: dict[str, object] = {
        "id": list(examples.ids),
        "split": [split] * len(examples),
        "input": list(examples.inputs),
        **{f"target_{name}": targets[:, number].astype(np.float32) for number, name in enumerate(names)},
        **{f"answer_{name}": answers[:, number].astype(np.float32) for number, name in enumerate(names)},
        "error": errors,
    }
    return pyarrow.table(columns)
