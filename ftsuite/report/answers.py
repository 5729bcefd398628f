"""The answers of a run with targets on its validation and test splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow

from ftsuite.report.files import torn
from ftsuite.report.predictions import read_table

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_TARGET, _ANSWER = "target_", "answer_"


@dataclass(frozen=True)
class Answers:
    """Targets and answers in parallel.

    Attributes:
        names: of the outputs, in their order.
        ids: stable names of the examples.
        inputs: path of the picture, the text itself, or what else the task reads.
        splits: "validation" or "test".
        targets: (n, outputs) float64.
        answers: (n, outputs) float64.
        errors: (n,) float64, how far off each answer is by the task's own reckoning.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    inputs: tuple[str, ...]
    splits: tuple[str, ...]
    targets: FloatArray
    answers: FloatArray
    errors: FloatArray

    def of_split(self, split: str) -> Answers:
        """Return the rows of one split."""
        rows = [row for row, name in enumerate(self.splits) if name == split]
        return Answers(
            self.names,
            tuple(self.ids[row] for row in rows),
            tuple(self.inputs[row] for row in rows),
            tuple(self.splits[row] for row in rows),
            self.targets[rows],
            self.answers[rows],
            self.errors[rows],
        )

    @property
    def are_labels(self) -> bool:
        """Whether targets are 0 or 1 and answers between: labels that apply or do not, not numbers."""
        marks = bool(np.isin(self.targets, (0.0, 1.0)).all())
        return marks and bool(((self.answers >= 0) & (self.answers <= 1)).all())


NO_ANSWERS = Answers((), (), (), (), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0))


def read_answers(path: Path, names: tuple[str, ...]) -> Answers:
    """Read predictions.parquet of a run whose outputs have these names.

    Raises:
        ArtifactError: the file is missing or torn, lacks a column, or holds numbers that are not finite.
    """
    table = read_table(path)
    wanted = ["id", "split", "input", "error", *(f"{prefix}{name}" for prefix in (_TARGET, _ANSWER) for name in names)]
    missing = [column for column in wanted if column not in table.column_names]
    if missing:
        raise torn(path, f"the column {', '.join(missing[:3])}", ", ".join(table.column_names[:8]))

    def strings(column: str) -> tuple[str, ...]:
        return tuple(str(value) for value in table.column(column).to_pylist())

    return Answers(
        names=names,
        ids=strings("id"),
        inputs=strings("input"),
        splits=strings("split"),
        targets=_numbers(table, [_TARGET + name for name in names], path),
        answers=_numbers(table, [_ANSWER + name for name in names], path),
        errors=_numbers(table, ["error"], path)[:, 0],
    )


def _numbers(table: Any, columns: list[str], path: Path) -> FloatArray:
    """Columns as ``(rows, columns)``."""
    try:
        found = [table.column(name).to_numpy().astype(np.float64) for name in columns]
    except (TypeError, ValueError, pyarrow.ArrowException) as error:
        raise torn(path, f"numbers in {columns[0]}", str(error).splitlines()[0]) from error
    values = np.stack(found, axis=1)
    if not np.isfinite(values).all():
        raise torn(path, f"finite numbers in {columns[0]}", "NaN or infinity")
    return values
