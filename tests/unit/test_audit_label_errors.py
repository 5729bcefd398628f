"""Likely label errors: what is found of planted ones, and what never may happen with odd data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.label_errors import check_label_errors, surest_share
from ftsuite.data.audit.label_quality import label_quality
from ftsuite.data.audit.units import folds_of, units_of

CLASSES = ("crow", "jay", "wren", "finch")


def blobs(count: int = 400, distance: float = 4.0, seed: int = 0, width: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), count)
    centres = rng.normal(size=(len(CLASSES), width)) * distance / 2
    return (centres[labels] + rng.normal(size=(count, width))).astype(np.float32), labels


def examples_of(labels: np.ndarray, **columns: object) -> Examples:
    names = tuple(f"{number}.png" for number in range(len(labels)))
    made = Examples(names, names, labels, CLASSES, tuple(f"content {name}" for name in names), "image-file")
    return replace(made, **columns)  # type: ignore[arg-type]


def planted(labels: np.ndarray, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    wrong = labels.copy()
    wrong[chosen] = (wrong[chosen] + rng.integers(1, len(CLASSES), len(chosen))) % len(CLASSES)
    return wrong, chosen


def train(count: int) -> np.ndarray:
    return np.full(count, "train")


def test_planted_errors_come_first_with_the_class_that_they_had() -> None:
    features, labels = blobs()
    wrong, chosen = planted(labels, 0.05)
    (found,) = check_label_errors(examples_of(wrong), train(len(labels)), features, seed=0)
    first = [flagged.positions[0] for flagged in found.flagged[: len(chosen)]]
    assert len(set(first) & set(chosen)) >= 0.9 * len(chosen)
    right = [flagged.suggested_class == CLASSES[labels[flagged.positions[0]]] for flagged in found.flagged[:15]]
    assert all(right)
    scores = [flagged.score or 0.0 for flagged in found.flagged]
    assert scores == sorted(scores, reverse=True)
    assert found.severity == "warning"
    assert found.figures["agreement"] == pytest.approx(0.95, abs=0.03)
    assert "agrees with" in found.summary
    low, high = found.figures["share_interval"]
    assert low <= 0.05 <= high
    assert found.figures["flagged_by_split"] == {"train": len(found.flagged)}


def test_clean_labels_raise_no_warning() -> None:
    features, labels = blobs(distance=6.0)
    (found,) = check_label_errors(examples_of(labels), train(len(labels)), features, seed=0)
    assert found.severity == "note"
    assert len(found.flagged) <= 2
    assert found.figures["share"] <= 0.01


def test_every_example_has_a_score_and_a_place() -> None:
    features, labels = blobs(200)
    quality = label_quality(features, labels, np.arange(200), 0)
    assert sorted(quality.order.tolist()) == list(range(200))
    assert quality.probabilities.sum(axis=1) == pytest.approx(np.ones(200), abs=1e-4)
    assert quality.scores == pytest.approx(1 - quality.probabilities[np.arange(200), labels])
    assert (np.diff(quality.scores[quality.order]) <= 0).all()


def test_a_wrong_label_is_not_hidden_by_its_copies() -> None:
    features, labels = blobs(120)
    # Ten copies of one crow, all labelled wren: seen beside each other they would vouch for one another.
    at = int(np.flatnonzero(labels == 0)[0])
    features, labels = np.concatenate([features, np.tile(features[at], (10, 1))]), np.append(labels, np.full(10, 2))
    apart = label_quality(features, labels, np.arange(130), 0).scores[120:]
    held = np.append(np.arange(120), np.full(10, 120))
    together = label_quality(features, labels, held, 0).scores[120:]
    assert together.mean() > apart.mean()
    assert together.min() > 0.5


def test_units_join_copies_and_groups() -> None:
    examples = examples_of(np.zeros(5, np.int64), content_hashes=("a", "b", "a", "c", "d"), groups=tuple("uvwvx"))
    assert units_of(examples).tolist() == [0, 1, 0, 1, 2]


def test_folds_never_cut_through_a_unit_and_hold_every_class() -> None:
    units = np.repeat(np.arange(60), 2)
    strata = np.repeat(np.arange(60) % 3, 2)
    folds = folds_of(units, strata, 5, 1)
    assert (folds[::2] == folds[1::2]).all()
    for fold in range(5):
        assert np.bincount(strata[folds == fold], minlength=3).tolist() == [8, 8, 8]
    assert (folds != folds_of(units, strata, 5, 2)).any()


def test_classes_of_one_or_two_examples_are_not_judged() -> None:
    features, labels = blobs(200)
    labels = np.where(labels == 3, 0, labels)
    labels[:2] = 3
    (found,) = check_label_errors(examples_of(labels), train(200), features, seed=0)
    assert found.figures["not_judged"] == 2
    assert not {0, 1} & {flagged.positions[0] for flagged in found.flagged}
    quality = label_quality(features, labels, np.arange(200), 0, num_classes=4)
    assert quality.order[-2:].tolist() == [0, 1]


@pytest.mark.parametrize("count", [0, 1, 5, 19])
def test_too_few_examples_say_nothing(count: int) -> None:
    features, labels = blobs(max(count, 1))
    assert check_label_errors(examples_of(labels[:count]), train(count), features[:count], seed=0) == []


def test_one_class_says_nothing() -> None:
    features, labels = blobs(50)
    assert check_label_errors(examples_of(np.zeros_like(labels)), train(50), features, seed=0) == []


def test_columns_that_do_not_vary_change_nothing() -> None:
    features, labels = blobs(150)
    wider = np.concatenate([features, np.full((150, 3), 1e6, np.float32), np.zeros((150, 2), np.float32)], axis=1)
    narrow, wide = (label_quality(some, labels, np.arange(150), 0).scores for some in (features, wider))
    assert wide == pytest.approx(narrow, abs=1e-3)


def test_the_same_features_in_all_examples() -> None:
    _, labels = blobs(100)
    (found,) = check_label_errors(examples_of(labels), train(100), np.ones((100, 4), np.float32), seed=0)
    assert np.isfinite([flagged.score or 0.0 for flagged in found.flagged]).all()


@pytest.mark.parametrize("features", [np.ones((3, 2)), np.ones((50, 0)), np.ones(50), np.full((50, 2), np.nan)])
def test_features_that_cannot_be(features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Expected"):
        check_label_errors(examples_of(blobs(50)[1]), train(50), features, seed=0)


def test_the_same_seed_gives_the_same() -> None:
    features, labels = blobs(150, distance=2.0)
    first, second, other = (label_quality(features, labels, np.arange(150), seed).scores for seed in (0, 0, 1))
    assert (first == second).all()
    assert (first != other).any()


def test_features_are_read_in_blocks_and_projected_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(300)
    whole = label_quality(features, labels, np.arange(300), 0).scores
    monkeypatch.setattr("ftsuite.data.audit.ridge._BLOCK_ROWS", 7)
    assert label_quality(features, labels, np.arange(300), 0).scores == pytest.approx(whole, abs=1e-3)
    monkeypatch.setattr("ftsuite.data.audit.ridge.MOST_COLUMNS", 8)
    narrower = label_quality(features, labels, np.arange(300), 0)
    assert (narrower.probabilities.argmax(axis=1) == labels).mean() > 0.9


def test_words_vote_where_features_say_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    texts = [f"{'good fine' if label else 'bad dull'} film {rng.integers(20)}" for label in labels]
    features = rng.normal(size=(200, 5)).astype(np.float32)
    blind = label_quality(features, labels, np.arange(200), 0)
    reading = label_quality(features, labels, np.arange(200), 0, texts=texts)
    assert (blind.probabilities.argmax(axis=1) == labels).mean() < 0.7
    assert (reading.probabilities.argmax(axis=1) == labels).mean() > 0.95
    for texts in ([""] * 200, [f"word {number}" for number in range(200)]):
        wordless = label_quality(features, labels, np.arange(200), 0, texts=texts)
        assert wordless.scores == pytest.approx(blind.scores, abs=1e-5)


def test_the_estimate_covers_what_was_planted() -> None:
    for share in (0.0, 0.1, 0.2):
        features, labels = blobs(1000, distance=4.0)
        wrong, _ = planted(labels, share)
        (found,) = check_label_errors(examples_of(wrong), train(1000), features, seed=0)
        estimate, low, high = surest_share(label_quality(features, wrong, np.arange(1000), 0), wrong)
        assert low <= share <= high
        assert found.figures["share"] == pytest.approx(estimate, abs=1e-3)
        assert found.figures["share_interval"][0] <= share <= found.figures["share_interval"][1]
        assert abs(estimate - share) < 0.06


def test_the_benchmark_plants_what_it_says(load_benchmark: Callable[[str], ModuleType]) -> None:
    benchmark = load_benchmark("planted_label_errors")
    features, labels = blobs()
    wrong, chosen = benchmark.plant(labels, 4, 0.05, 0)
    assert chosen.sum() == 20
    assert ((wrong != labels) == chosen).all()
    row = benchmark.measure(examples_of(labels), features, 0.05, 0)
    assert row["first 10 %"] >= 0.9
    assert row["low"] <= 0.05 <= row["high"]
