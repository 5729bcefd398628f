"""What watches the steps of an epoch from within Keras' `fit`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ftsuite.training.input_wait import InputWait
from ftsuite.training.seeds import on_accelerator

# Reading a loss waits for the device: on a CPU that costs nothing, elsewhere it is done once in so many steps.
_ACCELERATOR_STEPS_BETWEEN_CHECKS = 10


class StepWatcher(keras.callbacks.Callback):
    """Tells of every step, and of a loss that is lost.

    Args:
        first_step: steps of the epoch that were done before this `fit`.
        sums: the variables of the metrics after these steps, which `fit` sets to zero when it begins; empty where no
            step was done. They are sums, so that they can be added again.
        on_step: called with the steps of the epoch that are done.
        on_lost: called with the same, how many steps back the last look was (0 where only the end of the epoch told),
            and the mean loss since, which is not finite or above `loss_limit`; must raise.
        loss_limit: the highest loss of a step that is not lost.
        wait: told of each step; counts nothing by default.
    """

    def __init__(
        self,
        first_step: int,
        sums: Sequence[np.ndarray],
        on_step: Callable[[int], None],
        on_lost: Callable[[int, int, float], None],
        loss_limit: float,
        wait: InputWait | None = None,
    ) -> None:
        super().__init__()
        self._first_step = first_step
        self._sums = sums
        self._on_step = on_step
        self._on_lost = on_lost
        self._loss_limit = loss_limit
        self._wait = InputWait([0.0, 0.0, 0]) if wait is None else wait
        self._every = _ACCELERATOR_STEPS_BETWEEN_CHECKS if on_accelerator() else 1
        # Keras reports the mean since `fit` began: over these steps, and those that `sums` brought back.
        self._brought_back = 0
        self._looked_at, self._total = 0, 0.0
        self._fitted = 0

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Note when the step asks for its batch."""
        self._wait.step_begins()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the loss, take up the metrics of the steps before, and report."""
        done = self._first_step + batch + 1
        self._fitted = batch + 1
        loss = (logs or {}).get("loss", 0.0)
        if self._fitted % self._every == 0:
            loss = float(loss)
            self._check(loss)
        # Keras hands on a plain number where it has looked at the result itself.
        self._wait.step_ended(seen=isinstance(loss, float))
        if batch == 0 and self._sums:
            self._bring_back()
        self._on_step(done)
        self._wait.goes_on()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the steps since the last look, and at the mean of the epoch, in which what is not finite stays."""
        loss = float((logs or {}).get("loss", 0.0))
        if self._fitted + self._brought_back > self._looked_at:
            self._check(loss)
        if not math.isfinite(loss):
            self._on_lost(self._first_step + self._fitted, 0, loss)

    def _bring_back(self) -> None:
        sync(self.model)
        for variable, value in zip(self.model.metrics_variables, self._sums, strict=True):
            variable.assign(np.asarray(variable) + value)
        # Keras' loss tracker is the first metric, a total and a count.
        total, count = (float(value) for value in self._sums[:2])
        self._brought_back = self._first_step
        self._looked_at += self._first_step
        self._total += total / max(count, 1.0) * self._first_step

    def _check(self, mean: float) -> None:
        """The mean loss of the steps since the last look is what they changed the running mean by."""
        steps = self._fitted + self._brought_back
        count = steps - self._looked_at
        loss = (mean * steps - self._total) / count if math.isfinite(mean) else mean
        self._looked_at, self._total = steps, mean * steps
        if not math.isfinite(loss) or loss > self._loss_limit:
            self._on_lost(self._first_step + self._fitted, count, loss)


def sync(model: Any) -> None:
    """Bring a model's variables up to date within `fit`; JAX keeps them elsewhere meanwhile."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()
