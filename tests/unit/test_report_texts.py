"""The report's parts on texts: what they say, and that runs without them show no trace of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from fake_run import add_to_epochs, add_to_metrics, compared, figure, make_fake_run, write_showcase
from test_report_page import Page

from ftsuite.errors import ArtifactError
from ftsuite.report import findings, write_report
from ftsuite.report.adaptation import adaptation_part, adaptation_sentences
from ftsuite.report.learning_curve import CONSTANT, crossing_of, curve_sentence

BETTER, WORSE, SAME = figure(0.03, 0.01, 0.05), figure(-0.03, -0.05, -0.01), figure(0.01, -0.01, 0.03)
SECTIONS = ("baseline", "learning-curve", "adaptation", "showcase")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "texts"
    return make_fake_run(folder, ["negative", "positive"], per_class=12, kind="text", sharpness=1.5)


@pytest.fixture
def run(bare: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bare, tmp_path / "run"))


def _page(run: Path) -> Page:
    return Page(write_report(run).read_text(encoding="utf-8"))


def _metrics(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "metrics.json").read_text(encoding="utf-8")))


def _adaptation(**more: Any) -> dict[str, Any]:
    pair = {"before": figure(12.5, 12.1, 12.9), "after": figure(10.0, 9.7, 10.3)}
    return {"domain": pair, "general": {"before": pair["after"], "after": pair["before"]}, "change": -0.2, **more}


def test_a_run_without_them_shows_no_trace(run: Path) -> None:
    page = _page(run)
    ids = {value for _, name, value in page.attributes if name in ("id", "href")}
    assert not ids & {*SECTIONS, *(f"#{name}" for name in SECTIONS)}
    for word in ("TF-IDF", "perplexity", "Padding", "Tokens", "Before and after", "longer than"):
        assert word not in page.text
    assert findings(run, _metrics(run)) == []


@pytest.mark.parametrize(
    ("difference", "begins", "ends"),
    [
        (BETTER, "The model beats TF-IDF", "+0.010 to +0.050, which excludes 0."),
        (
            WORSE,
            "TF-IDF with logistic regression beats the model",
            "\N{MINUS SIGN}0.050 to \N{MINUS SIGN}0.010, which excludes 0.",
        ),
        (SAME, "No difference was found between the model and TF-IDF", "\N{MINUS SIGN}0.010 to +0.030, which holds 0."),
        ({"value": 0.5, "ci95": None, "n": 1}, "No difference was found", "without an interval."),
    ],
)
def test_who_wins_is_said_by_the_interval(run: Path, difference: dict[str, Any], begins: str, ends: str) -> None:
    chosen = {"strength": 3.0, "class_weight": "balanced", "features": 1234}
    add_to_metrics(run, baselines={"tf-idf": compared(difference, SAME, chosen=chosen)})
    page = _page(run)
    (sentence,) = findings(run, _metrics(run))
    assert sentence.startswith(begins) and sentence.endswith(ends)
    assert sentence in page.text
    assert "C = 3, classes weighed by their inverse frequency, 1,234 words and pairs" in page.text
    assert ("a", "href", "#baseline") in page.attributes


def test_the_headline_decides_which_difference_is_judged(run: Path) -> None:
    add_to_metrics(run, baselines={"tf-idf": compared(BETTER, WORSE)}, headline="macro_f1")
    (sentence,) = findings(run, _metrics(run))
    assert sentence.startswith("TF-IDF") and "test macro f1" in sentence
    assert sentence in _page(run).text


def test_an_error_that_adapting_lowered_is_a_gain() -> None:
    own = {"mean_absolute_error": {"better": "lower", "unit": "words", "meaning": ""}}
    figure = {"value": -1.5, "ci95": [-2.0, -1.0], "n": 50}
    told = _adaptation(unadapted={"difference": {"mean_absolute_error": figure}})
    metrics = {"headline": "mean_absolute_error", "metrics": own, "outputs": ["length"], "adaptation": told}
    part = adaptation_part({**metrics, "test": {}}, Path("metrics.json"))
    assert part is not None
    assert part.sentences[-1].startswith("The model is better for it: adapted less unadapted test mean absolute error")
    figure.update(value=1.5, ci95=[1.0, 2.0])
    assert adaptation_sentences(metrics)[-1].startswith("The model is worse for it")


def test_what_adapting_gained_and_lost_is_said_plainly(run: Path) -> None:
    add_to_metrics(run, adaptation=_adaptation(unadapted=compared(SAME, BETTER), notes=["Used half of it."]))
    gain, loss, worth = findings(run, _metrics(run))
    assert gain.endswith("of held-out domain text by 20.0 %, from 12.50 to 10.00.") and "lowered" in gain
    assert loss == "Lost on the way: on general text the pseudo-perplexity rose by 25.0 %, from 10.00 to 12.50."
    assert worth.startswith("No difference was found for the classifier")
    page = _page(run)
    for words in (
        gain,
        loss,
        worth,
        "\N{MINUS SIGN}20.0 %",
        "+25.0 %",
        "12.10 to 12.90",
        "Without adapting",
        "Used half of it.",
    ):
        assert words in page.text


def test_adapting_that_did_harm_or_may_be_chance_is_not_praised(run: Path) -> None:
    worse = {"before": figure(10.0, 9.0, 11.0), "after": figure(10.5, 9.5, 11.5)}
    fell = {"before": figure(8.0, 7.9, 8.1), "after": figure(7.0, 6.9, 7.1)}
    add_to_metrics(run, adaptation={"domain": worse, "general": fell, "change": 0.05})
    gain, loss = findings(run, _metrics(run))
    assert gain.startswith("Adapting did not help: it raised") and gain.endswith("the two intervals overlap.")
    assert loss.startswith("Nothing was lost on general text")
    assert "Without adapting" not in _page(run).text


@pytest.mark.parametrize(("difference", "word"), [(BETTER, "better for it"), (WORSE, "worse for it")])
def test_the_worth_of_adapting_for_the_classifier(run: Path, difference: dict[str, Any], word: str) -> None:
    add_to_metrics(run, adaptation=_adaptation(unadapted=compared(difference, SAME)))
    assert word in findings(run, _metrics(run))[2]


def test_the_same_sentences_before_and_after(run: Path) -> None:
    said = {"prediction": "negative", "probability": 0.5123}, {"prediction": "positive", "probability": 0.9}
    nasty = "<script>alert(1)</script> & {{ joy }}"
    write_showcase(
        run,
        [{"input": nasty, "before": said[0], "after": said[1]}, {"input": "x", "before": said[0], "after": said[0]}],
    )
    page = _page(run)
    assert f"{nasty} negative 0.51 positive 0.90 x negative 0.51 negative 0.51" in page.text
    assert "Training changed the prediction of 1 of 2 texts shown." in page.text
    assert page.tags["script"] == 1
    assert ("td", "class", "changed") in page.attributes
    write_showcase(run, [{"input": "x", "before": said[0]}])  # a run that was stopped
    assert "Before and after" not in _page(run).text


def test_the_pipeline_is_described(run: Path) -> None:
    add_to_epochs(run, tokens_per_second=5120.4, padding_share=0.081, truncated_share=0.25)
    add_to_metrics(run, truncation={"validation": 0.031, "test": 0.028})
    text = _page(run).text
    assert "Tokens a second in training 5,120" in text
    assert "Padding in training batches 8.1 %" in text
    assert "Texts longer than the model reads 25.0 % of train, 3.1 % of validation, 2.8 % of test" in text


def _rows(*points: tuple[int, float, float | None], width: float = 0.001) -> list[dict[str, Any]]:
    def at(value: float) -> dict[str, Any]:
        return figure(value, value - width, value + width)

    return [{"examples": n, "model": at(m), "baseline": None if b is None else at(b)} for n, m, b in points]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(100, 0.6, 0.5), (1000, 0.8, 0.7)], "ahead of TF-IDF at every size measured, from 100 examples on."),
        ([(100, 0.5, 0.6), (10_000, 0.8, 0.7)], "overtakes TF-IDF at about 1,000 training examples, between"),
        (
            [(100, 0.5, 0.7), (1000, 0.69, 0.7)],
            "it would overtake at about 1,100: an extrapolation, not a measurement.",
        ),
        ([(100, 0.5, 0.6), (1000, 0.5, 0.7)], "do not show where it would overtake."),
        ([(100, 0.5, 0.7), (1000, 0.51, 0.7)], "do not show where it would overtake."),  # too far to say
        ([(100, 0.6, 0.5), (1000, 0.5, 0.7)], "do not show where it would overtake."),
        ([(100, 0.5, 0.6)], "do not show where it would overtake."),
        ([(100, 0.5, None)], "TF-IDF was not measured beside the model."),
    ],
)
def test_the_curve_says_only_what_was_measured(points: list[tuple[int, float, float | None]], words: str) -> None:
    assert words in curve_sentence(_rows(*points))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        # A mean error of 4 against one of 9.
        ([(100, 4.0, 9.0), (1000, 2.0, 9.0)], "ahead of one constant answer at every size measured"),
        ([(100, 9.5, 9.0), (1000, 8.0, 9.0)], "overtakes one constant answer at about"),
        ([(100, 9.5, 9.0), (1000, 10.0, 9.0)], "behind one constant answer with 1,000"),
        ([(100, 9.5, None)], "One constant answer was not measured beside the model."),
    ],
)
def test_the_curve_of_an_error_is_ahead_where_it_is_lower(
    points: list[tuple[int, float, float | None]], words: str
) -> None:
    assert words in curve_sentence(_rows(*points), other=CONSTANT, higher_is_better=False)


def test_overlapping_intervals_are_told_and_a_crossing_that_was_found_is_taken() -> None:
    rows = _rows((100, 0.5, 0.6), (1000, 0.8, 0.7), width=0.06)
    assert curve_sentence(rows).endswith("; the intervals overlap at 2 of the 2 sizes.")
    assert "about 250 training" in curve_sentence(rows, 250)
    assert crossing_of([100, 400, 1600], [1.0, -1.0, 1.0]) == pytest.approx(800)


def test_the_curve_is_drawn_and_tabled(run: Path) -> None:
    rows = _rows((1000, 0.8, 0.7), (100, 0.5, 0.6), (5000, 0.85, None))
    add_to_metrics(run, learning_curve={"metric": "macro_f1", "rows": rows})
    page = _page(run)
    assert ("svg", "aria-label", "Test macro f1 of the model and of TF-IDF by number of training examples") in (
        page.attributes
    )
    table = re.search(r"Training examples Model TF-IDF (.*?) (Data and run|$)", page.text)
    assert table is not None
    assert re.findall(r"(?:^| )([\d,]+) 0\.\d{3} 0\.\d{3} to", table[1])[0] == "100"
    assert "0.850 0.849 to 0.851 —" in table[1]


@pytest.mark.parametrize(
    "parts",
    [
        {"baselines": []},
        {"baselines": {"tf-idf": {"accuracy": 1}}},
        {"baselines": {"tf-idf": {"accuracy": BETTER, "difference": {}}}},
        {"adaptation": {}},
        {"adaptation": {"domain": {"before": BETTER}}},
        {"adaptation": _adaptation(unadapted={"accuracy": BETTER})},
        {"learning_curve": {"rows": [{"examples": 0, "model": BETTER}]}},
        {"learning_curve": 3},
    ],
)
def test_a_part_of_another_form_is_named(run: Path, parts: dict[str, Any]) -> None:
    add_to_metrics(run, **parts)
    with pytest.raises(ArtifactError, match=r"metrics\.json"):
        write_report(run)


@pytest.mark.parametrize("entries", [3, [3], [{"input": "x", "before": {}, "after": {}}]])
def test_a_torn_showcase_is_named(run: Path, entries: Any) -> None:
    write_showcase(run, entries)
    with pytest.raises(ArtifactError, match=r"showcase\.json"):
        write_report(run)


def test_a_run_that_only_adapts_has_a_report_without_predictions(run: Path) -> None:
    (run / "predictions.parquet").unlink()
    adaptation = _adaptation()
    after = {"pseudo_perplexity": adaptation["domain"]["after"]}
    metrics = {"format": 1, "headline": "pseudo_perplexity", "test": after, "validation": after, "stages": []}
    (run / "metrics.json").write_text(json.dumps({**metrics, "adaptation": adaptation}), encoding="utf-8")
    page = _page(run)
    assert "Held-out pseudo-perplexity 10.000 95 % interval 9.700 to 10.300" in page.text
    assert "trained no classifier" in page.text and "Adapting lowered" in page.text
    for word in ("Confusion", "Worst mistakes", "Calibration", "TF-IDF", "test texts rightly"):
        assert word not in page.text
