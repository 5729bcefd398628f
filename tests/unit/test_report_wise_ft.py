"""The report's part on WiSE-FT: what it says of the choice, and that runs without it show no trace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fake_run import add_to_metrics, figure, make_fake_run
from test_report_page import Page

from ftsuite.errors import ArtifactError
from ftsuite.report import findings, write_report

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fake_run(tmp_path_factory.mktemp("runs") / "birds", ["jay", "tit"], per_class=6)


@pytest.fixture
def run(bare: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bare, tmp_path / "run"))


def _told(values: dict[float, float], share: float, metric: str = "accuracy", **more: Any) -> dict[str, Any]:
    points = [
        {
            "share": at,
            **{name: figure(value, value - 0.05, value + 0.05) for name in ("log_loss", "accuracy", "macro_f1")},
        }
        for at, value in values.items()
    ]
    return {
        "metric": metric,
        "share": share,
        "chosen_by": "validation",
        "start_stage": 0,
        "start_stage_name": "head",
        "ends_differ": True,
        "statistics_measured": False,
        "points": points,
        **more,
    }


VALUES = {0.0: 0.7, 0.5: 0.9, 1.0: 0.8}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            _told(VALUES, 0.5),
            "WiSE-FT kept the model 0.5 of the way from the head's own stage to the fine-tuned end, by the best "
            "validation accuracy: 0.900, against 0.800 at the fine-tuned end (+0.100; higher is better).",
        ),
        (
            _told(VALUES, 0.0, "log_loss"),
            "WiSE-FT kept the start, the end of the stage that trains the head alone (head), by the best validation "
            f"log loss: 0.700, against 0.800 at the fine-tuned end ({MINUS}0.100; lower is better).",
        ),
        (
            _told(VALUES, 1.0, "macro_f1"),
            "WiSE-FT kept the fine-tuned end itself, by the best validation macro f1: 0.800, against 0.700 at the "
            "start.",
        ),
        (
            _told(VALUES, 0.5, chosen_by="config"),
            "WiSE-FT kept the model 0.5 of the way from the head's own stage to the fine-tuned end, by the config: "
            "validation accuracy 0.900, against 0.800 at the fine-tuned end (+0.100; higher is better).",
        ),
        (
            _told(dict.fromkeys(VALUES, 0.7), 0.0, ends_differ=False),
            "WiSE-FT: no stage after that of the head bettered the validation figures, so start and end are one model, "
            "with a validation accuracy of 0.700.",
        ),
    ],
)
def test_the_choice_is_said_in_a_sentence(told: dict[str, Any], sentence: str, run: Path) -> None:
    add_to_metrics(run, wise_ft=told)
    assert findings(run, json.loads((run / "metrics.json").read_text(encoding="utf-8"))) == [sentence]
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert sentence in page.text
    assert ("a", "href", "#wise-ft") in page.attributes
    assert f"{told['share']:g}, kept" in page.text and "Wortsman" in page.text
    assert ("the best of 3 on the same examples" in page.text) == (told["chosen_by"] == "validation")


def test_statistics_that_were_measured_are_told(run: Path) -> None:
    add_to_metrics(run, wise_ft=_told(VALUES, 0.5, statistics_measured=True))
    assert "BatchNorm statistics were measured anew" in Page(write_report(run).read_text(encoding="utf-8")).text


def test_a_run_without_it_shows_no_trace(run: Path) -> None:
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "WiSE-FT" not in page.text and ("section", "id", "wise-ft") not in page.attributes


@pytest.mark.parametrize(
    "told",
    [
        3,
        _told({0.0: 0.5}, 0.0),
        _told(VALUES, 0.3),
        _told(VALUES, 0.5, "top_5_accuracy"),
        _told(VALUES, 0.5, points=[{"share": 0.5}]),
        {**_told(VALUES, 0.5), "chosen_by": None},
    ],
)
def test_figures_in_another_form_are_refused(told: Any, run: Path) -> None:
    add_to_metrics(run, wise_ft=told)
    with pytest.raises(ArtifactError, match="wise_ft"):
        write_report(run)
