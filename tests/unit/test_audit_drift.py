"""Drift between training and test: found where it is, and at its level where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.class_shares import class_share_test
from ftsuite.data.audit.drift import check_drift
from ftsuite.data.audit.permutation import permutation_p_value, permuted_sides
from ftsuite.data.audit.two_samples import two_sample_test

CLASSES = ("crow", "jay", "wren")


def examples_of(labels: np.ndarray, contents: tuple[str, ...] | None = None) -> Examples:
    names = tuple(map(str, range(len(labels))))
    return Examples(names, names, labels, CLASSES, contents or names, "image-file")


def sample(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    features = rng.normal(size=(count, 8)) + np.eye(3, 8)[labels] * 3
    return features.astype(np.float32), labels, np.where(rng.random(count) < 0.3, "test", "train")


def by_name(findings: list) -> dict:  # type: ignore[type-arg]
    return {finding.check: finding for finding in findings}


def test_drift_of_the_examples_is_found_and_the_most_telling_named() -> None:
    features, labels, splits = sample(400)
    moved = np.flatnonzero(splits == "test")[:40]
    features[moved, 5] += 4
    found = by_name(check_drift(examples_of(labels), splits, features, seed=0))
    drift, classes = found["train-test-drift"], found["class-share-drift"]
    assert drift.severity == "warning"
    assert drift.figures["p_value"] == pytest.approx(1 / 200)
    assert drift.figures["auc"] > 0.6
    assert {flagged.positions[0] for flagged in drift.flagged} <= set(moved)
    assert classes.severity == "note"
    assert classes.figures["p_value"] > 0.01


def test_drift_of_the_classes_is_found_and_is_no_drift_of_the_examples() -> None:
    rng = np.random.default_rng(3)
    features, labels, _ = sample(600)
    splits = np.where(rng.random(600) < np.asarray([0.1, 0.3, 0.6])[labels], "test", "train")
    found = by_name(check_drift(examples_of(labels), splits, features, seed=0))
    assert found["class-share-drift"].severity == "warning"
    assert "'crow'" in found["class-share-drift"].summary
    assert found["train-test-drift"].severity == "note"
    assert found["train-test-drift"].figures["p_value"] > 0.01
    assert not found["train-test-drift"].flagged


def test_the_level_holds_for_single_examples_and_for_groups() -> None:
    values: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for seed in range(50):
        grouped = seed % 2 == 1
        rng = np.random.default_rng(seed)
        units = np.arange(120) // 4 if grouped else np.arange(120)
        labels = rng.integers(0, 3, 120)[units]
        features = rng.normal(size=(120, 5)) + (rng.normal(size=(120, 5))[units] * 2 if grouped else 0)
        side = (rng.random(120) < 0.4)[units]
        test = two_sample_test(features.astype(np.float32), side, labels, units, seed)
        shares = class_share_test(labels, side, units, 3, seed)
        assert test is not None and shares is not None
        values[grouped].append((test.p_value, shares[1]))
    for found in values.values():
        rejected = (np.asarray(found) <= 0.1).mean(axis=0)
        # Of 25 at the level of 0.1: more than 7 have a chance of two in a thousand.
        assert (rejected <= 0.28).all()
        assert 0.3 < np.asarray(found).mean() < 0.7


def test_copies_on_both_sides_are_no_drift() -> None:
    features, labels, splits = sample(300)
    twice = np.concatenate([features, features])
    contents = tuple(map(str, range(300))) * 2
    sides = np.concatenate([splits, np.where(np.arange(300) < 100, "test", splits)])
    findings = by_name(check_drift(examples_of(np.tile(labels, 2), contents), sides, twice, seed=0))
    drift = findings["train-test-drift"]
    assert drift.figures["p_value"] > 0.01
    crossing = int((splits[:100] == "train").sum())
    assert drift.figures["left_out_as_copies"] == 300 + crossing


@pytest.mark.parametrize("name", ["train", "test"])
def test_one_side_alone_says_nothing(name: str) -> None:
    features, labels, _ = sample(60)
    assert check_drift(examples_of(labels), np.full(60, name), features, seed=0) == []


def test_no_examples_and_very_few() -> None:
    assert check_drift(examples_of(np.zeros(0, np.int64)), np.zeros(0, "<U5"), np.ones((0, 2)), seed=0) == []
    features, labels, _ = sample(10)
    assert check_drift(examples_of(labels), np.asarray(["train", "test"] * 5), features, seed=0) == []


def test_classes_that_lie_on_one_side_alone() -> None:
    features, labels, _ = sample(100)
    found = by_name(check_drift(examples_of(labels), np.where(labels == 0, "test", "train"), features, seed=0))
    # No class has examples on both sides, so nothing can be said of what they are like.
    assert set(found) == {"class-share-drift"}
    assert found["class-share-drift"].figures["total_variation"] == pytest.approx(1.0)


def test_a_sample_is_compared_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftsuite.data.audit.two_samples._MOST_EXAMPLES", 120)
    features, labels, splits = sample(400)
    features[splits == "test", 5] += 4
    drift = by_name(check_drift(examples_of(labels), splits, features, seed=0))["train-test-drift"]
    assert drift.figures["examples"] == 120
    assert drift.severity == "warning"


def test_permuted_sides_keep_the_count_of_every_stratum() -> None:
    rng = np.random.default_rng(0)
    side, strata = rng.random(50) < 0.3, rng.integers(0, 4, 50)
    drawn = permuted_sides(side, strata, 20, rng)
    for stratum in range(4):
        assert (drawn[strata == stratum].sum(axis=0) == side[strata == stratum].sum()).all()
    assert (drawn != side[:, None]).any()


def test_a_p_value_is_never_zero() -> None:
    assert permutation_p_value(5.0, np.zeros(99)) == pytest.approx(0.01)
    assert permutation_p_value(0.0, np.zeros(99)) == 1.0
