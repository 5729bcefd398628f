"""Which figure a fold is told by: of classes two that all have, of a task's own metrics the one that it leads with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftsuite.cli.folds import _Told
from ftsuite.cli.terminal import Terminal
from ftsuite.runs.folds import _headline

FIGURE: dict[str, Any] = {"value": 0.5, "ci95": [0.4, 0.6], "n": 20}
OF_CLASSES = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error", "top_5_accuracy")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (OF_CLASSES, "accuracy 0.500 (0.400-0.600, n = 20), macro f1 0.500"),
        # A task's own metrics may be called as those of classes are.
        (("hamming_loss", "accuracy"), "hamming loss 0.500"),
        (("accuracy", "macro_f1"), "accuracy 0.500"),
        (("mean_absolute_error",), "mean absolute error 0.500"),
    ],
)
def test_a_fold_is_told_whatever_its_metrics_are_called(
    names: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"headline": names[0], "test": dict.fromkeys(names, FIGURE)}
    event = {"event": "fold_ended", "fold": 1, "of": 3, "kept": False, "test": row["test"], **_headline(row)}
    _Told(Terminal(), tmp_path / "log").show(event)
    assert f"Fold 1 of 3 ended: {told}" in " ".join(capsys.readouterr().out.split())
