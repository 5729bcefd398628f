"""Keras callbacks of the training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras

from ftsuite.errors import DivergedError

# Reading the loss waits for the device; once in so many steps costs nothing and still stops a lost run at once.
_STEPS_BETWEEN_CHECKS = 10


class StepReporter(keras.callbacks.Callback):
    """Tells a listener of every step and stops a run whose loss is not finite.

    Args:
        stage_name: for the message.
        epoch: of all stages, from 0.
        listener: called with the number of steps that are done in the epoch.
    """

    def __init__(self, stage_name: str, epoch: int, listener: Callable[[int], None]) -> None:
        super().__init__()
        self._stage_name = stage_name
        self._epoch = epoch
        self._listener = listener

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Report, and now and then look at the loss."""
        self._listener(batch + 1)
        if (batch + 1) % _STEPS_BETWEEN_CHECKS == 0:
            self._check(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the loss of the whole epoch."""
        self._check(None, logs)

    def _check(self, step: int | None, logs: Mapping[str, Any] | None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if math.isfinite(loss):
            return
        where = f"step {step} of epoch {self._epoch + 1}" if step else f"epoch {self._epoch + 1}"
        raise diverged(self._stage_name, where, str(loss))


def diverged(stage_name: str, where: str, received: str) -> DivergedError:
    """The error of a run whose loss is not finite any more."""
    return DivergedError(
        f"Training diverged in stage {stage_name!r} by {where}: the loss must be finite. Received: {received}.",
        "Lower that stage's learning_rate (a tenth is a good start), add warmup, or set "
        "finetune.optimizer.clip_norm to 1.0. The checkpoint of the last good epoch is kept.",
    )
