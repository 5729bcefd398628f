"""The parts of a report that runs with targets have, in place of those of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.report.answers import Answers
from ftsuite.report.constant import constant_of, constant_part
from ftsuite.report.drawn_parts import drawn_parts
from ftsuite.report.largest_errors import LABEL_AT, largest_errors
from ftsuite.report.measures import column_texts, measures_of
from ftsuite.report.mistakes import Thumbnails
from ftsuite.report.parts_file import PARTS_NAME, read_parts
from ftsuite.report.record import RunRecord

LARGEST = 24
_MOST_OUTPUTS = 100


@dataclass(frozen=True)
class OutputsTable:
    """What the targets of the test split are, a row an output."""

    columns: list[str]
    rows: list[tuple[str, list[str]]]
    left_out: int


def target_parts(record: RunRecord, thumbnails: Thumbnails | None) -> dict[str, Any]:
    """The parts by the names that the page gives them.

    Raises:
        ArtifactError: a file of the run tells of one in another form.
    """
    metrics, answers = record.metrics, record.answers
    constant = constant_part(metrics, record.folder / "metrics.json")
    headline = measures_of(metrics)[0]
    kind = str(record.data_facts.get("kind", ""))
    return {
        "verdict": {"name": headline.spoken, "figure": headline.figure(metrics["test"][headline.key])},
        "constant": constant,
        "outputs": _outputs(answers, constant.answer if constant else {}),
        "drawn": drawn_parts(read_parts(record.folder / PARTS_NAME)),
        "largest": largest_errors(answers, LARGEST, kind, thumbnails),
        "are_labels": answers.are_labels,
        "label_at": LABEL_AT,
        "errors_made": int((answers.errors > 0).sum()),
    }


def target_tiles(record: RunRecord) -> list[dict[str, Any]]:
    """A tile a metric, headline first, with the figure of the constant answer."""
    metrics = record.metrics
    told = constant_of(metrics, record.folder / "metrics.json")
    constant = told["test"] if told else {}
    validation = metrics.get("validation") or {}
    return [
        {
            "name": measure.name,
            "meaning": measure.told,
            "figure": measure.figure(metrics["test"].get(measure.key)),
            "validation": measure.figure(validation.get(measure.key)),
            "constant": measure.figure(constant.get(measure.key)),
        }
        for measure in measures_of(metrics)
    ]


def _outputs(answers: Answers, constant: Any) -> OutputsTable:
    names, targets = answers.names[:_MOST_OUTPUTS], answers.targets[:, :_MOST_OUTPUTS]
    columns: dict[str, list[str]] = {}
    if answers.are_labels:
        columns["Test examples with it"] = [f"{int(count):,}" for count in targets.sum(axis=0)]
        columns["Share"] = [f"{share:.3f}" for share in targets.mean(axis=0)]
    else:
        for name, values in (
            ("Lowest", targets.min(axis=0)),
            ("Median", np.median(targets, axis=0)),
            ("Highest", targets.max(axis=0)),
            ("Standard deviation", targets.std(axis=0)),
        ):
            columns[name] = [column_texts([float(value)])[0] for value in values]
    if all(name in constant for name in names):
        columns["Constant answer"] = [column_texts([float(constant[name])])[0] for name in names]
    rows = [(name, [column[place] for column in columns.values()]) for place, name in enumerate(names)]
    return OutputsTable(list(columns), rows, len(answers.names) - len(names))
