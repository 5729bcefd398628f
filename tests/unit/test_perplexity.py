"""Pseudo-perplexity of distributions whose perplexity is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ftsuite.errors import DataError
from ftsuite.evaluation.perplexity import frequency_perplexity, perplexity_figure, pseudo_perplexity

VOCABULARY = 50


def _batches(rows: int = 12, positions: int = 4) -> list[tuple[SimpleNamespace, np.ndarray]]:
    weights = np.ones((rows, positions), np.float32)
    weights[:, 3] = 0.0
    batch = SimpleNamespace(weights=weights)
    return [(batch, np.arange(rows) // 2), (batch, np.arange(rows))]


def test_uniform_guesses_have_the_perplexity_of_the_vocabulary() -> None:
    figure = pseudo_perplexity(lambda batch: np.full(batch.weights.shape, np.log(VOCABULARY)), _batches())
    assert figure["value"] == pytest.approx(VOCABULARY)
    assert figure["ci95"] == pytest.approx([VOCABULARY, VOCABULARY])
    assert figure["n"] == 12


def test_positions_without_weight_count_for_nothing() -> None:
    def losses(batch: SimpleNamespace) -> np.ndarray:
        return np.where(batch.weights > 0, np.log(7.0), 1e6)

    assert pseudo_perplexity(losses, _batches())["value"] == pytest.approx(7.0)


def test_the_mean_is_over_tokens_and_not_over_texts() -> None:
    figure = perplexity_figure(np.array([9 * np.log(2.0), np.log(200.0)]), np.array([9.0, 1.0]))
    assert figure["value"] == pytest.approx(np.exp(0.9 * np.log(2.0) + 0.1 * np.log(200.0)))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for repeat in range(100):
        tokens = rng.integers(5, 30, size=80).astype(np.float64)
        losses = tokens * rng.gamma(4.0, 0.5, size=80)
        low, high = perplexity_figure(losses, tokens, bootstrap_samples=300, seed=repeat)["ci95"]
        covered += low <= np.exp(2.0) <= high
    assert 88 <= covered <= 100


def test_more_texts_give_a_narrower_interval_and_the_same_seed_the_same_one() -> None:
    rng = np.random.default_rng(1)
    losses, tokens = rng.gamma(4.0, 5.0, size=400), np.full(400, 10.0)
    few, many = (perplexity_figure(losses[:n], tokens[:n], seed=3) for n in (40, 400))
    assert many["ci95"][1] - many["ci95"][0] < few["ci95"][1] - few["ci95"][0]
    assert perplexity_figure(losses, tokens, seed=3) == many


def test_one_text_has_no_interval_and_none_is_an_error() -> None:
    assert perplexity_figure(np.array([2.0]), np.array([2.0]))["ci95"] is None
    for batches in ([], [(SimpleNamespace(weights=np.zeros((2, 3))), np.arange(2))]):
        with pytest.raises(DataError, match="at least one held-out text"):
            pseudo_perplexity(lambda batch: batch.weights, batches)


def test_a_broken_model_has_no_perplexity() -> None:
    with pytest.raises(DataError, match="finite"):
        perplexity_figure(np.array([np.nan, 1.0]), np.array([1.0, 1.0]))


def test_guessing_by_frequency_has_the_perplexity_of_the_entropy() -> None:
    counts = np.array([7, 3, 3, 3])
    rows = [np.array([0, 0, 1]), np.array([0, 2, 0, 3])]
    # With one added to each: 8, 4, 4 and 4 of 20.
    expected = np.exp((4 * np.log(20 / 8) + 3 * np.log(20 / 4)) / 7)
    assert frequency_perplexity(counts, rows, np.array([0, 1]))["value"] == pytest.approx(expected)
