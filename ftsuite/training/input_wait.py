"""How much of the time of training steps goes into waiting for the next batch, while nothing else is done.

On a CPU that is simply the time between asking for a batch and having it. An accelerator works on what it was given
while the loop asks for the next batch, so that waiting costs nothing as long as it is busy. Its results are looked at
only now and then, and nothing is added here to look more often. Between two looks at ``n`` steps, with batches that
came at ``t_1 … t_n`` and the last result at ``e``, it worked on each step for ``c = min (e - t_i) / (n - i + 1)``, if
steps take it equally long: the step that it began late tells. What is left of the time is waiting, and no more than
was waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ftsuite.data.batch_clock import BatchClock

# So many steps tell something, after the first, which compile; shorter ones than that are mostly the loop's own work.
FEWEST_STEPS = 20
SHORTEST_STEP_SECONDS = 0.01


class InputWait:
    """Told of the steps of one `fit`, it adds up what they took and what of it was waiting.

    Args:
        totals: seconds waited, seconds in all, and steps, which are added to.
        clock: of the batches; None where they are not watched, and nothing is counted.
        now: seconds; a test passes its own.
    """

    def __init__(
        self, totals: list[float], clock: BatchClock | None = None, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._totals, self._clock, self._now = totals, clock, now
        self._start = now()
        self._asked = 0.0
        self._waited_before = 0.0
        self._ready: list[float] = []
        self._steps = 0
        self._is_first = True

    def step_begins(self) -> None:
        """A step is about to ask for its batch."""
        self._asked = self._now()

    def step_ended(self, *, seen: bool) -> None:
        """A step was given to the device; `seen` where its result was looked at, so that the device is done with it."""
        if self._clock is None:
            return
        self._steps += 1
        # What asks ahead by more than one batch does not wait where this looks.
        if self._clock.arrived > self._steps + 1:
            self._clock = None
            return
        self._ready.append(max(self._asked, self._clock.last_arrival_seconds))
        if seen:
            self._look(self._now())

    def goes_on(self) -> None:
        """What was done between two steps, such as writing a checkpoint, is over."""
        if not self._ready:
            self._start = self._now()

    def _look(self, end: float) -> None:
        assert self._clock is not None
        count, waited = len(self._ready), self._clock.waited_seconds - self._waited_before
        work = min((end - ready) / (count - place) for place, ready in enumerate(self._ready))
        if not self._is_first:
            self._totals[0] += min(max(end - self._start - count * work, 0.0), waited)
            self._totals[1] += end - self._start
            self._totals[2] += count
        self._is_first = False
        self._waited_before, self._ready = self._clock.waited_seconds, []


def wait_share(totals: list[float]) -> float | None:
    """The share of the time that was waiting, 0 to 1; None where steps were too few or too short to tell."""
    waited, seconds, steps = totals
    tells = steps >= FEWEST_STEPS and seconds >= steps * SHORTEST_STEP_SECONDS
    return waited / seconds if tells else None
