"""The report of a run whose examples have targets: numbers, or labels that apply or do not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fake_run import fake_thumbnails
from fake_target_run import make_label_run, make_number_run
from test_report_page import Page

from ftsuite.api import Bars, Scatter, Table
from ftsuite.errors import ArtifactError
from ftsuite.report import findings, write_report
from ftsuite.report.drawn_parts import drawn_parts
from ftsuite.report.folds_page import write_folds_page
from ftsuite.report.measures import column_texts, measures_of
from ftsuite.report.parts_file import write_parts
from ftsuite.report.scatter import MOST_POINTS, scatter_svg


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_number_run(tmp_path_factory.mktemp("runs") / "numbers")


@pytest.fixture(scope="module")
def number_page(numbers: Path) -> Page:
    return Page(write_report(numbers, thumbnails=fake_thumbnails).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def label_page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = make_label_run(tmp_path_factory.mktemp("runs") / "labels")
    return Page(write_report(folder, thumbnails=fake_thumbnails).read_text(encoding="utf-8"))


def _change(folder: Path, **parts: Any) -> None:
    path = folder / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))


def test_the_verdict_has_value_unit_interval_and_the_constant(numbers: Path, number_page: Page) -> None:
    assert "Test mean absolute error 1.94 mm 95 % interval 1.74 to 2.13, n = 300" in number_page.text
    sentence = (
        "The model beats always giving one answer (length_mm 120.9): mean absolute error 1.94 mm against 14.3 mm, "
        "difference −12.3 mm, 95 % interval −13.4 to −11.2, which excludes 0."  # noqa: RUF001
    )
    assert sentence in number_page.text
    assert findings(numbers, json.loads((numbers / "metrics.json").read_text())) == [sentence]


def test_nothing_of_classes_appears(number_page: Page, label_page: Page) -> None:
    for page in (number_page, label_page):
        for words in ("Accuracy", "Confus", "Calibration", "Precision", "named rightly", "Log loss", "taken for"):
            assert words not in page.text
        targets = {value for _, name, value in page.attributes if name == "href" and value.startswith("#")}
        ids = {f"#{value}" for _, name, value in page.attributes if name == "id"}
        assert targets <= ids and "#largest" in targets


def test_tiles_have_meaning_validation_and_constant(number_page: Page) -> None:
    assert (
        "R² 0.982 0.972 to 0.992 validation 0.982 constant answer 0.000 share of the variance that is "
        "explained; higher is better" in number_page.text
    )


def test_curves_are_of_loss_and_headline(number_page: Page) -> None:
    labels = [value for _, name, value in number_page.attributes if name == "aria-label"]
    assert "Validation mean absolute error by epoch" in labels and "Loss by epoch, training and validation" in labels
    assert "Validation mean absolute error, in mm; lower is better." in number_page.text


def test_the_tasks_own_parts_are_drawn(number_page: Page, label_page: Page) -> None:
    assert number_page.tags["circle"] == 0  # closed at once, so counted among the attributes alone
    assert sum(tag == "circle" and name == "r" for tag, name, _ in number_page.attributes) == 300
    assert "True and answered length" in number_page.text and "On the dashed line both are equal." in number_page.text
    assert "below 100 2.100" in number_page.text and "above −2.600" in number_page.text  # noqa: RUF001
    assert "label examples mean answer threshold crest 29" in label_page.text


def test_the_largest_errors_come_first(number_page: Page, label_page: Page) -> None:
    assert "The 24 test pictures that are farthest off, of 300 that are not answered exactly." in number_page.text
    off = [float(text) for text in re.findall(r"off by ([\d.]+)", number_page.text)]
    assert len(off) == 24 and off == sorted(off, reverse=True)
    assert re.search(r"130\.2 answered 122\.6", number_page.text)
    assert "Listed are the labels that apply or get 0.5 or more" in label_page.text
    assert re.search(r"\w+ 0\.\d\d missed", label_page.text) and re.search(r"\w+ 0\.\d\d not there", label_page.text)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ([-0.5, 0.3], "No difference was found between the model and always giving one answer"),
        ([0.1, 0.3], "The model is worse than always giving one answer"),
    ],
)
def test_no_more_is_said_than_the_interval_shows(tmp_path: Path, interval: list[float], words: str) -> None:
    folder = make_number_run(tmp_path / "run", n=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    difference = {"value": sum(interval) / 2, "ci95": interval, "n": 20}
    metrics["baselines"]["constant"]["difference"]["mean_absolute_error"] = difference
    _change(folder, **metrics)
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert words in page.text and "beats" not in page.text


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            {"value": -2.5, "ci95": None, "n": 60, "resamples_agree": True},
            (
                "On 60 test examples the model is better than always giving one answer",
                "all resamples of them give the",
                "may yet be up to 4.9 % of all",
            ),
        ),
        (
            {"value": 2.5, "ci95": None, "n": 1},
            ("On 1 test example the model is worse than always giving one answer", "they are too few to say"),
        ),
    ],
)
def test_without_an_interval_the_values_are_compared(
    tmp_path: Path, figure: dict[str, Any], words: tuple[str, ...]
) -> None:
    folder = make_number_run(tmp_path / "run", n=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["baselines"]["constant"]["difference"]["mean_absolute_error"] = figure
    _change(folder, **metrics)
    text = Page(write_report(folder).read_text(encoding="utf-8")).text
    assert all(part in text for part in words)
    assert "No difference was found" not in text and "beats" not in text


def test_a_constant_without_a_figure_is_not_compared(tmp_path: Path) -> None:
    folder = make_number_run(tmp_path / "run", n=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["baselines"]["constant"]["test"]["mean_absolute_error"] = {"value": None, "ci95": None, "n": 20}
    metrics["baselines"]["constant"]["difference"]["mean_absolute_error"] = {"value": None, "ci95": None, "n": 20}
    _change(folder, **metrics)
    assert "is not defined, so the model is not compared with it" in write_report(folder).read_text(encoding="utf-8")
    metrics["test"]["mean_absolute_error"] = {"value": None, "ci95": None, "n": 20}
    _change(folder, **metrics)
    text = Page(write_report(folder).read_text(encoding="utf-8")).text
    assert "The test examples do not define the mean absolute error" in text and "Test mean absolute error —" in text
    metrics.pop("baselines")
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert "constant" not in Page(write_report(folder).read_text(encoding="utf-8")).text


def test_texts_are_shown_and_escaped(tmp_path: Path) -> None:
    folder = make_label_run(tmp_path / "run", n=30, kind="text", names=("<script>alert(1)</script>", "b&b"))
    write_parts(
        folder / "report_parts.json",
        [
            Scatter("<i>t</i>", [1.0], [2.0], "<b>x</b>", '"y"', note="<u>n</u>"),
            Bars("<i>", ["</table>"], [0.0], "<v>"),
            Table("t", ["<c>"], [["<d>"]]),
        ],
    )
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert "<script>alert" not in text and page.tags["b"] > 0
    assert "text <b>" in page.text and "<b>x</b>" in page.text and "<u>n</u>" in page.text and "<d>" in page.text
    assert page.tags["script"] == 1 and page.tags["i"] == 4


def test_a_run_without_parts_or_pictures_has_a_page(tmp_path: Path) -> None:
    folder = make_number_run(tmp_path / "run", n=3)
    (folder / "report_parts.json").unlink()
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "A closer look" not in page.text and "no picture" in page.text
    assert "Every test picture that is not answered exactly" in page.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metrics": ["r2"]}, "a description of each metric"),
        ({"headline": "r3"}, "headline"),
        ({"outputs": []}, "names under outputs"),
        ({"outputs": ["width"]}, "the column target_width"),
        ({"baselines": {"constant": 3}}, "baselines.constant"),
    ],
)
def test_a_torn_run_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    folder = make_number_run(tmp_path / "run", n=5)
    _change(folder, **change)
    with pytest.raises(ArtifactError, match=words):
        write_report(folder)


def test_predictions_of_another_run_are_refused(tmp_path: Path) -> None:
    folder, other = make_number_run(tmp_path / "run", n=5), make_number_run(tmp_path / "other", n=6)
    (folder / "predictions.parquet").write_bytes((other / "predictions.parquet").read_bytes())
    with pytest.raises(ArtifactError, match="figures over 5 test examples in one, 6 in the other"):
        write_report(folder)


def test_many_points_are_counted_in_squares() -> None:
    x = [float(i % 997) for i in range(50_000)]
    svg = scatter_svg(Scatter("t", x, x, "x", "y", True))
    assert len(svg) < 120_000 and "<rect" in svg and "<circle" not in svg
    assert len(scatter_svg(Scatter("t", x[:MOST_POINTS], x[:MOST_POINTS], "x", "y"))) < 90_000
    assert "50,000 points" in drawn_parts([Scatter("t", x, x, "x", "y")])[0].more


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-1e100, 1e100], [1e-30, 2e-30], [-3.0, 0.0]])
def test_axes_hold_any_range(values: list[float]) -> None:
    svg = scatter_svg(Scatter("t", values, values, "x", "y"))
    places = [float(place) for place in re.findall(r'c[xy]="([-\d.]+)"', svg)]
    assert len(places) == 2 * len(values) and all(0 <= place <= 400 for place in places)


def test_long_lists_are_cut_and_empty_ones_said() -> None:
    bars, rows, nothing = drawn_parts(
        [
            Bars("b", [str(i) for i in range(200)], [float(i) for i in range(200)], "v"),
            Table("t", ["a"], [[i] for i in range(2000)]),
            Scatter("s", [], [], "x", "y"),
        ]
    )
    assert len(bars.bars) == 80 and "first 80 of 200 bars" in bars.more
    assert len(rows.rows) == 500 and "first 500 of 2,000 rows" in rows.more
    assert nothing.is_empty


def test_bars_of_both_signs_share_a_zero() -> None:
    (part,) = drawn_parts([Bars("b", ["up", "down", "none"], [3.0, -1.0, 0.0], "v")])
    assert [(bar.left, bar.width) for bar in part.bars] == [(25.0, 75.0), (0.0, 25.0), (25.0, 0.0)]
    (same,) = drawn_parts([Bars("b", ["a", "b"], [0.0, 0.0], "v")])
    assert [bar.width for bar in same.bars] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("figure", "value", "interval"),
    [
        ({"value": 1.9312, "ci95": [1.71, 2.15], "n": 3}, "1.93 km", "1.71 to 2.15"),
        ({"value": 12345.6, "ci95": [11000.0, 14000.0], "n": 3}, "12,346 km", "11,000 to 14,000"),
        ({"value": 0.000123, "ci95": [0.0001, 0.00015], "n": 3}, "0.000123 km", "0.000100 to 0.000150"),
        ({"value": 4.0, "ci95": [4.0, 4.0], "n": 3}, "4.00 km", "4.00 to 4.00"),
        ({"value": 0.0, "ci95": None, "n": 1}, "0.000 km", ""),
        ({"value": None, "ci95": None, "n": 0}, "—", ""),
    ],
)
def test_figures_have_as_many_places_as_they_warrant(figure: dict[str, Any], value: str, interval: str) -> None:
    (measure,) = measures_of({"headline": "far", "metrics": {"far": {"better": "lower", "unit": "km", "meaning": ""}}})
    found = measure.figure(figure)
    assert (found.value, found.interval) == (value, interval)


def test_columns_have_as_many_places_each() -> None:
    assert column_texts([0.91234, 0.5, "—", 3]) == ["0.912", "0.500", "—", "3"]
    assert column_texts([12345.6, -0.2]) == ["12,346", "0"]


def test_the_page_of_folds_has_units_and_no_classes(tmp_path: Path) -> None:
    figure = {"value": 1.94, "ci95": [1.74, 2.13], "n": 30}
    spread = {"mean": 1.94, "standard_deviation": 0.11, "lowest": 1.8, "highest": 2.06, "folds": 2}
    run = {"fold": 1, "folder": "fold-1", "counts": {"train": 20, "test": 15}, "test": {"mean_absolute_error": figure}}
    described = {"mean_absolute_error": {"better": "lower", "unit": "mm", "meaning": "how far off"}}
    found = {
        "config": "lengths",
        "folds": 2,
        "examples": 30,
        "headline": "mean_absolute_error",
        "metrics": described,
        "outputs": ["length_mm"],
        "mean": {"mean_absolute_error": spread},
        "pooled": {"mean_absolute_error": figure},
        "baselines": {"constant": {"mean_absolute_error": {**spread, "mean": 14.31}}},
        "runs": [run, {**run, "fold": 2, "folder": "fold-2"}],
        "notes": ["A note."],
    }
    write_folds_page(tmp_path / "report.html", found)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Mean absolute error, over 30 examples, each tested once 1.94 mm" in page.text
    assert "standard deviation over them: 1.94 ± 0.11 mm" in page.text
    assert "One constant answer to all inputs on the same splits: 14.31 ± 0.11 mm." in page.text
    assert "how far off; lower is better" in page.text and "Class" not in page.text


def test_the_learning_curve_is_told_by_the_tasks_metric_and_against_the_constant(tmp_path: Path) -> None:
    folder = make_number_run(tmp_path / "run", n=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    constant = metrics["baselines"]["constant"]["test"]["mean_absolute_error"]
    model = metrics["test"]["mean_absolute_error"]
    rows = [{"examples": count, "model": model, "baseline": constant} for count in (50, 500)]
    _change(folder, learning_curve={"metric": "mean_absolute_error", "rows": rows})
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "The model is ahead of one constant answer at every size measured, from 50 examples on." in page.text
    assert "TF-IDF" not in page.text and " mm " in page.text


def test_folds_that_define_no_metric_still_have_a_page(tmp_path: Path) -> None:
    folder = make_number_run(tmp_path / "run", n=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    nothing = {"value": None, "ci95": None, "n": 20}
    run = {"fold": 1, "folder": "fold-1", "counts": {"train": 9}, "test": dict.fromkeys(metrics["metrics"], nothing)}
    found = {
        **{key: metrics[key] for key in ("headline", "outputs", "metrics")},
        **{"config": "birds", "folds": 2, "examples": 20, "notes": [], "mean": {}, "baselines": {}},
        **{"pooled": run["test"], "runs": [run, {**run, "fold": 2}]},
    }
    write_folds_page(tmp_path / "folds.html", found)
    assert "Mean absolute error" in Page((tmp_path / "folds.html").read_text(encoding="utf-8")).text
