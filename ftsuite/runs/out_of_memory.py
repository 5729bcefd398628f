"""When memory runs out: smaller batches where that was while the classifier trained, and advice that fits elsewhere.

The second attempt begins anew (`ftsuite.runs.begin_anew`): its batches are others, and no checkpoint of the first one
counts in them. What is averaged for one update stays as many examples, so rates and updates are those of the config.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from ftsuite.config import Config, LoadedConfig
from ftsuite.config.durations import Duration
from ftsuite.config.stage_checks import StageLength
from ftsuite.errors import FtsuiteError, ResourceError

_SAYS_SO = re.compile(r"RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY|OOM when allocating|out of memory", re.IGNORECASE)
_BACKENDS = ("tensorflow", "jax", "jaxlib", "keras", "numpy")
_MOST_TEXT = 300


@dataclass(frozen=True)
class SmallerBatches:
    """What a run changed when its memory ran out.

    Attributes:
        batch_size: from which it went on.
        accumulate_steps: batches of an update, with it.
        batch_size_before: that was too large.
        accumulate_steps_before: with that.
        message: what the backend said, its first line.
    """

    batch_size: int
    accumulate_steps: int
    batch_size_before: int
    accumulate_steps_before: int
    message: str

    @property
    def note(self) -> str:
        """A sentence for the report."""
        return (
            f"Memory ran out with batches of {self.batch_size_before} examples. The run began anew with batches of "
            f"{self.batch_size}, of which {self.accumulate_steps} make one update."
        )


class TrainingMemoryError(Exception):
    """Memory ran out while the classifier trained, so smaller batches may help; raised from the backend's error."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or what caused it, is TensorFlow's, JAX's or Python's word for memory that ran out."""
    # A user's own mistake stays what it is, also where a MemoryError stands behind it.
    return not isinstance(error, FtsuiteError) and any(_is_word_for_it(link) for link in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _is_word_for_it(error: BaseException) -> bool:
    # By name, because neither backend may be there.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    from_backend = type(error).__module__.split(".")[0] in _BACKENDS or isinstance(error, RuntimeError)
    return from_backend and _SAYS_SO.search(str(error)) is not None


@contextmanager
def memory_told(make: Callable[[str], ResourceError], when: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Turn memory that runs out in this block into an error that says what helps here.

    Args:
        make: the error, from what the backend said.
        when: whether the error fits, asked once memory ran out; where not, the backend's goes on.
    """
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error) and when():
            raise make(message_of(error)) from error
        raise


def smaller_batches(config: Config, error: BaseException) -> SmallerBatches | None:
    """Half the batch, or of an odd one the next part that divides it; None for batches of one example."""
    size, accumulated = config.data.batch_size, config.finetune.optimizer.accumulate_steps
    if size == "auto" or size == 1:
        return None
    parts = next((factor for factor in range(2, math.isqrt(size) + 1) if size % factor == 0), size)
    return SmallerBatches(size // parts, accumulated * parts, size, accumulated, message_of(error))


def message_of(error: BaseException) -> str:
    """The first line of what the backend said."""
    told = next(link for link in _causes(error) if _is_word_for_it(link))
    lines = str(told).strip().splitlines() or [type(told).__name__]
    return lines[0][:_MOST_TEXT]


def with_smaller_batches(loaded: LoadedConfig, smaller: SmallerBatches) -> LoadedConfig:
    """The same plan in smaller batches: as many examples to an update, and durations in steps as many times as long."""
    config = loaded.config
    parts = smaller.batch_size_before // smaller.batch_size
    finetune = config.finetune
    stages = tuple(
        stage.model_copy(update={"duration": _longer(stage.duration, parts), "warmup": _longer(stage.warmup, parts)})
        for stage in finetune.stages
    )
    stopping = finetune.early_stopping
    if stopping is not None:
        stopping = stopping.model_copy(update={"patience": _longer(stopping.patience, parts)})
    optimizer = finetune.optimizer.model_copy(update={"accumulate_steps": smaller.accumulate_steps})
    changed = finetune.model_copy(update={"stages": stages, "early_stopping": stopping, "optimizer": optimizer})
    data = config.data.model_copy(update={"batch_size": smaller.batch_size})
    return replace(loaded, config=config.model_copy(update={"data": data, "finetune": changed}))


def _longer(duration: StageLength | None, parts: int) -> StageLength | None:
    # What follows from the number of examples counts examples in any case.
    if not isinstance(duration, Duration) or duration.unit != "steps":
        return duration
    return Duration(duration.amount * Decimal(parts), "steps")


def no_memory_left(config: Config, message: str, modality: str) -> ResourceError:
    """The error of a run whose smaller batches did not fit either, or could not be made smaller."""
    inputs = "options.max_length" if modality == "text" else "options.image_size"
    return ResourceError(
        f"Memory ran out while training with batches of {config.data.batch_size} examples. Received: {message}",
        f"Set a smaller data.batch_size (finetune.optimizer.accumulate_steps keeps the update's size), "
        f"finetune.precision: bfloat16, finetune.gradient_checkpointing: true (transformers) or a smaller {inputs}; or "
        "close other programs. What was written before is kept.",
    )


def no_memory_to_adapt(batch_size: int, max_length: int, message: str) -> ResourceError:
    """The error of adapting an encoder, which has batches of its own."""
    return ResourceError(
        f"Memory ran out while adapting the encoder with batches of {batch_size} sequences of {max_length} tokens. "
        f"Received: {message}",
        "Start a new run with a smaller options.adapt.batch_size or options.adapt.max_length; data.batch_size is the "
        "classifier's alone. Or close other programs, and go on with --resume.",
    )


def no_memory_afterwards(message: str, resume_command: str) -> ResourceError:
    """The error of a run that is trained, and is judged, compared, saved or reported.

    Args:
        message: what the backend said.
        resume_command: goes on with the run.
    """
    return ResourceError(
        f"Memory ran out after training, while the result was judged, compared or saved. Received: {message}",
        f"What was trained is kept. Close other programs and go on with: {resume_command}. "
        "evaluation.baseline: false and evaluation.learning_curve: [] leave comparisons out, and may be set for that.",
    )
