"""The training loop: stage by stage, epoch by epoch, on whatever backend Keras runs.

The epochs are the suite's own and the steps are Keras' `fit`: that keeps order, checkpoints and the choice of the
best weights exact, and leaves compiled steps and distribution to Keras.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ftsuite.models.blocks import Block
from ftsuite.models.freezing import set_trainable, without_frozen_dropout
from ftsuite.training.batch_norm import recalibrate
from ftsuite.training.callbacks import StepReporter, diverged
from ftsuite.training.checkpoints import latest_checkpoint, load_checkpoint, save_checkpoint
from ftsuite.training.fingerprints import describe_moves, hash_blocks
from ftsuite.training.journal import Journal
from ftsuite.training.plan import Stage
from ftsuite.training.progress import TrainingProgress
from ftsuite.training.seeds import uses_xla
from ftsuite.training.validation import DIRECTIONS, Judge

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig
    from ftsuite.data.token_counts import TokenCounts


@dataclass(frozen=True)
class Workload:
    """What is trained on what.

    Attributes:
        model: features to logits.
        blocks: of the model, head last.
        stages: in order.
        batches: (features, targets, weights) of one epoch, counted from 0 through all stages.
        examples_per_step: the batch size.
        judge: of the validation examples, to choose epochs by.
        loss: Keras loss over targets and logits.
        metrics: Keras metrics of the training batches, made anew for each stage.
        optimizer: with `PerVariableRates`, not built yet.
        finetune: the config's part.
        batch_norm: the policy that applies; random weights have no statistics to keep.
        calibration_batches: features in random order, without augmentation, to measure BatchNorm statistics on.
        token_counts: tokens and padding of the first steps of the latest epoch; None where nothing is tokenised.
    """

    model: Any
    blocks: tuple[Block, ...]
    stages: tuple[Stage, ...]
    batches: Callable[[int], Any]
    examples_per_step: int
    judge: Judge
    loss: Any
    metrics: Callable[[], list[Any]]
    optimizer: Any
    finetune: FinetuneConfig
    batch_norm: str
    calibration_batches: Callable[[], Iterable[Any]] | None = None
    token_counts: Callable[[int], TokenCounts | None] = lambda steps: None


class Trainer:
    """Trains a workload; `run` may be called once.

    Args:
        workload: what to train.
        journal: told of every stage and epoch.
        checkpoint_folder: written to after each epoch.
    """

    def __init__(self, workload: Workload, journal: Journal, checkpoint_folder: Path) -> None:
        self.workload = workload
        self.journal = journal
        self.checkpoint_folder = checkpoint_folder
        self.progress = TrainingProgress()
        self._best: list[np.ndarray] | None = None
        # A twin over the same variables, so that compiling for a stage does not trace prediction again.
        self.evaluator = keras.Model(workload.model.inputs, workload.model.outputs)
        self.evaluator.compile(jit_compile=uses_xla())
        # Moments of all variables are made before anything is frozen, so that they outlast every stage change.
        # By variable, because a trainer before this one may have left some of the same variables frozen.
        set_trainable(workload.model, workload.blocks, [block.name for block in workload.blocks], workload.batch_norm)
        workload.optimizer.build(list(workload.model.trainable_variables))

    def run(self, resume: bool = False) -> list[dict[str, Any]]:
        """Train all stages; returns what each stage reports, for ``metrics.json``.

        Raises:
            DivergedError: if the loss is not finite.
            ArtifactError: if a checkpoint to resume from is damaged.
        """
        resumed = resume and self._restore()
        for stage in self.workload.stages[self.progress.stage :]:
            if not resumed:
                self.progress.begin_stage(stage.number, stage.trained, hash_blocks(self.workload.blocks))
                self._announce(stage)
            resumed = False
            with without_frozen_dropout(self.workload.model, self.workload.blocks, stage.trained):
                self.enter(stage)
                while self.progress.stage_epoch < stage.epochs and not self._is_stuck(stage):
                    self._train_epoch(stage)
            self._leave(stage)
        if self.workload.batch_norm == "recalibrate":
            self._recalibrate()
        return self.progress.stage_results

    def enter(self, stage: Stage) -> None:
        """Freeze, set the rates and compile for one stage."""
        work = self.workload
        set_trainable(work.model, work.blocks, stage.trained, work.batch_norm)
        decay = work.finetune.optimizer.weight_decay
        work.optimizer.follow(stage.rules(work.blocks, decay, self.progress.first_steps))
        work.optimizer.learning_rate = stage.learning_rates(self.progress.stage_first_step)
        # Keras reads trainability when it compiles: without this call the change would do nothing.
        work.model.compile(
            optimizer=work.optimizer,
            loss=work.loss,
            weighted_metrics=work.metrics(),
            jit_compile=uses_xla(),
        )

    def fit_epoch(self, stage: Stage, steps: int, on_step: Callable[[int], None]) -> dict[str, float]:
        """Train some steps of the current epoch; returns the loss and the metrics."""
        work = self.workload
        batches = work.batches(self.progress.epoch).take(steps)
        reporter = StepReporter(stage.name, self.progress.epoch, on_step)
        history = work.model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[reporter])
        return {name: float(values[-1]) for name, values in history.history.items()}

    def _announce(self, stage: Stage) -> None:
        self.journal.write(
            "stage_started",
            stage=stage.number,
            stage_name=stage.name,
            blocks=list(stage.trained),
            epochs=stage.epochs,
            steps=stage.total_steps,
            learning_rate=stage.learning_rate,
        )

    def _train_epoch(self, stage: Stage) -> None:
        progress, work = self.progress, self.workload
        steps = stage.steps_of_epoch(progress.stage_epoch)
        began = time.perf_counter()

        before = progress.stage_epoch * stage.steps_per_epoch

        def tell(step: int) -> None:
            self.journal.tell(
                {"event": "step", "stage": stage.number, "step": before + step, "steps": stage.total_steps}
            )

        fitted = self.fit_epoch(stage, steps, tell)
        seconds = time.perf_counter() - began
        figures = work.judge.figures(self.evaluator)
        self._refuse_broken(stage, figures["log_loss"])
        last_rate = float(stage.learning_rates(progress.stage_first_step)(progress.step + steps - 1))
        progress.stage_epoch += 1
        progress.epoch += 1
        progress.step += steps
        self._note_best(stage, figures)
        self.journal.write(
            "epoch",
            stage=stage.number,
            stage_name=stage.name,
            epoch=progress.epoch,
            stage_epoch=progress.stage_epoch,
            steps=steps,
            **{f"train_{name}": value for name, value in fitted.items()},
            **{f"validation_{name}": value for name, value in figures.items()},
            learning_rate=last_rate,
            seconds=round(seconds, 3),
            examples_per_second=round(steps * work.examples_per_step / seconds, 2),
            **self._token_figures(steps, seconds),
        )
        self._save()

    def _token_figures(self, steps: int, seconds: float) -> dict[str, float]:
        """How fast texts were read, and how much of it was padding or lost to truncation."""
        counts = self.workload.token_counts(steps)
        if counts is None:
            return {}
        return {
            "tokens_per_second": round(counts.tokens / seconds, 1),
            "padding_share": round(counts.padding_share, 4),
            "truncated_share": round(counts.truncated_share, 4),
        }

    def _refuse_broken(self, stage: Stage, validation_loss: float) -> None:
        """Never keep weights that are not finite as the last good epoch: the loss of a step precedes its update."""
        if not math.isfinite(validation_loss):
            raise diverged(stage.name, f"epoch {self.progress.epoch + 1}", f"validation loss {validation_loss}")

    def _note_best(self, stage: Stage, figures: dict[str, float]) -> None:
        stopping = self.workload.finetune.early_stopping
        progress = self.progress
        if stopping is None:
            progress.best, self._best = None, None
            return
        # Accuracy on a small split has many ties; the lower loss breaks them.
        score = [DIRECTIONS[stopping.metric] * figures[stopping.metric], -figures["log_loss"]]
        if progress.stage_best is None or score > progress.stage_best:
            progress.stage_best, progress.stage_best_epoch = score, progress.stage_epoch
        if progress.best is None or score > progress.best["score"]:
            progress.best = {"score": score, "epoch": progress.epoch, "stage": stage.number}
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
        if self._best is not None:
            work.model.set_weights(self._best)
        assessed = work.judge.assess(self.evaluator)
        best_epoch = progress.best["epoch"] if progress.best else progress.epoch
        progress.stage_results.append(
            {
                "name": stage.name,
                "epochs": progress.stage_epoch,
                "best_epoch": best_epoch,
                "validation": assessed,
            }
        )
        self.journal.write(
            "stage_ended",
            stage=stage.number,
            stage_name=stage.name,
            epochs=progress.stage_epoch,
            best_epoch=best_epoch,
            stopped_early=progress.stage_epoch < stage.epochs,
            blocks=moves,
            **{f"validation_{name}": assessed[name]["value"] for name in DIRECTIONS if name in assessed},
        )

    def _recalibrate(self) -> None:
        if self.workload.calibration_batches is not None:
            count = recalibrate(self.workload.model, self.workload.calibration_batches())
            self.journal.write("batch_norm_recalibrated", batches=count)

    def _random_states(self) -> list[Any]:
        return [variable for variable in self.workload.model.variables if "seed_generator" in variable.path]

    def _save(self) -> None:
        work = self.workload
        self.progress.journal_bytes = self.journal.length_bytes
        tensors: dict[str, Sequence[np.ndarray]] = {
            "model": work.model.get_weights(),
            "random": [np.asarray(variable) for variable in self._random_states()],
            "optimizer": [np.asarray(variable) for variable in work.optimizer.variables],
        }
        if self._best is not None:
            tensors["best"] = self._best
        save_checkpoint(self.checkpoint_folder, self.progress.epoch, tensors, self.progress.plain())

    def _restore(self) -> bool:
        """Go back to the newest checkpoint; False where there is none yet."""
        path = latest_checkpoint(self.checkpoint_folder)
        if path is None:
            return False
        work = self.workload
        checkpoint = load_checkpoint(path)
        self.progress = TrainingProgress.from_plain(dict(checkpoint.progress))
        work.model.set_weights(list(checkpoint.tensors["model"]))
        for variables, values in (
            (self._random_states(), checkpoint.tensors["random"]),
            (work.optimizer.variables, checkpoint.tensors["optimizer"]),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        best = checkpoint.tensors.get("best")
        self._best = None if best is None else list(best)
        self.journal.cut(self.progress.journal_bytes)
        return True
