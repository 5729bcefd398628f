"""What the journal and ``metrics.json`` hold of stages and epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ftsuite.models.blocks import Block
from ftsuite.training.input_wait import wait_share
from ftsuite.training.plan import Stage
from ftsuite.training.progress import TrainingProgress


def stage_started(stage: Stage, blocks: Sequence[Block]) -> dict[str, Any]:
    """What a stage will do."""
    return {
        **_name_of(stage),
        "blocks": list(stage.trained),
        "epochs": stage.epochs,
        "steps": stage.total_steps,
        "learning_rate": stage.learning_rate,
        "parameters": stage.parameters(blocks),
        "trainable_share": stage.trainable_share(blocks),
        **_size_of(stage),
    }


def epoch_entry(
    stage: Stage, progress: TrainingProgress, steps: int, examples_per_step: int, figures: Mapping[str, float]
) -> dict[str, Any]:
    """How an epoch went.

    Args:
        stage: under way.
        progress: with the steps of the epoch done, and the epoch not counted yet.
        steps: of the epoch.
        examples_per_step: the batch size.
        figures: on the validation split.
    """
    assert progress.fitted is not None, "set with the last step"
    seconds = progress.epoch_seconds
    rate = stage.learning_rates(progress.stage_first_step)(progress.step + steps - 1)
    tokens, cells, texts, truncated = progress.epoch_tokens
    share = wait_share(progress.epoch_input)
    read = {
        "tokens_per_second": round(tokens / seconds, 1),
        "padding_share": round(1.0 - tokens / max(cells, 1), 4),
        "truncated_share": round(truncated / max(texts, 1), 4),
    }
    return {
        **_name_of(stage),
        "epoch": progress.epoch + 1,
        "stage_epoch": progress.stage_epoch + 1,
        "steps": steps,
        **{f"train_{name}": value for name, value in progress.fitted.items()},
        **{f"validation_{name}": value for name, value in figures.items()},
        "learning_rate": float(rate),
        "seconds": round(seconds, 3),
        "examples_per_second": round(steps * examples_per_step / seconds, 2),
        **(read if cells else {}),
        **({} if share is None else {"input_wait_share": round(share, 3)}),
    }


def stage_result(stage: Stage, progress: TrainingProgress, assessed: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's entry in ``metrics.json``."""
    return {
        "name": stage.name,
        "epochs": progress.stage_epoch,
        "best_epoch": _best_epoch(progress),
        "validation": assessed,
        **_size_of(stage),
    }


def stage_ended(
    stage: Stage,
    progress: TrainingProgress,
    moves: Sequence[Mapping[str, Any]],
    assessed: Mapping[str, Any],
    told: Iterable[str],
) -> dict[str, Any]:
    """How a stage went: its epochs, which blocks moved, and the validation figures of the weights it leaves.

    Args:
        stage: that ended.
        progress: with the stage not ended yet.
        moves: by block.
        assessed: figures on the validation split.
        told: names of those that the journal tells.
    """
    return {
        **_name_of(stage),
        "epochs": progress.stage_epoch,
        "best_epoch": _best_epoch(progress),
        "stopped_early": progress.stage_epoch < stage.epochs,
        "blocks": list(moves),
        **{f"validation_{name}": assessed[name]["value"] for name in told if name in assessed},
    }


def _name_of(stage: Stage) -> dict[str, Any]:
    return {"stage": stage.number, "stage_name": stage.name}


def _best_epoch(progress: TrainingProgress) -> int:
    return progress.best["epoch"] if progress.best else progress.epoch


def _size_of(stage: Stage) -> dict[str, int]:
    """The size of a stage's inputs for who is told of it, where it has one of its own."""
    return {} if stage.image_size is None else {"image_size": stage.image_size}
