"""The training loop: stage by stage, epoch by epoch, on whatever backend Keras runs.

The epochs are the suite's own and the steps are Keras' `fit`: that keeps order, checkpoints and the choice of the
best weights exact, and leaves compiled steps and distribution to Keras.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np

from ftsuite.data.batch_clock import BatchClock
from ftsuite.errors import ResourceError
from ftsuite.models.freezing import set_trainable, without_frozen_dropout
from ftsuite.optim.averaging import averaged_weights, keep_average
from ftsuite.training.activations.agreement import CacheRefusedError
from ftsuite.training.batch_norm import recalibrate
from ftsuite.training.callbacks import StepWatcher, sync
from ftsuite.training.checkpoints import latest_checkpoint, load_checkpoint, save_checkpoint
from ftsuite.training.divergence import diverged
from ftsuite.training.fingerprints import describe_moves, hash_blocks
from ftsuite.training.input_wait import InputWait
from ftsuite.training.interrupts import StopRequests
from ftsuite.training.journal import Journal
from ftsuite.training.plan import Stage, trained_in_any
from ftsuite.training.precision import in_float32
from ftsuite.training.progress import TrainingProgress
from ftsuite.training.seeds import uses_xla
from ftsuite.training.sized_feeds import SizedFeeds
from ftsuite.training.snapshot import is_finite, put_back, take_tensors
from ftsuite.training.stage_records import epoch_entry, stage_ended, stage_result, stage_started
from ftsuite.training.stage_rules import follow_stage
from ftsuite.training.validation import score_of, watched
from ftsuite.training.wise_ft import Interpolation, start_stage_of
from ftsuite.training.workload import Feed, Workload


class Trainer:
    """Trains a workload; `run` may be called once.

    Args:
        workload: what to train.
        journal: told of every stage and epoch.
        checkpoint_folder: written to now and then, at the end of each stage, and where training is stopped.

    Attributes:
        interpolation: after `run`, what ``metrics.json`` holds of `finetune.wise_ft`; None where the plan has none.
    """

    def __init__(self, workload: Workload, journal: Journal, checkpoint_folder: Path) -> None:
        self.workload = workload
        self.journal = journal
        self.checkpoint_folder = checkpoint_folder
        self.progress = TrainingProgress()
        self.interpolation: dict[str, Any] | None = None
        self._best: list[np.ndarray] | None = None
        self._start: list[np.ndarray] | None = None
        self._sums: list[np.ndarray] = []
        # Where this process began with the epoch under way, and what the steps before that were shown.
        self._pass: tuple[int, list[int]] | None = None
        self._stops = StopRequests()
        self._saved_at = (time.monotonic(), 0)
        # A twin over the same variables, so that compiling for a stage does not trace prediction again.
        self.evaluator = keras.Model(workload.model.inputs, workload.model.outputs)
        self.evaluator.compile(jit_compile=uses_xla())
        model = workload.in_front(workload.model)
        self.feed = Feed(model, self.evaluator, workload.batches, workload.judge, workload.token_counts)
        self._feeds = SizedFeeds(workload, self.feed)
        # Moments of all that ever trains are made before anything is frozen, so that they outlast every stage change;
        # of what never does there are none, which is most of them where few weights train.
        # By variable, because a trainer before this one may have left some of the same variables frozen.
        ever = trained_in_any(workload.stages, workload.blocks)
        set_trainable(workload.model, ever, [block.name for block in ever], workload.batch_norm)
        workload.optimizer.build(list(workload.model.trainable_variables), head=workload.blocks[-1].variables)

    def run(self, resume: bool = False) -> list[dict[str, Any]]:
        """Train all stages; returns what each stage reports, for ``metrics.json``.

        Raises:
            DivergedError: if a loss is not finite, or far above that of a guess.
            ArtifactError: if a checkpoint to resume from is damaged.
            KeyboardInterrupt: after a checkpoint was written, where Ctrl-C or SIGTERM asks for a stop.
        """
        if resume:
            self._restore()
        with self._stops:
            for stage in self.workload.stages[self.progress.stage :]:
                if not self.progress.stage_begun:
                    self.progress.begin_stage(hash_blocks(self.workload.blocks))
                    self.journal.write("stage_started", **stage_started(stage, self.workload.blocks))
                trained_part = stage.trained_part(self.workload.blocks)
                with without_frozen_dropout(self.workload.model, trained_part, stage.trained):
                    self.enter(stage)
                    while self.progress.stage_epoch < stage.epochs and not self._is_stuck(stage):
                        self._train_epoch(stage)
                self._leave(stage)
                self._save()
        if self._start is not None:
            self.interpolation = Interpolation(self.workload, self._start, self.journal).choose()
        self._conclude()
        if self.workload.batch_norm == "recalibrate":
            self._recalibrate()
        return self.progress.stage_results

    def enter(self, stage: Stage) -> None:
        """Freeze, set the rates and compile for one stage."""
        work = self.workload
        set_trainable(work.model, stage.trained_part(work.blocks), stage.trained, work.batch_norm)
        self.feed = self._feed_of(stage)
        follow_stage(work.optimizer, stage, work.blocks, work.finetune, self.feed.model.trainable_variables)
        work.optimizer.learning_rate = stage.learning_rates(self.progress.stage_first_step)
        # Keras reads trainability when it compiles: without this call the change would do nothing.
        self.feed.model.compile(
            optimizer=work.optimizer,
            loss=work.loss,
            weighted_metrics=work.metrics(),
            jit_compile=uses_xla(),
            # An optimizer that needs a loss scale brings its own, which outlasts this call.
            auto_scale_loss=False,
        )

    def _feed_of(self, stage: Stage) -> Feed:
        """Activations of what is frozen, where they are kept; else the examples themselves."""
        cached, number = self.progress.cached, str(stage.number)
        whole, cache = self._feeds.of(stage)
        if cache is None or cached.get(number) is False or not cache.is_worthwhile(stage):
            return whole
        told = {"stage": stage.number, "stage_name": stage.name}
        try:
            with self._stops.at_once():
                feed, facts = cache.feed(stage, whole, self.journal.tell)
        except KeyboardInterrupt:
            self._save()
            raise
        except CacheRefusedError as reason:
            if cached.get(number):
                room = "Give it the room that it had, or start" if reason.lacks_room else "Start"
                raise ResourceError(
                    "This stage trained on kept activations before it was stopped, and cannot now: without them it "
                    f"would end otherwise in the last digits. Received: {reason}.",
                    f"{room} the run anew with finetune.cache: off.",
                ) from reason
            cached[number] = False
            self.journal.write("not_cached", **told, reason=str(reason))
            return whole
        if number not in cached:
            cached[number] = True
            self.journal.write("cached", **told, **facts)
        return feed

    def fit_epoch(self, stage: Stage, steps: int, on_step: Callable[[int], None]) -> dict[str, float]:
        """Train up to so many steps of the current epoch; returns the loss and the metrics of all of them."""
        first = self.progress.epoch_step
        batches = self.feed.batches(self.progress.epoch, first).take(steps - first)

        def lost(step: int, steps: int, loss: float) -> NoReturn:
            self._diverge(stage, step, steps, loss)

        clock = None if self.progress.cached.get(str(stage.number)) else BatchClock()
        if clock is not None:
            batches = clock.watch(batches)
        wait = InputWait(self.progress.epoch_input, clock)
        watcher = StepWatcher(first, self._sums, on_step, lost, self.workload.loss_limit, wait)
        history = self.feed.model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[watcher])
        return {name: float(values[-1]) for name, values in history.history.items()}

    def _train_epoch(self, stage: Stage) -> None:
        progress = self.progress
        steps = stage.steps_of_epoch(progress.stage_epoch)
        if progress.epoch_step < steps:
            self._take_steps(stage, steps)
        assert progress.fitted is not None, "set with the last step"
        try:
            with self._stops.at_once():
                figures = self._figures()
        except KeyboardInterrupt:
            self._save()
            raise
        # Never keep weights that are not finite as the best: the loss of a step precedes its update.
        loss = figures[self.workload.judge.loss_name]
        if not math.isfinite(loss):
            self._diverge(stage, steps, 0, loss)
        entry = epoch_entry(stage, progress, steps, self.workload.examples_per_step, figures)
        progress.end_epoch(steps)
        self._sums, self._pass = [], None
        self._note_best(stage, figures)
        self.journal.write("epoch", **entry)
        self._save_when_due()

    def _figures(self) -> dict[str, float]:
        """Validation figures under the weights that would be kept, averaged where the plan averages."""
        with averaged_weights(self.workload.optimizer):
            return self.feed.judge.figures(self.feed.evaluator)

    def _take_steps(self, stage: Stage, steps: int) -> None:
        """Train what is left of the epoch."""
        progress, first = self.progress, self.progress.epoch_step
        before = progress.stage_epoch * stage.steps_per_epoch
        self._pass = (first, progress.epoch_tokens)
        seconds, began = progress.epoch_seconds, time.perf_counter()

        def on_step(done: int) -> None:
            progress.epoch_step = done
            progress.epoch_seconds = seconds + time.perf_counter() - began
            self.journal.tell(
                {"event": "step", "stage": stage.number, "step": before + done, "steps": stage.total_steps}
            )
            # At the last step the epoch's figures are not known yet: what saves then is what comes after.
            if done < steps:
                self._save_when_due()
                self._stops.check()

        try:
            progress.fitted = self.fit_epoch(stage, steps, on_step)
        except KeyboardInterrupt:
            if progress.epoch_step < steps:
                self._save()
            raise
        self._count_tokens()

    def _count_tokens(self) -> None:
        """Bring what the epoch's steps were shown up to date."""
        if self._pass is None:
            return
        first, before = self._pass
        counts = self.feed.token_counts(self.progress.epoch_step - first)
        if counts is not None:
            now = (counts.tokens, counts.cells, counts.texts, counts.truncated)
            self.progress.epoch_tokens = [old + new for old, new in zip(before, now, strict=True)]

    def _diverge(self, stage: Stage, step: int, steps: int, loss: float) -> NoReturn:
        """Stop a run whose loss was lost in the last so many steps up to one, or by the end of the epoch (0)."""
        work, epoch = self.workload, self.progress.epoch
        lost = range(step - steps + 1, step + 1)
        ids = [name for each in lost for name in work.batch_ids(epoch, each - 1)]
        raise diverged(stage.name, epoch + 1, lost, loss, work.loss_limit, ids)

    def _note_best(self, stage: Stage, figures: dict[str, float]) -> None:
        stopping, judge = self.workload.finetune.early_stopping, self.workload.judge
        progress = self.progress
        if stopping is None:
            progress.best, self._best = None, None
            return
        # Accuracy on a small split has many ties; the lower loss breaks them.
        score = score_of(figures, watched(stopping.metric, judge), judge)
        if progress.stage_best is None or score > progress.stage_best:
            progress.stage_best, progress.stage_best_epoch = score, progress.stage_epoch
        if progress.best is None or score > progress.best["score"]:
            progress.best = {"score": score, "epoch": progress.epoch, "stage": stage.number}
            with averaged_weights(self.workload.optimizer):
                self._best = [np.array(value) for value in self.workload.model.get_weights()]

    def _is_stuck(self, stage: Stage) -> bool:
        stopping = self.workload.finetune.early_stopping
        if stopping is None or self.progress.stage_epoch == 0:
            return False
        patience_steps = stopping.patience.to_steps(stage.steps_per_epoch, stage.total_steps)
        waited = self.progress.stage_epoch - self.progress.stage_best_epoch
        return waited * stage.steps_per_epoch >= patience_steps

    def _leave(self, stage: Stage) -> None:
        """Record what moved, and go back to the best weights so far."""
        progress, work = self.progress, self.workload
        moves = describe_moves(work.blocks, progress.hashes_before, hash_blocks(work.blocks), stage.trained)
        if self._best is None:
            keep_average(work.optimizer)
        else:
            work.model.set_weights(self._best)
            work.optimizer.restart_average()
        if stage.number == start_stage_of(work.finetune):
            self._start = [np.array(value) for value in work.model.get_weights()]
        assessed = self.feed.judge.assess(self.feed.evaluator)
        progress.stage_results.append(stage_result(stage, progress, assessed))
        self.journal.write("stage_ended", **stage_ended(stage, progress, moves, assessed, work.judge.directions))
        doubt = work.judge.doubt(assessed) if stage.number == 0 else None
        if doubt is not None:
            progress.stage_results[-1]["doubt"] = doubt
            self.journal.write("doubt", stage=stage.number, stage_name=stage.name, message=doubt)
        progress.end_stage()

    def _conclude(self) -> None:
        """After the last checkpoint, so that what is done here is done again by a run that is resumed."""
        if self.workload.conclude is not None:
            self.journal.write("adapters_merged", **self.workload.conclude())

    def _recalibrate(self) -> None:
        if self.workload.calibration_batches is not None:
            # In the precision that the kept model computes in, and is judged by.
            with in_float32(self.workload.model):
                count = recalibrate(self.workload.model, self.workload.calibration_batches())
            self.journal.write("batch_norm_recalibrated", batches=count)

    def _save_when_due(self) -> None:
        now, (moment, steps) = time.monotonic(), self._saved_at
        every = self.workload.finetune.checkpoints.every
        if every.is_over(now - moment, self.progress.step + self.progress.epoch_step - steps):
            self._save()

    def _save(self) -> None:
        """Write a checkpoint, unless the weights are lost."""
        work, progress = self.workload, self.progress
        sync(self.feed.model)
        self._count_tokens()
        sums = [np.asarray(v) for v in self.feed.model.metrics_variables] if self._pass is not None else self._sums
        tensors = take_tensors(work.model, work.optimizer, sums, self._best, self._start)
        self._saved_at = (time.monotonic(), progress.step + progress.epoch_step)
        if not is_finite(tensors):
            return
        progress.checkpoints += 1
        progress.journal_bytes = self.journal.length_bytes
        save_checkpoint(
            self.checkpoint_folder,
            progress.checkpoints,
            tensors,
            progress.plain(),
            self.workload.finetune.checkpoints.keep,
        )

    def _restore(self) -> None:
        """Go back to the newest checkpoint, where there is one."""
        path = latest_checkpoint(self.checkpoint_folder)
        if path is None:
            return
        checkpoint = load_checkpoint(path)
        put_back(self.workload.model, self.workload.optimizer, checkpoint.tensors, path)
        self.progress = TrainingProgress.from_plain(dict(checkpoint.progress))
        self._saved_at = (time.monotonic(), self.progress.step + self.progress.epoch_step)
        self._sums = list(checkpoint.tensors["metrics"])
        best, start = checkpoint.tensors.get("best"), checkpoint.tensors.get("start")
        self._best = None if best is None else list(best)
        self._start = None if start is None else list(start)
        self.journal.cut(self.progress.journal_bytes)
