"""The confusion matrix and the most-confused pairs, prepared for the page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ftsuite.evaluation import ConfusedPair, confused_pairs, confusion_matrix, most_confused_classes
from ftsuite.report.mistakes import pair_rows, typical_row
from ftsuite.report.plots import confusion_map
from ftsuite.report.predictions import Predictions

LARGEST_TABLE = 30
REGION = 20
PAIRS = 8
PICTURES_A_PAIR = 3


@dataclass(frozen=True)
class Cell:
    """One cell: its count, its share of the row, and whether it lies on the diagonal."""

    count: int
    share: float
    right: bool
    title: str


@dataclass(frozen=True)
class ConfusionTable:
    """A confusion matrix as a table.

    Attributes:
        names: class names of rows and columns alike.
        rows: cells by true class.
        elsewhere: by true class, examples that were taken for a class that the table leaves out.
        total: number of all classes.
        map: picture of all classes where the table shows only some, else None.
    """

    names: list[str]
    rows: list[list[Cell]]
    elsewhere: list[int]
    total: int
    map: Markup | None


@dataclass(frozen=True)
class PairRows:
    """A confused pair with the rows to show: some mistakes, and a typical one of each class."""

    pair: ConfusedPair
    mistakes: list[int]
    typical: list[int]


def confusion_table(test: Predictions) -> ConfusionTable:
    """Make the table: of all classes up to 30 of them, else of the 20 most confused with a map of all."""
    classes = len(test.class_names)
    matrix = confusion_matrix(test.labels, test.predictions, classes)
    whole = classes <= LARGEST_TABLE
    shown = most_confused_classes(matrix, classes if whole else REGION)
    support = matrix.sum(axis=1)
    rows = []
    for true in shown:
        row = []
        for predicted in shown:
            count = int(matrix[true, predicted])
            title = f"{test.class_names[true]} taken for {test.class_names[predicted]}: {count}"
            if true == predicted:
                title = f"{test.class_names[true]} named rightly: {count}"
            row.append(Cell(count, count / max(int(support[true]), 1), true == predicted, title))
        rows.append(row)
    return ConfusionTable(
        names=[test.class_names[index] for index in shown],
        rows=rows,
        elsewhere=[int(support[true] - matrix[true, shown].sum()) for true in shown],
        total=classes,
        map=None if whole else confusion_map(matrix),
    )


def pairs_to_show(test: Predictions) -> list[PairRows]:
    """Choose the most-confused pairs and the examples that show them."""
    matrix = confusion_matrix(test.labels, test.predictions, len(test.class_names))
    chosen = []
    for pair in confused_pairs(matrix, PAIRS):
        typical = [typical_row(test, label) for label in (pair.true, pair.predicted)]
        chosen.append(
            PairRows(
                pair,
                pair_rows(test, pair, PICTURES_A_PAIR),
                [row for row in typical if row is not None],
            )
        )
    return chosen
