"""What a range test's curve suggests, on curves whose answer is known, and which rates are tried."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.training.plan import Stage
from ftsuite.training.rate_ramp import Ramp
from ftsuite.training.rate_suggestion import SmoothedLoss, smoothed, smoothing_for, suggest

COUNT = 100
SMOOTHING = smoothing_for(COUNT)
RATES = np.geomspace(1e-6, 10.0, COUNT)
DECADES = np.log10(RATES)

bottoms = st.floats(-3.5, -0.5)
scales = st.floats(0.01, 100.0)
seeds = st.integers(0, 2**32 - 1)


def _u_shape(bottom: float, depth: float = 1.0) -> np.ndarray:
    """Flat, a fall over a decade and a half that ends at `bottom` (a power of ten), and a steep rise."""
    fall = np.clip((DECADES - bottom + 1.5) / 1.5, 0.0, 1.0)
    rise = np.maximum(DECADES - bottom, 0.0)
    return 2.0 - depth * fall + 8.0 * rise**2


def _noise(seed: int, size: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, size, COUNT)


def test_the_smoothed_loss_is_the_weighted_mean_of_what_was_added() -> None:
    losses, factor = [3.0, 1.0, 4.0, 1.5], 0.75
    weights = [factor ** (len(losses) - 1 - i) for i in range(len(losses))]
    expected = sum(w * x for w, x in zip(weights, losses, strict=True)) / sum(weights)
    mean = SmoothedLoss(factor)
    assert [mean.add(loss) for loss in losses] == pytest.approx(smoothed(losses, factor))
    assert smoothed(losses, factor)[0] == losses[0]
    assert smoothed(losses, factor)[-1] == pytest.approx(expected)


@given(bottom=bottoms, seed=seeds)
def test_of_a_u_shape_a_tenth_of_its_bottom(bottom: float, seed: int) -> None:
    found = suggest(RATES, _u_shape(bottom) + _noise(seed), SMOOTHING, COUNT)
    assert found.rate is not None and found.lowest_rate is not None and found.steepest_rate is not None
    # Noise and smoothing may move the bottom by a few of the 14 steps of a decade.
    assert abs(math.log10(found.rate) - (bottom - 1.0)) < 0.6
    assert found.steepest_rate <= found.lowest_rate <= found.edge_rate
    assert found.rate == float(f"{found.edge_rate / 10:.1e}")
    assert found.rises


@given(bottom=st.floats(-4.0, -2.0), width=st.floats(0.5, 2.0), seed=seeds)
def test_of_a_flat_bottom_a_tenth_of_where_it_ends(bottom: float, width: float, seed: int) -> None:
    """And not of its lowest point, which is anywhere on it by chance."""
    fall = np.clip((DECADES - bottom + 1.0) / 1.0, 0.0, 1.0)
    rise = np.maximum(DECADES - bottom - width, 0.0)
    found = suggest(RATES, 2.0 - fall + 8.0 * rise**2 + _noise(seed), SMOOTHING, COUNT)
    assert found.rate is not None
    assert abs(math.log10(found.rate) - (bottom + width - 1.0)) < 0.6


@given(bottom=bottoms, scale=scales)
def test_the_scale_of_the_loss_does_not_matter(bottom: float, scale: float) -> None:
    curve = _u_shape(bottom) + _noise(7)
    assert suggest(RATES, scale * curve, SMOOTHING, COUNT).rate == suggest(RATES, curve, SMOOTHING, COUNT).rate


@given(middle=st.floats(-4.0, 0.5), depth=st.floats(0.3, 5.0))
def test_a_loss_that_only_falls_suggests_a_tenth_of_the_highest_rate(middle: float, depth: float) -> None:
    found = suggest(RATES, 6.0 - depth / (1.0 + np.exp(-3.0 * (DECADES - middle))), SMOOTHING, COUNT)
    assert found.rate == 1.0
    assert not found.rises and "higher rate" in found.reason


@given(st.floats(0.1, 5.0), st.floats(-4.0, 0.0), st.floats(0.5, 10.0), seeds)
def test_a_loss_that_never_falls_suggests_nothing(level: float, knee: float, slope: float, seed: int) -> None:
    noise = _noise(seed, 1e-3 * level)
    found = suggest(RATES, level * (1.0 + slope * np.maximum(DECADES - knee, 0.0)) + noise, SMOOTHING, COUNT)
    assert found.rate is None and found.lowest_rate is None and "never falls" in found.reason
    # What it does say is from where on the loss rises.
    assert found.rises and found.edge_rate is not None
    assert abs(math.log10(found.edge_rate) - knee) < 0.7
    flat = suggest(RATES, np.full(COUNT, level), SMOOTHING, COUNT)
    assert flat.rate is None and not flat.rises and flat.edge_rate == RATES[-1]


def test_noise_alone_suggests_nothing_but_for_rare_chance() -> None:
    found = [suggest(RATES, 0.7 + _noise(seed, 0.2), SMOOTHING, COUNT).rate for seed in range(300)]
    assert sum(rate is not None for rate in found) <= 6


@given(bottom=bottoms, kept=st.integers(1, COUNT - 1))
def test_what_follows_a_lost_loss_is_left_out(bottom: float, kept: int) -> None:
    curve = _u_shape(bottom)
    curve[kept:] = np.nan
    found = suggest(RATES, curve, SMOOTHING, COUNT)
    whole = suggest(RATES, _u_shape(bottom), SMOOTHING, COUNT)
    assert found.rises
    assert found.rate is None or (whole.rate is not None and found.rate <= whole.rate)
    if kept <= 20:
        assert found.rate is None and "lost" in found.reason
    if DECADES[kept - 1] > bottom + 1.0:
        assert found.rate == whole.rate


@pytest.mark.parametrize("losses", [[math.nan], [math.inf] * 50, [1.0, 2.0, 90.0]])
def test_a_curve_of_almost_nothing_suggests_nothing(losses: list[float]) -> None:
    found = suggest(RATES[: len(losses)], losses, SMOOTHING, COUNT)
    assert found.rate is None and found.lowest_rate is None and "lost" in found.reason


def test_a_bottom_at_the_low_end_suggests_nothing() -> None:
    """A tenth of it was never tried."""
    rates = np.geomspace(1e-4, 1e-1, COUNT)
    found = suggest(
        rates, 2.0 - np.clip(np.arange(COUNT) / 25, 0, 1) + np.maximum(np.arange(COUNT) - 27, 0), SMOOTHING, COUNT
    )
    assert found.rate is None and "lowest rate" in found.reason


@given(st.lists(st.floats(0.0, 20.0), min_size=12, max_size=COUNT))
def test_a_suggestion_is_always_a_rate_that_was_tried(losses: list[float]) -> None:
    rate = suggest(RATES[: len(losses)], losses, SMOOTHING, COUNT).rate
    assert rate is None or RATES[0] * 0.95 <= rate <= RATES[len(losses) - 1]


def _stage(rate: float, steps_per_epoch: int) -> Stage:
    return Stage(0, "head", ("head",), 100, steps_per_epoch, 0, rate, 1.0, "cosine")


@settings(max_examples=30)
@given(rate=st.floats(1e-7, 50.0), steps=st.integers(1, 400), batches=st.integers(1, 8))
@pytest.mark.parametrize("name", ["adamw", "sgd", "lion", "muon"])
def test_the_ramp_has_the_plans_rate_well_within(name: str, rate: float, steps: int, batches: int) -> None:
    ramp = Ramp.of(_stage(rate, steps), name, batches)
    assert ramp.low * 99 < rate < ramp.high / 9
    assert 40 <= ramp.updates <= 100
    assert ramp.batches == ramp.updates * batches
    assert ramp.rate(0) == ramp.low and ramp.rate(ramp.updates - 1) == pytest.approx(ramp.high)


def test_small_data_are_not_shown_a_hundred_times() -> None:
    assert [Ramp.of(_stage(1e-3, steps), "adamw").updates for steps in (1, 15, 300)] == [40, 60, 100]


def test_the_schedule_gives_the_rates_of_the_ramp_batch_by_batch() -> None:
    ramp = Ramp(1e-6, 10.0, 40, accumulate_steps=3)
    steps = np.arange(17, 17 + ramp.batches)
    rates = np.asarray(ramp.schedule(17)(steps))
    assert rates == pytest.approx([ramp.rate(batch // 3) for batch in range(ramp.batches)], rel=1e-5)
    assert ramp.schedule(17).total_steps == 120
