"""The share of step time that is waiting for input, told of loops whose share is known."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftsuite.training.input_wait import InputWait, wait_share

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs


class Loop:
    """A made-up loop: a host that asks for batches and a device that works on them, with a clock of its own."""

    def __init__(self, looks_every: int, *, work: float, input_seconds: float, ahead: int = 2) -> None:
        self.seconds = self.busy_until = self.waited_seconds = self.last_arrival_seconds = 0.0
        self.arrived = 0
        self.totals = [0.0, 0.0, 0.0]
        self.made = [0.0]
        self.work, self.input_seconds, self.every, self.ahead = work, input_seconds, looks_every, ahead

    def batch_is_ready(self) -> float:
        """Batches are made one after the other, and no more ahead than there is room for."""
        self.made.append(max(self.made[-1], self.last_taken[-self.ahead]) + self.input_seconds)
        return self.made[-1]

    def run(self, steps: int) -> float | None:
        wait = InputWait(self.totals, self, lambda: self.seconds)  # type: ignore[arg-type]
        self.last_taken = [0.0] * self.ahead
        for step in range(1, steps + 1):
            wait.step_begins()
            arrival = max(self.seconds, self.batch_is_ready())
            self.waited_seconds += arrival - self.seconds
            self.seconds = self.last_arrival_seconds = arrival
            self.arrived += 1
            self.last_taken.append(arrival)
            self.busy_until = max(self.busy_until, self.seconds) + self.work
            seen = step % self.every == 0
            if seen:
                self.seconds = max(self.seconds, self.busy_until)
            wait.step_ended(seen=seen)
            wait.goes_on()
        return wait_share(self.totals)


@given(st.sampled_from([1, 10]), st.floats(0.02, 1.0), st.floats(0.02, 1.0))
def test_the_share_is_what_a_faster_input_would_save(every: int, work: float, input_seconds: float) -> None:
    loop = Loop(every, work=work, input_seconds=input_seconds)
    share = loop.run(400)
    assert share is not None
    expected = max(0.0, 1 - work / input_seconds)
    # Of ten steps between two looks one is spread over its neighbours.
    assert share == pytest.approx(expected, abs=0.01 if every == 1 else 0.11)
    if work > input_seconds * 1.2:
        assert share < 0.01, "an accelerator that is busy waits for nothing"


def test_what_is_done_between_steps_is_neither_waiting_nor_step_time() -> None:
    loop = Loop(1, work=1.0, input_seconds=0.1)
    wait = InputWait(loop.totals, loop, lambda: loop.seconds)  # type: ignore[arg-type]
    for _ in range(30):
        wait.step_begins()
        loop.arrived, loop.last_arrival_seconds = loop.arrived + 1, loop.seconds
        loop.seconds += 1.0
        wait.step_ended(seen=True)
        loop.seconds += 50.0  # a checkpoint
        wait.goes_on()
    assert loop.totals == [0.0, 29.0, 29]


def test_few_steps_tell_nothing_and_what_asks_far_ahead_is_not_measured() -> None:
    assert Loop(1, work=1.0, input_seconds=2.0).run(15) is None
    loop = Loop(1, work=1.0, input_seconds=2.0)
    loop.arrived = 5
    assert loop.run(100) is None
    assert wait_share([0.0, 0.0, 0]) is None


@pytest.mark.parametrize(
    ("make_seconds", "work_seconds", "low", "high"), [(0.02, 0.005, 0.5, 0.95), (0.0, 0.01, 0.0, 0.2)]
)
def test_a_real_pipeline_is_measured_and_its_batches_stay_as_they_are(
    make_seconds: float, work_seconds: float, low: float, high: float
) -> None:
    import tensorflow as tf

    from ftsuite.data.batch_clock import BatchClock

    def slow(number: np.ndarray) -> np.ndarray:
        time.sleep(make_seconds)
        return number

    made = tf.data.Dataset.range(40).map(
        lambda number: tf.numpy_function(slow, [number], tf.int64), num_parallel_calls=1
    )
    batches = made.map(lambda number: ({"a": tf.reshape(number, (1,))}, number)).prefetch(2)
    clock = BatchClock()
    watched = clock.watch(batches)
    assert int(watched.cardinality()) == 40
    assert watched.element_spec == batches.element_spec
    totals = [0.0, 0.0, 0.0]
    wait, found, stream = InputWait(totals, clock), [], iter(watched)

    def steps() -> Iterator[int]:
        for _ in range(40):
            wait.step_begins()
            features, number = next(stream)
            assert features["a"].numpy() == [number.numpy()]
            yield int(number)

    for number in steps():
        found.append(number)
        time.sleep(work_seconds)
        wait.step_ended(seen=True)
        wait.goes_on()
    assert found == list(range(40))
    share = wait_share(totals)
    assert share is not None
    assert low <= share <= high
