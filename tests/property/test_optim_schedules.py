"""Schedules of any length: bounded, without a jump at the warm-up's end, and the same from any start."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.optim.schedules import ScheduleName, StageSchedule

# The shares of the peak at the first step after the stage; inverse-sqrt depends on the lengths.
ENDS = {"constant": 1.0, "linear": 0.0, "cosine": 0.0, "one-cycle": 0.04 * 1e-4, "milestones": 1e-3}


@st.composite
def schedules(draw: st.DrawFn) -> StageSchedule:
    total = draw(st.integers(1, 5000))
    warmup = draw(st.integers(0, total - 1))
    peak = draw(st.floats(1e-7, 100.0))
    return StageSchedule(peak, total, warmup, draw(st.sampled_from(get_args(ScheduleName))))


def _rates(schedule: StageSchedule, steps: Any) -> np.ndarray:
    return np.asarray(schedule(np.asarray(steps)), dtype="float64") / schedule.peak


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_rates_lie_between_zero_and_the_peak_and_reach_it(schedule: StageSchedule) -> None:
    rates = _rates(schedule, np.arange(schedule.total_steps + 3))
    assert rates.min() >= 0.0
    assert rates.max() <= 1.0 + 1e-6
    assert abs(rates[schedule.warmup_steps] - 1.0) < 1e-5
    rising, falling = np.diff(rates[: schedule.warmup_steps + 1]), np.diff(rates[schedule.warmup_steps :])
    assert (rising > 0).all()
    assert (falling <= 1e-6).all()


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_no_step_of_the_warmup_is_longer_than_the_others(schedule: StageSchedule) -> None:
    """So there is no jump at its end, where the course after it begins."""
    rises = np.diff(_rates(schedule, np.arange(schedule.warmup_steps + 1)))
    if rises.size:
        np.testing.assert_allclose(rises, rises[0], atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_stages_end_as_documented(schedule: StageSchedule) -> None:
    if schedule.name == "inverse-sqrt":
        expected = np.sqrt((schedule.warmup_steps + 1) / (schedule.total_steps + 1))
    elif schedule.name == "one-cycle" and 2 * schedule.warmup_steps >= schedule.total_steps:
        expected = 0.04  # as long down as up leaves no time to die away
    elif schedule.name == "one-cycle" and schedule.total_steps == 1:
        expected = 0.04
    else:
        expected = ENDS[schedule.name]
    assert abs(_rates(schedule, schedule.total_steps) - expected) < 1e-5
    assert _rates(schedule, schedule.total_steps + 7) <= expected + 1e-5


@settings(max_examples=100, deadline=None)
@given(schedules(), st.integers(1, 2**30))
def test_a_later_start_gives_the_same_bits(schedule: StageSchedule, first_step: int) -> None:
    late = StageSchedule.from_config({**schedule.get_config(), "first_step": first_step})
    steps = np.arange(min(schedule.total_steps, 64), dtype="int64")
    np.testing.assert_array_equal(np.asarray(late(steps + first_step)), np.asarray(schedule(steps)))


@st.composite
def staircases(draw: st.DrawFn) -> StageSchedule:
    total = draw(st.integers(1, 30_000))
    shares = sorted(draw(st.sets(st.integers(1, 99), min_size=1, max_size=8)))
    warmup = draw(st.integers(0, total * shares[0] // 100))
    peak = draw(st.floats(1e-5, 100.0))
    return StageSchedule(peak, total, min(warmup, total - 1), "milestones", milestones=[n / 100 for n in shares])


@settings(max_examples=150, deadline=None)
@given(staircases())
def test_the_rate_is_a_tenth_from_each_milestone_on(schedule: StageSchedule) -> None:
    """Against a count in plain numbers: how many milestones a step has reached."""
    near = {step + offset for step in schedule.milestone_steps for offset in (-1, 0, 1)}
    steps = np.array(sorted(step for step in near | {schedule.total_steps - 1} if step >= schedule.warmup_steps))
    reached = [sum(step >= milestone for milestone in schedule.milestone_steps) for step in steps]
    np.testing.assert_allclose(_rates(schedule, steps), 10.0 ** -np.array(reached), rtol=1e-5)
    assert list(schedule.milestone_steps) == sorted(schedule.milestone_steps)
    assert schedule.milestone_steps[0] > schedule.warmup_steps


@settings(max_examples=100, deadline=None)
@given(staircases(), st.integers(1, 2**30))
def test_a_staircase_of_a_later_start_has_the_same_bits(schedule: StageSchedule, first_step: int) -> None:
    late = StageSchedule.from_config({**schedule.get_config(), "first_step": first_step})
    steps = np.arange(min(schedule.total_steps, 64), dtype="int64")
    np.testing.assert_array_equal(np.asarray(late(steps + first_step)), np.asarray(schedule(steps)))
    assert late.milestones == schedule.milestones
