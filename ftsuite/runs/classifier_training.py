"""Training the classifier of a run, and telling where its memory ran out: while it trained, or behind that."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ftsuite.runs import folder as folders
from ftsuite.runs.begin import resume_command
from ftsuite.runs.out_of_memory import TrainingMemoryError, is_out_of_memory, memory_told, no_memory_afterwards
from ftsuite.runs.prepare import Prepared
from ftsuite.runs.workload import make_trainer
from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer


def train_classifier(
    prepared: Prepared, folder: Path, journal: Journal, resume: bool
) -> tuple[Trainer, list[dict[str, Any]]]:
    """Train all stages; returns the trainer and what each stage reports.

    Raises:
        TrainingMemoryError: if memory ran out before the last stage was through.
        ResourceError: if it ran out behind that, where a checkpoint keeps all that was trained.
    """
    trainer = None
    try:
        trainer = make_trainer(prepared, journal, folder / folders.CHECKPOINTS)
        with results_kept(folder, trainer):
            return trainer, trainer.run(resume)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingMemoryError from error


def results_kept(folder: Path, trainer: Trainer | None = None) -> AbstractContextManager[None]:
    """Tell of memory that runs out behind training as what it is: nothing is lost, and nothing is to be trained anew.

    Args:
        folder: of the run.
        trainer: that may be training still, which changes nothing; None for what comes behind it.
    """
    return memory_told(
        lambda message: no_memory_afterwards(message, resume_command(folder)),
        when=lambda: trainer is None or trainer.progress.stage == len(trainer.workload.stages),
    )
