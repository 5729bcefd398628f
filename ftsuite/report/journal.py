"""What the journal tells: the epochs and the stages of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftsuite.report.files import as_object, read_text, torn

_VALIDATION = "validation_"


@dataclass(frozen=True)
class Epoch:
    """One epoch; a figure that was not recorded is NaN.

    Attributes:
        stage: index of the stage, from 0.
        epoch: number within the run, from 1.
        train_loss: mean training loss, with whatever smoothing and augmentation the plan asks for.
        train_accuracy: share of training examples named rightly, as augmented.
        validation_log_loss: on the validation split, without smoothing.
        validation_accuracy: share of the validation split named rightly.
        learning_rate: at the end of the epoch.
        seconds: wall time.
        tokens_per_second: of training batches, padding left out; of texts only, like the next two.
        padding_share: share of the tokens of training batches that are padding.
        truncated_share: share of training texts that are longer than the model reads.
        input_wait_share: share of the time of steps in which nothing was done but wait for the next batch.
        validation: every figure on the validation split by name: ``loss``, and the metrics of a task with targets.
    """

    stage: int
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_log_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    tokens_per_second: float = math.nan
    padding_share: float = math.nan
    truncated_share: float = math.nan
    input_wait_share: float = math.nan
    validation: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """A group of weights and whether it moved in a stage, by the hash of its bytes before and after."""

    name: str
    before: str
    after: str
    moved: bool
    expected: bool
    statistics_moved: bool


@dataclass(frozen=True)
class StageEnd:
    """How a stage ended."""

    stage: int
    name: str
    best_epoch: int | None
    stopped_early: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Journal:
    """A run's epochs in order, its ended stages by index, and how it began and ended.

    Attributes:
        epochs: in order.
        ends: the last `stage_ended` of each stage.
        started: the first `run_started` event, empty if there is none.
        ended: the last `run_ended` event, empty if there is none.
        shares: of each stage the share of the weights that it trains, where the journal tells it.
    """

    epochs: tuple[Epoch, ...]
    ends: dict[int, StageEnd]
    started: dict[str, Any]
    ended: dict[str, Any]
    shares: Mapping[int, float] = field(default_factory=dict)

    def of_stage(self, stage: int) -> tuple[Epoch, ...]:
        """Return the epochs of one stage in order."""
        return tuple(epoch for epoch in self.epochs if epoch.stage == stage)


def read_journal(path: Path) -> Journal:
    """Read journal.jsonl. Of an epoch that a resumed run repeats, the last line counts.

    Events with a ``phase`` are of what comes before the plan's stages, such as adapting, and are left out.

    Raises:
        ArtifactError: the file is missing, or a line is not what it should be.
    """
    epochs: dict[tuple[int, int], Epoch] = {}
    ends: dict[int, StageEnd] = {}
    started: dict[str, Any] = {}
    ended: dict[str, Any] = {}
    shares: dict[int, float] = {}
    for number, event in _events(path):
        try:
            kind = None if "phase" in event else event.get("event")
            if kind == "epoch":
                epoch = _epoch(event)
                epochs[epoch.stage, epoch.epoch] = epoch
            elif kind == "stage_ended":
                end = _stage_end(event)
                ends[end.stage] = end
            elif kind == "stage_started" and "trainable_share" in event:
                shares[int(event["stage"])] = float(event["trainable_share"])
            elif kind == "run_started":
                started = started or event
            elif kind == "run_ended":
                ended = event
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise torn(path, f"a whole event at line {number}", f"{type(error).__name__} {error}") from error
    return Journal(tuple(epochs[key] for key in sorted(epochs)), ends, started, ended, shares)


def _events(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                raise torn(path, f"JSON at line {number}", error.msg) from error
            yield number, as_object(value, path, f"an object at line {number}")


def _epoch(event: dict[str, Any]) -> Epoch:
    def number(key: str) -> float:
        value = event.get(key)
        return math.nan if value is None else float(value)

    return Epoch(
        stage=int(event["stage"]),
        epoch=int(event["epoch"]),
        train_loss=number("train_loss"),
        train_accuracy=number("train_accuracy"),
        validation_log_loss=number("validation_log_loss"),
        validation_accuracy=number("validation_accuracy"),
        learning_rate=number("learning_rate"),
        seconds=number("seconds"),
        tokens_per_second=number("tokens_per_second"),
        padding_share=number("padding_share"),
        truncated_share=number("truncated_share"),
        input_wait_share=number("input_wait_share"),
        validation={
            key.removeprefix(_VALIDATION): float(value)
            for key, value in event.items()
            if key.startswith(_VALIDATION) and isinstance(value, int | float)
        },
    )


def _stage_end(event: dict[str, Any]) -> StageEnd:
    best = event.get("best_epoch")
    return StageEnd(
        stage=int(event["stage"]),
        name=str(event.get("stage_name", event["stage"])),
        best_epoch=None if best is None else int(best),
        stopped_early=bool(event.get("stopped_early", False)),
        blocks=tuple(
            Block(
                name=str(block["name"]),
                before=str(block.get("before", "")),
                after=str(block.get("after", "")),
                moved=bool(block["moved"]),
                expected=bool(block["expected"]),
                statistics_moved=bool(block.get("statistics_moved", False)),
            )
            for block in event.get("blocks", ())
        ),
    )
