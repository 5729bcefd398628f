"""The TF-IDF baseline: strong, honest about what chose it, and never in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics

from ftsuite.errors import DataError
from ftsuite.evaluation import (
    describe_baseline,
    paired_difference,
    paired_macro_f1_difference,
    text_baseline,
    tfidf_baseline,
)

NOISE = [f"word{index}" for index in range(300)]
SIGNS = ("grand", "dull", "odd")


def _texts(count: int, seed: int, classes: int = 2, shares: Any = None) -> tuple[list[str], np.ndarray]:
    """Texts of noise with one weak sign of their class among six words, which one in ten lacks."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, count, p=shares)
    texts = []
    for label in labels:
        words = list(rng.choice(NOISE, 6))
        if rng.random() > 0.1:
            words[rng.integers(6)] = SIGNS[label]
        texts.append(" ".join(words))
    return texts, labels


def test_it_learns_what_the_words_say() -> None:
    (train, train_labels), (held, held_labels), (test, test_labels) = (_texts(n, n) for n in (600, 150, 400))
    result = tfidf_baseline(train, train_labels, held, held_labels, test, num_classes=2, seed=0)
    assert result.test_probabilities.shape == (400, 2) and result.test_probabilities.dtype == np.float32
    np.testing.assert_allclose(result.test_probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.mean(result.test_probabilities.argmax(axis=1) == test_labels) > 0.92
    assert result.chosen["class_weight"] == "none"
    assert result.chosen["validation"]["accuracy"] > 0.9


def test_pairs_of_words_count() -> None:
    rng = np.random.default_rng(0)
    pairs = [("not good", "is bad"), ("not bad", "is good")]  # each word alone says nothing
    labels = rng.integers(0, 2, 300)
    texts = [f"{rng.choice(NOISE)} {pairs[label][rng.integers(2)]}" for label in labels]
    result = tfidf_baseline(texts[:200], labels[:200], texts[200:250], labels[200:250], texts[250:], 2, 0)
    assert np.mean(result.test_probabilities.argmax(axis=1) == labels[250:]) == 1.0


def test_the_solver_goes_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = _texts(1500, 1)
    monkeypatch.setattr(text_baseline, "_STRENGTHS", (0.3, 30.0))
    monkeypatch.setattr(text_baseline._Search, "_score", _rising())
    result = tfidf_baseline(texts, labels, texts[:5], labels[:5], texts, num_classes=2, seed=0)
    assert result.chosen["strength"] == 30.0
    # So little regularisation fits the training texts; a solver that gives up early does not.
    assert np.mean(result.test_probabilities.argmax(axis=1) == labels) > 0.99


def _rising() -> Any:
    scores = iter(range(1, 100))
    return lambda self, predictions: float(next(scores))


def test_the_same_arguments_give_the_same_bits_and_the_test_texts_change_nothing() -> None:
    texts, labels = _texts(300, 2)
    first = tfidf_baseline(texts, labels, texts[:60], labels[:60], texts[:40], 2, seed=3)
    again = tfidf_baseline(texts, labels, texts[:60], labels[:60], texts[:40], 2, seed=3)
    assert first.test_probabilities.tobytes() == again.test_probabilities.tobytes()
    more = tfidf_baseline(texts, labels, texts[:60], labels[:60], [*texts[:40], "new words", ""], 2, seed=3)
    np.testing.assert_array_equal(more.test_probabilities[:40], first.test_probabilities)
    assert more.chosen == first.chosen


def test_validation_words_are_not_learnt() -> None:
    texts, labels = _texts(200, 4)
    result = tfidf_baseline(texts, labels, ["unheard"] * 50, np.ones(50, int), ["unheard", "nor this"], 2, 0)
    assert result.test_probabilities[0] == pytest.approx(result.test_probabilities[1])
    assert result.chosen["features"] <= len(NOISE) ** 2


def test_classes_without_a_training_text_get_no_probability() -> None:
    texts, labels = _texts(200, 5)
    labels = labels * 3  # classes 0 and 3 of 5
    result = tfidf_baseline(texts, labels, texts[:30], labels[:30], texts[:50], num_classes=5, seed=0)
    assert result.test_probabilities.shape == (50, 5)
    assert not result.test_probabilities[:, [1, 2, 4]].any()
    np.testing.assert_allclose(result.test_probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("texts", "labels"), [(["a b", "a c"], [1, 1]), (["", " . "], [0, 1]), (["one"] * 0 + ["x"], [1])]
)
def test_where_nothing_can_be_learnt_the_shares_of_the_classes_are_the_answer(
    texts: list[str], labels: list[int]
) -> None:
    result = tfidf_baseline(texts, labels, [], [], ["a", ""], num_classes=2, seed=0)
    expected = np.bincount(labels, minlength=2) / len(labels)
    np.testing.assert_allclose(result.test_probabilities, [expected, expected])
    assert result.chosen == {"features": 0}


def test_no_validation_texts_and_no_test_texts_are_fine() -> None:
    texts, labels = _texts(100, 6)
    result = tfidf_baseline(texts, labels, [], [], [], num_classes=2, seed=0)
    assert result.test_probabilities.shape == (0, 2)
    assert result.chosen["strength"] == 3.0


def test_balanced_weights_are_tried_for_uneven_classes_and_chosen_by_macro_f1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_baseline, "_STRENGTHS", (0.3,))  # so strongly regularised, rare classes are never named
    shares = (0.9, 0.07, 0.03)
    (train, train_labels), (held, held_labels), (test, test_labels) = (
        _texts(n, n, classes=3, shares=shares) for n in (400, 400, 1000)
    )

    def macro_f1(balanced: bool) -> tuple[float, str]:
        result = tfidf_baseline(
            train, train_labels, held, held_labels, test, 3, 0, balanced=balanced, metric="macro_f1"
        )
        found = sklearn.metrics.f1_score(test_labels, result.test_probabilities.argmax(axis=1), average="macro")
        return float(found), result.chosen["class_weight"]

    plain, weighted = macro_f1(False), macro_f1(True)
    assert (plain[1], weighted[1]) == ("none", "balanced")
    assert weighted[0] > plain[0]


