"""The folder of a cross-validation that never ran, for what reads one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.split_file import write_split
from ftsuite.runs.predictions import write_predictions


def write_folds(folder: Path, examples: Examples, probabilities: np.ndarray, folds: int = 3, seed: int = 0) -> Path:
    """A folder as `ftsuite run --folds` leaves it, as far as an audit reads it: example i is tested in fold i mod k."""
    for number in range(folds):
        fold = folder / f"fold-{number + 1}"
        fold.mkdir(parents=True)
        splits = np.full(len(examples), "train", dtype="<U10")
        splits[(np.arange(len(examples)) + 1) % (3 * folds) == number] = "validation"
        splits[np.arange(len(examples)) % folds == number] = "test"
        write_split(fold / "split.json", examples, splits)
        rows = np.flatnonzero(splits == "test")
        write_predictions(
            fold / "predictions.parquet", {"test": examples.take(rows)}, {"test": probabilities[rows]}
        )  # fmt: skip
    runs = [{"fold": number + 1} for number in range(folds)]
    told = {"format": 1, "config": "birds", "folds": folds, "started": "", "complete": True, "seed": seed, "runs": runs}
    (folder / "folds.json").write_text(json.dumps(told), encoding="utf-8")
    return folder
