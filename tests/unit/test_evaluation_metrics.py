"""The figures of metrics.json: their shape, their values and what is refused."""

from __future__ import annotations

import json
import time

import numpy as np
import psutil
import pytest
import sklearn.metrics

from ftsuite.errors import DataError
from ftsuite.evaluation import evaluate_predictions
from ftsuite.runs.memory import PeakMemory


def _predictions(
    n: int = 400, classes: int = 8, seed: int = 0, sharpness: float = 3.0
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    logits = generator.normal(size=(n, classes))
    logits[np.arange(n), labels] += sharpness
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(1, keepdims=True), labels, [f"class {i}" for i in range(classes)]


def test_values_equal_scikit_learn() -> None:
    probabilities, labels, names = _predictions()
    predictions = probabilities.argmax(1)
    figures = evaluate_predictions(probabilities, labels, names, bootstrap_samples=50)
    precision, recall, f1, support = sklearn.metrics.precision_recall_fscore_support(labels, predictions)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(labels, predictions),
        "macro_f1": f1.mean(),
        "top_5_accuracy": sklearn.metrics.top_k_accuracy_score(labels, probabilities, k=5),
        "log_loss": sklearn.metrics.log_loss(labels, probabilities),
    }
    for name, value in expected.items():
        assert figures[name]["value"] == pytest.approx(value, abs=1e-7), name
    for index, name in enumerate(names):
        of_class = figures["per_class"][name]
        got = [of_class[key]["value"] for key in ("precision", "recall", "f1")]
        assert got == pytest.approx([precision[index], recall[index], f1[index]], abs=1e-7)
        assert of_class["n"] == support[index] == of_class["recall"]["n"]
        assert of_class["precision"]["n"] == (predictions == index).sum()


def test_calibration_error_by_hand() -> None:
    # Two bins: 4 examples at 0.95 of which 3 are right, 4 at 0.55 of which 4 are right.
    high = np.array([0.95] * 4 + [0.55] * 4)
    probabilities = np.stack([high, 1 - high], axis=1)
    labels = np.array([0, 0, 0, 1, 0, 0, 0, 0])
    figures = evaluate_predictions(probabilities, labels, ["a", "b"], bootstrap_samples=50)
    assert figures["expected_calibration_error"]["value"] == pytest.approx(0.5 * 0.20 + 0.5 * 0.45)


def test_the_shape_is_that_of_metrics_json() -> None:
    probabilities, labels, names = _predictions()
    figures = evaluate_predictions(probabilities, labels, names, bootstrap_samples=50)
    assert list(figures) == [
        "accuracy",
        "macro_f1",
        "top_5_accuracy",
        "log_loss",
        "expected_calibration_error",
        "per_class",
    ]
    assert set(figures["accuracy"]) == {"value", "ci95", "n"}
    assert set(figures["per_class"]["class 3"]) == {"precision", "recall", "f1", "n"}
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_top_5_only_with_more_than_five_classes() -> None:
    probabilities, labels, names = _predictions(classes=5)
    assert "top_5_accuracy" not in evaluate_predictions(probabilities, labels, names, bootstrap_samples=5)


def test_the_interval_is_named_by_its_confidence() -> None:
    probabilities, labels, names = _predictions(classes=3)
    wide = evaluate_predictions(probabilities, labels, names, confidence=0.99, bootstrap_samples=500)
    narrow = evaluate_predictions(probabilities, labels, names, confidence=0.9, bootstrap_samples=500)
    for name in ("accuracy", "macro_f1", "log_loss", "expected_calibration_error"):
        assert set(narrow[name]) >= {"value", "ci90", "n"}
        assert np.diff(wide[name]["ci99"]) > np.diff(narrow[name]["ci90"]), name


def test_a_class_without_examples() -> None:
    probabilities, labels, names = _predictions(classes=4)
    kept = labels != 2
    figures = evaluate_predictions(probabilities[kept], labels[kept], names, bootstrap_samples=50)
    absent = figures["per_class"]["class 2"]
    assert absent["n"] == 0
    assert absent["recall"] == absent["f1"] == {"value": None, "ci95": None, "n": 0}
    assert figures["macro_f1"]["classes"] == 3
    assert figures["macro_f1"]["classes_without_examples"] == ["class 2"]
    f1 = [figures["per_class"][name]["f1"]["value"] for name in names if name != "class 2"]
    assert figures["macro_f1"]["value"] == pytest.approx(np.mean(f1), abs=1e-7)


def test_no_mistake_still_gives_an_interval_with_a_width() -> None:
    labels = np.arange(60) % 3
    figures = evaluate_predictions(np.eye(3)[labels], labels, list("abc"), bootstrap_samples=50)
    for figure in (figures["accuracy"], figures["macro_f1"], figures["per_class"]["a"]["f1"]):
        assert figure["value"] == 1.0
        assert figure["ci95"][0] < 0.96
    assert figures["log_loss"]["value"] == 0.0


def test_a_single_example_has_no_bootstrap_interval() -> None:
    figures = evaluate_predictions([[0.7, 0.3]], [0], ["a", "b"], bootstrap_samples=5)
    assert figures["log_loss"]["ci95"] is None
    assert figures["accuracy"]["ci95"][0] < 0.5


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    probabilities, labels, names = _predictions(n=120, classes=3)
    once, again, other = (
        json.dumps(evaluate_predictions(probabilities, labels, names, bootstrap_samples=200, seed=seed))
        for seed in (1, 1, 2)
    )
    assert once == again != other


def test_five_thousand_examples_of_two_hundred_classes_are_quick_and_small() -> None:
    probabilities, labels, names = _predictions(n=5000, classes=200)
    before = psutil.Process().memory_info().rss
    started = time.process_time()
    with PeakMemory() as memory:
        evaluate_predictions(probabilities, labels, names, bootstrap_samples=2000)
    assert time.process_time() - started < 10
    assert memory.peak_bytes - before < 400 * 2**20


@pytest.mark.parametrize(
    ("probabilities", "labels", "names", "error", "says"),
    [
        ([[np.nan, 1.0]], [0], "ab", DataError, "NaN or infinity in 1 of 1 rows"),
        ([[0.5, 0.5]], [2], "ab", DataError, "Received: 2"),
        ([[0.5, 0.5]], [-1], "ab", DataError, "from 0 to 1"),
        (np.zeros((0, 2)), np.zeros(0, int), "ab", DataError, "at least one example"),
        ([[0.5, 0.5]], [0, 1], "ab", ValueError, "labels of shape"),
        ([[0.5, 0.5]], [0], "abc", ValueError, r"shape \(n, 3\)"),
        ([0.5, 0.5], [0, 1], "ab", ValueError, r"shape \(2,\)"),
        ([[3.0, -1.0]], [0], "ab", ValueError, "softmax"),
        ([[0.5, 0.5]], [0.0], "ab", ValueError, "integer"),
        ([[0.5, 0.5]], [0], "aa", ValueError, "all differ"),
    ],
)
def test_bad_input_is_refused(
    probabilities: object, labels: object, names: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        evaluate_predictions(probabilities, labels, list(names))  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"confidence": 1.0}, {"confidence": 0}, {"bootstrap_samples": 0}])
def test_bad_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Received"):
        evaluate_predictions([[0.5, 0.5]], [0], ["a", "b"], **options)  # type: ignore[arg-type]