def test_the_number_of_features_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_baseline, "MOST_FEATURES", 50)
    texts, labels = _texts(400, 7)
    result = tfidf_baseline(texts, labels, texts[:50], labels[:50], texts[50:], num_classes=2, seed=0)
    assert result.chosen["features"] == 50
    assert np.mean(result.test_probabilities.argmax(axis=1) == labels[50:]) > 0.9  # the frequent ones are kept


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="label a text"):
        tfidf_baseline(["a"], [0, 1], [], [], [], 2, 0)
    with pytest.raises(ValueError, match="at least one"):
        tfidf_baseline([], [], [], [], [], 2, 0)
    with pytest.raises(ValueError, match="log_loss"):
        tfidf_baseline(["a"], [0], [], [], [], 2, 0, metric="log_loss")


def _one_hot(classes: Any, count: int = 3) -> np.ndarray:
    return np.eye(count)[np.asarray(classes)]


def test_a_described_baseline_has_its_figures_and_the_paired_difference() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 500)
    model = np.where(rng.random(500) < 0.9, labels, (labels + 1) % 3)
    baseline = np.where(rng.random(500) < 0.7, labels, (labels + 1) % 3)
    found = describe_baseline(_one_hot(model), _one_hot(baseline), labels, ["a", "b", "c"], 0.95, 500, 0)
    assert set(found) == {"accuracy", "macro_f1", "difference"}
    assert found["accuracy"]["value"] == pytest.approx(np.mean(baseline == labels))
    for metric, score in (
        ("accuracy", lambda p: np.mean(p == labels)),
        ("macro_f1", lambda p: sklearn.metrics.f1_score(labels, p, average="macro")),
    ):
        difference = found["difference"][metric]
        low, high = difference["ci95"]
        assert difference["value"] == pytest.approx(score(model) - score(baseline), abs=1e-7)
        assert 0 < low < difference["value"] < high < 0.4
        assert difference["n"] == 500


def test_the_interval_of_the_macro_f1_difference_covers_the_truth() -> None:
    """Two models of equal worth: the interval should hold 0 about nineteen times of twenty."""
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(100):
        labels = rng.choice(3, 300, p=(0.6, 0.3, 0.1))
        a, b = (np.where(rng.random(300) < 0.8, labels, rng.integers(0, 3, 300)) for _ in range(2))
        low, high = paired_macro_f1_difference(a, b, labels, seed=trial, bootstrap_samples=300)["ci95"]
        covered += low <= 0 <= high
    assert covered >= 89


def test_models_that_agree_on_everything_differ_by_nothing_within_an_interval() -> None:
    labels = np.array([0, 1, 2, 1] * 10)
    same = paired_macro_f1_difference(labels, labels, labels)
    accuracy = paired_difference(labels == labels, labels == labels, bootstrap_samples=2000)
    assert same["value"] == 0 and same["ci95"] == accuracy["ci95"] and same["ci95"][0] < 0 < same["ci95"][1]
    assert "only_a" not in same
    with pytest.raises(DataError):
        paired_macro_f1_difference([], [], [])
    with pytest.raises(ValueError, match="shapes"):
        paired_macro_f1_difference([0], [0, 1], [0])
