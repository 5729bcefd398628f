"""Label errors by the predictions of trained models beside frozen features: they help, and only where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.held_out import HeldOut, joined, log_scores
from ftsuite.data.audit.label_errors import check_label_errors
from ftsuite.data.audit.label_quality import label_quality

CLASSES = ("crow", "jay", "wren")


def task(count: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, HeldOut]:
    """Weak features, true labels, labels of which 5 % are wrong, and what stronger models say."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, count)
    features = (np.eye(3)[true] * 1.2 + rng.normal(size=(count, 3))).astype(np.float32)
    logits = np.eye(3)[true] * 3.0 + rng.normal(size=(count, 3))
    given = true.copy()
    wrong = rng.permutation(count)[: count // 20]
    given[wrong] = (given[wrong] + 1) % 3
    scores = (logits - logits.mean(axis=1, keepdims=True)).astype(np.float32)
    return features, true, given, HeldOut(scores, np.ones(count, dtype=bool))


def found_in_first_tenth(order: np.ndarray, true: np.ndarray, given: np.ndarray) -> float:
    wrong = true != given
    return float(wrong[order[: len(order) // 10]].sum() / wrong.sum())


def examples_of(labels: np.ndarray) -> Examples:
    names = tuple(f"{number}.png" for number in range(len(labels)))
    return Examples(names, names, labels, CLASSES, tuple(f"content {name}" for name in names), "image-file")


def test_trained_models_find_what_frozen_features_do_not() -> None:
    features, true, given, held_out = task()
    groups = np.arange(len(true))
    alone = label_quality(features, given, groups, 0)
    together = label_quality(features, given, groups, 0, held_out=held_out)
    assert found_in_first_tenth(alone.order, true, given) < 0.75
    assert found_in_first_tenth(together.order, true, given) > 0.9
    assert together.probabilities.sum(axis=1) == pytest.approx(np.ones(len(true)), abs=1e-4)


def test_models_that_guess_change_little_and_models_that_lie_are_not_turned_round() -> None:
    features, true, given, held_out = task()
    groups = np.arange(len(true))
    alone = label_quality(features, given, groups, 0)
    guesses = HeldOut(np.random.default_rng(3).normal(size=held_out.scores.shape).astype(np.float32), held_out.covered)
    guessing = label_quality(features, given, groups, 0, held_out=guesses)
    assert np.abs(guessing.probabilities - alone.probabilities).mean() < 0.05
    lying = label_quality(features, given, groups, 0, held_out=HeldOut(-held_out.scores, held_out.covered))
    assert np.abs(lying.probabilities - alone.probabilities).mean() < 0.01


def test_what_is_not_covered_keeps_what_the_features_say() -> None:
    features, true, given, held_out = task()
    groups = np.arange(len(true))
    half = np.arange(len(true)) % 2 == 0
    alone = label_quality(features, given, groups, 0)
    part = label_quality(features, given, groups, 0, held_out=HeldOut(held_out.scores * half[:, None], half))
    assert (part.probabilities[~half] == alone.probabilities[~half]).all()
    assert (part.probabilities[half].argmax(axis=1) == true[half]).mean() > 0.9
    none = label_quality(features, given, groups, 0, held_out=HeldOut(held_out.scores, np.zeros(len(true), bool)))
    assert (none.probabilities == alone.probabilities).all()


@pytest.mark.parametrize("covered", [1, 3])
def test_few_covered_examples_of_one_class_are_no_trouble(covered: int) -> None:
    features, _, given, held_out = task(90)
    chosen = np.zeros(90, dtype=bool)
    chosen[np.flatnonzero(given == 1)[:covered]] = True
    found = label_quality(features, given, np.arange(90), 0, held_out=HeldOut(held_out.scores, chosen))
    assert np.isfinite(found.probabilities).all()


def test_scores_are_finite_whatever_the_probabilities() -> None:
    scores = log_scores(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    assert np.isfinite(scores).all()
    assert scores[1] == pytest.approx([0.0, 0.0])
    assert scores[0] == pytest.approx(-scores[2])
    assert log_scores(np.array([[0.8, 0.2]]))[0] @ [1, -1] == pytest.approx(np.log(4.0), abs=1e-5)


def test_joined_scores_are_the_mean_of_those_there_are() -> None:
    first = HeldOut(np.array([[2, -2], [4, -4], [0, 0]], np.float32), np.array([True, True, False]))
    second = HeldOut(np.array([[0, 0], [2, -2], [0, 0]], np.float32), np.array([False, True, False]))
    both = joined([first, second])
    assert both.scores[:, 0].tolist() == [2.0, 3.0, 0.0]
    assert both.covered.tolist() == [True, True, False]


def test_the_finding_says_who_judged() -> None:
    features, _, given, held_out = task()
    splits = np.full(len(given), "train")
    (alone,) = check_label_errors(examples_of(given), splits, features, seed=0)
    assert alone.figures["judged_by"] == {"features": 600, "features and folds": 0}
    assert "Judged by" not in alone.summary + "".join(one.detail for one in alone.flagged)
    half = np.arange(len(given)) % 2 == 0
    (part,) = check_label_errors(
        examples_of(given), splits, features, seed=0, held_out=HeldOut(held_out.scores, half)
    )  # fmt: skip
    assert part.figures["judged_by"] == {"features": 300, "features and folds": 300}
    assert part.summary.endswith("Judged by fine-tuned folds and frozen features together: 300; 300 by features alone.")
    by_position = {one.positions[0]: one.detail for one in part.flagged}
    assert by_position
    for position, detail in by_position.items():
        assert detail.endswith("Judged by features and folds." if position % 2 == 0 else "Judged by features.")
