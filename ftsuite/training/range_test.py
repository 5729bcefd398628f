"""The learning-rate range test: one short training at rates that rise from step to step, and then all as before.

After Smith, 2017, https://arxiv.org/abs/1506.01186, with rates that rise by a factor instead of an amount.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer
from ftsuite.training.plan import Stage
from ftsuite.training.rate_ramp import Ramp
from ftsuite.training.rate_suggestion import SmoothedLoss, smoothing_for
from ftsuite.training.snapshot import values_kept
from ftsuite.training.workload import Workload

# The test ends where the smoothed loss is so many times its lowest, and by a share of a guess's loss above it: of a
# loss of almost nothing the multiple alone is soon reached by chance.
_RISE_FACTOR, _RISE_SHARE_OF_GUESS = 4.0, 0.25


@dataclass(frozen=True)
class RangeCurve:
    """What a range test measured, an entry an update.

    Attributes:
        rates: of the update; the rate of the last block, of which `layer_decay` and rules take their shares.
        losses: of the training batches of the update, before it.
        smoothed_losses: their debiased exponential mean.
        smoothing: its factor.
        ending: why the test ended: ``rise``, ``not finite``, or ``range`` where it went through to the highest rate.
        planned_updates: that it would have made, had it gone through.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed_losses: tuple[float, ...]
    smoothing: float
    ending: str
    planned_updates: int


class RangeTestTrainer(Trainer):
    """Trains a plan, and tests rates at the beginning of each stage; the last stage is tested and not trained.

    Args:
        workload: what is trained; its optimizer is not built yet.
        journal: as of `Trainer`.
        folder: for a journal's neighbours; nothing is kept there, because nothing of a test is resumed.
        on_curve: told the curve of each stage.
    """

    def __init__(
        self, workload: Workload, journal: Journal, folder: Path, on_curve: Callable[[Stage, RangeCurve], None]
    ) -> None:
        super().__init__(workload, journal, folder)
        self._on_curve = on_curve

    def test_stages(self) -> None:
        """Test all stages.

        Raises:
            DivergedError: if a stage diverges at the plan's own rate, where the next one would be tested.
            KeyboardInterrupt: where Ctrl-C or SIGTERM asks for a stop; the weights are then those of some step.
        """
        try:
            self.run()
        except _EveryStageTestedError:
            return

    def enter(self, stage: Stage) -> None:
        """Test a stage, and then enter it with everything as it was."""
        super().enter(stage)
        self._on_curve(stage, self._test(stage))
        if stage is self.workload.stages[-1]:
            raise _EveryStageTestedError
        # Anew, because what was compiled for the test keeps the test's rates.
        super().enter(stage)

    def _test(self, stage: Stage) -> RangeCurve:
        work, first_step = self.workload, self.progress.stage_first_step
        ramp = Ramp.of(stage, work.finetune.optimizer.name, work.optimizer.accumulate_steps)
        told = {"event": "step", "stage": stage.number, "phase": f"Rates of stage {stage.number + 1}"}

        def on_batch(done: int) -> None:
            self.journal.tell({**told, "step": done, "steps": ramp.batches})
            self._stops.check()

        recorder = _LossRecorder(ramp, work.guess_loss, on_batch)
        epoch = self.progress.epoch
        with values_kept([*work.model.variables, *work.optimizer.variables]):
            # `enter` has just compiled, so that the step that is traced now is one of these rates.
            work.optimizer.learning_rate = ramp.schedule(first_step)
            while recorder.ending is None:
                batches = self.feed.batches(epoch, 0).take(ramp.batches - recorder.batches)
                self.feed.model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[recorder])
                epoch += 1
        return recorder.curve()

    def _save(self) -> None:
        """Nothing: a test is not resumed."""


class _EveryStageTestedError(Exception):
    """The last stage was tested, and is not trained."""


class _LossRecorder(keras.callbacks.Callback):
    """Takes down the loss of each update, and ends `fit` where enough is known."""

    def __init__(self, ramp: Ramp, guess_loss: float, on_batch: Callable[[int], None]) -> None:
        super().__init__()
        self.batches = 0
        self.ending: str | None = None
        self._ramp = ramp
        self._guess_loss = guess_loss
        self._on_batch = on_batch
        self._smoothing = smoothing_for(ramp.updates)
        self._mean = SmoothedLoss(self._smoothing)
        self._losses: list[float] = []
        self._smoothed: list[float] = []
        self._of_update: list[float] = []
        self._total = 0.0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Keras' mean of the loss begins anew with each `fit`."""
        self._total = 0.0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Take down the loss of a batch: what it changed the running mean by."""
        mean = float((logs or {})["loss"])
        total = mean * (batch + 1)
        self._of_update.append(total - self._total)
        self._total = total
        self.batches += 1
        if len(self._of_update) == self._ramp.accumulate_steps or not math.isfinite(total):
            self._end_update()
        self._on_batch(self.batches)
        if self.ending is not None:
            self.model.stop_training = True

    def _end_update(self) -> None:
        loss = sum(self._of_update) / len(self._of_update)
        self._of_update = []
        self._losses.append(loss)
        self._smoothed.append(self._mean.add(loss))
        if not math.isfinite(loss):
            self.ending = "not finite"
        elif self._has_risen():
            self.ending = "rise"
        elif len(self._losses) == self._ramp.updates:
            self.ending = "range"

    def _has_risen(self) -> bool:
        # The first means are of too few batches to be a best.
        means = self._smoothed[math.ceil(1.0 / (1.0 - self._smoothing)) :]
        best = min(means, default=math.inf)
        least_rise = max((_RISE_FACTOR - 1.0) * best, _RISE_SHARE_OF_GUESS * self._guess_loss)
        return bool(means) and means[-1] > best + least_rise

    def curve(self) -> RangeCurve:
        assert self.ending is not None, "the test has ended"
        rates = tuple(self._ramp.rate(update) for update in range(len(self._losses)))
        return RangeCurve(
            rates, tuple(self._losses), tuple(self._smoothed), self._smoothing, self.ending, self._ramp.updates
        )
