"""How far a training run has come: plain data that a checkpoint keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TrainingProgress:
    """Counters and history; everything else of a checkpoint is tensors.

    Attributes:
        stage: number of the stage that is under way, or comes next.
        stage_begun: whether it is under way.
        stage_epoch: epochs of that stage that are done.
        epoch: epochs of all stages that are done; order and augmentation depend on it.
        epoch_step: steps of the epoch under way that are done.
        epoch_seconds: time that these steps took.
        epoch_tokens: what they were shown: tokens, cells, texts, truncated texts.
        epoch_input: what their input took: seconds waited, seconds measured, steps measured.
        fitted: mean loss and metrics of the epoch's steps, where all are done.
        step: optimizer steps of whole epochs that are done.
        stage_first_step: optimizer steps that were done when the stage began.
        hashes_before: block hashes at the stage's beginning.
        best: value, epoch and stage of the best validation figure so far.
        stage_best: the best score within the stage.
        stage_best_epoch: the stage's epoch that gave it.
        stage_results: what finished stages report.
        cached: whether activations are used, by number of the stage, where that was decided.
        checkpoints: how many were written.
        journal_bytes: length of the journal at the checkpoint.
    """

    stage: int = 0
    stage_begun: bool = False
    stage_epoch: int = 0
    epoch: int = 0
    epoch_step: int = 0
    epoch_seconds: float = 0.0
    epoch_tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    epoch_input: list[float] = field(default_factory=lambda: [0.0, 0.0, 0])
    fitted: dict[str, float] | None = None
    step: int = 0
    stage_first_step: int = 0
    hashes_before: list[tuple[str, str]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    stage_best: list[float] | None = None
    stage_best_epoch: int = 0
    stage_results: list[dict[str, Any]] = field(default_factory=list)
    cached: dict[str, bool] = field(default_factory=dict)
    checkpoints: int = 0
    journal_bytes: int = 0

    def begin_stage(self, hashes: list[tuple[str, str]]) -> None:
        """Set the counters of the stage that comes next."""
        self.stage_begun = True
        self.stage_epoch = 0
        self.stage_first_step = self.step
        self.hashes_before = hashes
        self.stage_best = None
        self.stage_best_epoch = 0

    def end_epoch(self, steps: int) -> None:
        """Count an epoch of so many steps as done."""
        self.stage_epoch += 1
        self.epoch += 1
        self.step += steps
        self.epoch_step = 0
        self.epoch_seconds = 0.0
        self.fitted = None
        self.epoch_tokens = [0, 0, 0, 0]
        self.epoch_input = [0.0, 0.0, 0]

    def end_stage(self) -> None:
        """Count the stage as done."""
        self.stage += 1
        self.stage_begun = False

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> TrainingProgress:
        """From JSON; hashes become tuples again."""
        progress = cls(**plain)
        progress.hashes_before = [(old, statistics) for old, statistics in progress.hashes_before]
        return progress
