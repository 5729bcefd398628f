"""``predictions.parquet``: what the model said of each validation and test example."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from ftsuite.api import Examples


def write_predictions(path: Path, parts: Mapping[str, Examples], probabilities: Mapping[str, np.ndarray]) -> None:
    """Write one row an example: id, split, input, label, prediction and a probability a class.

    Args:
        path: of the file, written as a whole or not at all.
        parts: the examples of each split.
        probabilities: ``(n, num_classes)`` float32 of each split to write.
    """
    tables = [_table(name, parts[name], values) for name, values in probabilities.items()]
    partial = path.with_name(f".{path.name}.partial")
    pyarrow.parquet.write_table(pyarrow.concat_tables(tables), partial)
    os.replace(partial, path)


def _table(split: str, examples: Examples, probabilities: np.ndarray) -> pyarrow.Table:
    names = np.asarray(examples.class_names, dtype=object)
    columns: dict[str, object] = {
        "id": list(examples.ids),
        "split": [split] * len(examples),
        "input": list(examples.inputs),
        "label": list(names[examples.labels]),
        "prediction": list(names[probabilities.argmax(axis=1)]),
    }
    for number, name in enumerate(examples.class_names):
        columns[f"probability_{name}"] = probabilities[:, number].astype(np.float32)
    return pyarrow.table(columns)
