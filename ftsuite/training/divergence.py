"""A loss that is lost: what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

from ftsuite.errors import DivergedError

_MOST_NAMED = 5


def diverged(
    stage_name: str, epoch: int, steps: range, loss: float, loss_limit: float, examples: Sequence[str] = ()
) -> DivergedError:
    """The error of a run whose loss is not finite any more, or far above that of a guess.

    Args:
        stage_name: of the stage under way.
        epoch: of all stages, from 1.
        steps: of the epoch, from 1: one, or as many as lie between two looks at the loss; empty where it was told only
            by the end of the epoch.
        loss: the mean of these steps, or of the validation split.
        loss_limit: the highest that is taken for sound.
        examples: ids of the steps' examples.
    """
    batch = f" {'Its batch' if len(steps) == 1 else 'Their batches'} held: {_named(examples)}." if examples else ""
    return DivergedError(
        f"Training diverged in stage {stage_name!r} by {_place(steps)} of epoch {epoch}: the loss must be finite and "
        f"at most {loss_limit:g}. Received: {loss:g}.{batch}",
        "Lower that stage's learning_rate (a tenth is a good start), add warmup, or set "
        "finetune.optimizer.clip_norm to 1.0. Where one batch alone is the cause, look at its examples. "
        "The last good checkpoint is kept.",
        {
            "stage_name": stage_name,
            "epoch": epoch,
            "step": steps[-1] if steps else None,
            "loss": str(loss),
            "examples": list(examples),
        },
    )


def _place(steps: range) -> str:
    if not steps:
        return "the end"
    return f"step {steps[0]}" if len(steps) == 1 else f"steps {steps[0]} to {steps[-1]}"


def _named(examples: Sequence[str]) -> str:
    shown = ", ".join(map(repr, examples[:_MOST_NAMED]))
    more = len(examples) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
