"""The predictions of a run on its validation and test splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from ftsuite.errors import ArtifactError
from ftsuite.report.files import torn

IntArray = np.ndarray[Any, np.dtype[np.int64]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_PREFIX = "probability_"


@dataclass(frozen=True)
class Predictions:
    """Predictions in parallel.

    Attributes:
        class_names: in the order of the model's outputs.
        ids: stable names of the examples.
        inputs: path of the picture, the text itself, or what else the task reads.
        splits: "validation" or "test".
        labels: (n,) int64, index into class_names.
        predictions: (n,) int64, index into class_names.
        probabilities: (n, num_classes) float64.
    """

    class_names: tuple[str, ...]
    ids: tuple[str, ...]
    inputs: tuple[str, ...]
    splits: tuple[str, ...]
    labels: IntArray
    predictions: IntArray
    probabilities: FloatArray

    def of_split(self, split: str) -> Predictions:
        """Return the rows of one split."""
        rows = [row for row, name in enumerate(self.splits) if name == split]
        return Predictions(
            self.class_names,
            tuple(self.ids[row] for row in rows),
            tuple(self.inputs[row] for row in rows),
            tuple(self.splits[row] for row in rows),
            self.labels[rows],
            self.predictions[rows],
            self.probabilities[rows],
        )


NO_PREDICTIONS = Predictions((), (), (), (), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0)))


def read_predictions(path: Path) -> Predictions:
    """Read predictions.parquet.

    Raises:
        ArtifactError: the file is missing or torn, or lacks a column.
    """
    table = read_table(path)
    missing = {"id", "split", "label", "prediction", "input"} - set(table.column_names)
    names = tuple(name.removeprefix(_PREFIX) for name in table.column_names if name.startswith(_PREFIX))
    if missing or not names:
        wanted = ", ".join(sorted(missing)) or f"{_PREFIX}<class>"
        raise torn(path, f"the column {wanted}", ", ".join(table.column_names[:8]))
    columns = [table.column(_PREFIX + name).to_numpy().astype(np.float64) for name in names]
    probabilities = np.stack(columns, axis=1)
    if not np.isfinite(probabilities).all():
        raise torn(path, "finite probabilities", "NaN or infinity")

    def strings(column: str) -> tuple[str, ...]:
        return tuple(str(value) for value in table.column(column).to_pylist())

    return Predictions(
        class_names=names,
        ids=strings("id"),
        inputs=strings("input"),
        splits=strings("split"),
        labels=_class_indices(table.column("label").to_pylist(), names, path),
        predictions=_class_indices(table.column("prediction").to_pylist(), names, path),
        probabilities=probabilities,
    )


def read_table(path: Path) -> Any:
    """Read a parquet table of a run folder, a `pyarrow.Table`.

    Raises:
        ArtifactError: the file is missing or torn.
    """
    if not path.is_file():
        raise ArtifactError(
            f"Expected the file {path.name} in the run folder {path.parent}. Received: no such file",
            "The run has not ended; finish it with `ftsuite run CONFIG --out FOLDER --resume`.",
        )
    try:
        return pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise torn(path, "a parquet table", str(error).splitlines()[0]) from error


def _class_indices(values: list[Any], names: tuple[str, ...], path: Path) -> IntArray:
    """Return class indices of a column that holds either the indices or the names of the classes."""
    position = {name: index for index, name in enumerate(names)}
    indices = [position.get(value) if isinstance(value, str) else value for value in values]
    for value, index in zip(values, indices, strict=True):
        if not isinstance(index, int) or not 0 <= index < len(names):
            raise torn(path, "labels that are classes of the model", repr(value))
    return np.array(indices, dtype=np.int64)
