"""Examples unlike all others."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.outliers import check_outliers, neighbour_distances, outlier_threshold


def cloud(count: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.abs(rng.normal(size=(4, 40)))
    return np.maximum(centres[rng.integers(0, 4, count)] + 0.3 * rng.normal(size=(count, 40)), 0).astype(np.float32)


def examples_of(count: int, contents: tuple[str, ...] | None = None) -> Examples:
    names = tuple(map(str, range(count)))
    return Examples(names, names, np.zeros(count, np.int64), ("bird",), contents or names, "image-file")


def test_an_odd_one_is_flagged_and_nothing_else() -> None:
    features = cloud()
    features[17] = -np.abs(np.random.default_rng(1).normal(size=40))
    (found,) = check_outliers(examples_of(400), np.full(400, "test"), features)
    assert [flagged.positions for flagged in found.flagged] == [(17,)]
    assert "test" in found.flagged[0].detail
    assert found.severity == "warning"


def test_false_alarms_are_rare() -> None:
    alarms = [len(check_outliers(examples_of(400), np.full(400, "train"), cloud(seed=seed))) for seed in range(12)]
    assert sum(alarms) <= 3


def test_copies_of_an_odd_one_do_not_hide_it() -> None:
    features = cloud()
    features[:8] = -np.abs(np.random.default_rng(1).normal(size=40))
    contents = tuple("same" if at < 8 else str(at) for at in range(400))
    (found,) = check_outliers(examples_of(400, contents), np.full(400, "train"), features)
    assert {flagged.positions[0] for flagged in found.flagged} == set(range(8))


def test_distances_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    features = cloud(100)
    whole = neighbour_distances(features, np.arange(100))
    monkeypatch.setattr("ftsuite.data.audit.outliers._BLOCK_ROWS", 7)
    assert neighbour_distances(features, np.arange(100)) == pytest.approx(whole, abs=1e-5)


def test_distances_are_those_to_the_fifth_neighbour() -> None:
    features = cloud(60)
    unit = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    expected = np.sort(np.linalg.norm(unit[:, None] - unit, axis=2), axis=1)[:, 5]
    assert neighbour_distances(features, np.arange(60)) == pytest.approx(expected, abs=1e-3)


def test_a_sample_of_neighbours_finds_the_same_odd_one() -> None:
    features = cloud(800)
    features[700] = -np.abs(np.random.default_rng(1).normal(size=40))
    assert neighbour_distances(features, np.arange(800), references=200).argmax() == 700


@pytest.mark.parametrize("count", [0, 1, 49])
def test_too_few_to_tell(count: int) -> None:
    assert check_outliers(examples_of(count), np.full(count, "train"), cloud(max(count, 1))[:count]) == []


def test_features_that_are_all_the_same_or_nothing() -> None:
    for features in (np.zeros((80, 3), np.float32), np.ones((80, 3), np.float32)):
        assert check_outliers(examples_of(80), np.full(80, "train"), features) == []


def test_the_threshold_is_hardly_moved_by_outliers() -> None:
    distances = np.exp(np.random.default_rng(0).normal(size=1000) * 0.1)
    assert outlier_threshold(np.append(distances, np.full(50, 9.0))) < 1.3 * outlier_threshold(distances)
