"""Finding the batch size by trying: real training steps of the heaviest stages, after which all is as it was.

On an accelerator memory that runs out is an error of the backend, so the largest part of the global batch comes first
and the first that fits is taken. On a CPU the machine would swap, or kill the process: there sizes rise from small
ones, and each is tried only if what the ones before it held, carried on by the example, leaves half of the free memory;
the other half is for kept activations, validation and other programs.
"""

from __future__ import annotations

import gc
import itertools
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Progress
from ftsuite.config import LoadedConfig
from ftsuite.models.freezing import without_frozen_dropout
from ftsuite.runs.automatic_batch import (
    BatchChoice,
    as_found_before,
    found_before,
    global_batch_size,
    is_automatic,
    with_batches_of,
)
from ftsuite.runs.image_sizes import shipped_size
from ftsuite.runs.memory import PeakMemory, available_memory_bytes
from ftsuite.runs.out_of_memory import is_out_of_memory, message_of, no_memory_left
from ftsuite.runs.prepare import Prepared, prepare, with_config
from ftsuite.runs.workload import classification_workload
from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer
from ftsuite.training.plan import Stage
from ftsuite.training.snapshot import values_kept
from ftsuite.training.validation import predict_logits

_MEMORY_SHARE = 0.5
# Sizes are measured up to this one whatever they hold, and then rise by at most this factor from trial to trial.
_SMALL_BATCH, _LARGEST_RISE = 8, 4
# Where the global batch has too few small parts: no parts of it, tried for what a step of them holds.
_BETWEEN = (2, 4)
# Larger batches hold a little more an example than smaller ones: buffers are rounded up, convolutions take other ways.
_MARGIN = 1.25


def prepare_batches(
    loaded: LoadedConfig, split_path: Path | None, progress: Progress | None = None, folder: Path | None = None
) -> Prepared:
    """`ftsuite.runs.prepare.prepare`, with the batch size found where the config leaves it open.

    Args:
        loaded: the config.
        split_path: as `prepare` takes it.
        progress: told how loading and trying go on.
        folder: of a run, whose config holds what an earlier start found.

    Raises:
        ResourceError: if memory does not hold a batch of one example.
        FtsuiteError: as of `prepare`.
    """
    known = loaded if folder is None else as_found_before(loaded, folder)
    prepared = prepare(known, split_path, progress)
    if not is_automatic(known.config):
        return replace(prepared, batch_choice=None if folder is None else found_before(folder))
    choice = choose_batch_size(prepared, loaded, progress)
    return replace(with_config(prepared, with_batches_of(loaded, choice.batch_size)), batch_choice=choice)


def choose_batch_size(prepared: Prepared, loaded: LoadedConfig, progress: Progress | None = None) -> BatchChoice:
    """The largest part of the global batch with which training steps fit into memory.

    Weights, statistics and seeds are afterwards what they were, to the bit; the optimizers of the trials are dropped.

    Args:
        prepared: the job, with any batch size.
        loaded: its config, with ``auto``.
        progress: told of every trial.
    """
    whole = global_batch_size(loaded.config)
    if not prepared.task.classifies:
        return _choice(whole, whole)
    sizes = parts_of(whole)
    told = itertools.count(1)

    def fits(size: int) -> str:
        """Why a batch size is too large; empty where it is not."""
        if progress is not None:
            progress(f"Trying batches of {size}", min(next(told), len(sizes)), len(sizes))
        try:
            with values_kept(prepared.model.training.variables):
                _train_one_step(with_config(prepared, with_batches_of(loaded, size)))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return message_of(error)
        finally:
            gc.collect()
        return ""

    search = largest_by_errors if prepared.computing.accelerator else largest_by_growth
    size, reason = search(sizes, fits)
    if size is None:
        raise no_memory_left(with_batches_of(loaded, 1).config, reason, prepared.spec.modality)
    return _choice(size, whole, reason)


def parts_of(whole: int) -> list[int]:
    """Divisors of a global batch, falling: itself, then each the largest that is at most half of the one before."""
    divisors = [size for size in range(whole, 0, -1) if whole % size == 0]
    parts = divisors[:1]
    for size in divisors:
        if 2 * size <= parts[-1]:
            parts.append(size)
    return parts


def largest_by_errors(sizes: Sequence[int], fits: Callable[[int], str]) -> tuple[int | None, str]:
    """The first of falling sizes that raises nothing, and why the one before it did not fit."""
    reason = ""
    for size in sizes:
        why = fits(size)
        if not why:
            return size, f"memory ran out with more ({reason})" if reason else ""
        reason = why
    return None, reason


def largest_by_growth(
    sizes: Sequence[int],
    fits: Callable[[int], str],
    available: Callable[[], int] = available_memory_bytes,
    watch: Callable[[], Any] = PeakMemory,
) -> tuple[int | None, str]:
    """The largest of falling sizes whose step, by what smaller ones held, leaves enough of the free memory.

    Where the sizes lie far apart, as those of a prime global batch, others in between are tried, for what they hold.

    Args:
        sizes: falling.
        fits: tries a size, also one that is not of `sizes`; gives why it is too large, or an empty text.
        available: free memory in bytes.
        watch: makes what measures the most memory held, like `PeakMemory`.
    """
    rising = sorted(sizes)
    ahead = [size for size in rising if size <= _SMALL_BATCH][-2:]
    if len(ahead) < 2 and rising[-1] > _SMALL_BATCH:
        ahead = sorted({*ahead, *_BETWEEN})
    best: int | None = None
    reason = ""
    held: list[tuple[int, int]] = []
    while ahead:
        size = ahead.pop(0)
        needed, free = _needed_bytes(held, size), int(available() * _MEMORY_SHARE)
        if needed > free:
            why = f"{size} would take {needed / 2**30:.1f} GiB more, and {free / 2**30:.1f} GiB may be used"
        else:
            with watch() as memory:
                why = fits(size)
            if why:
                why = f"memory ran out with {size} ({why})"
                rising = [other for other in rising if other < size]
        if not why:
            best = size if size in sizes else best
            held.append((size, memory.peak_bytes))
            ahead = ahead or _next(rising, size)
        else:
            reason = why
            ahead = [other for other in rising if (best or 0) < other < size][-1:]
    return best, reason if best != max(sizes) else ""


def _next(rising: Sequence[int], last: int) -> list[int]:
    """The largest size within the largest rise, or else one between that makes this rise; none where none is larger."""
    larger = [size for size in rising if size > last]
    within = [size for size in larger if size <= last * _LARGEST_RISE][-1:]
    return within or ([last * _LARGEST_RISE] if larger else [])


def _needed_bytes(held: Sequence[tuple[int, int]], size: int) -> int:
    """What a size would hold beyond the last one, by the growth between the last two; 0 before there are two."""
    if len(held) < 2:
        return 0
    (one, before), (last, after) = held[-2:]
    return int(max(after - before, 0) / (last - one) * (size - last) * _MARGIN)


def heaviest(stages: Sequence[Stage], blocks: Sequence[Any], usual_pixels: int) -> list[Stage]:
    """The stages than which no other is both as deep and of as large pictures; of equals the one that trains most."""
    names = [block.name for block in blocks]

    def weight(stage: Stage) -> tuple[int, int, int]:
        depth = len(names) - min(names.index(name) for name in stage.trained)
        return depth, stage.image_size or usual_pixels, len(stage.trained)

    found: list[Stage] = []
    for stage in sorted(stages, key=weight, reverse=True):
        if all(weight(stage)[1] > weight(other)[1] for other in found):
            found.append(stage)
    return found


def _train_one_step(prepared: Prepared) -> None:
    """One step of each of the heaviest stages, without kept activations, and one batch as validation has it."""
    prepared = _with_longest(prepared)
    folder = Path(tempfile.mkdtemp(prefix="ftsuite-batch-size-"))
    work = replace(classification_workload(prepared), cache=None)
    try:
        trainer = Trainer(work, Journal(folder / "journal.jsonl"), folder / "checkpoints")
        for stage in heaviest(prepared.stages, prepared.blocks, _usual_pixels(prepared)):
            with without_frozen_dropout(work.model, stage.trained_part(work.blocks), stage.trained):
                trainer.enter(stage)
                trainer.feed.model.fit(trainer.feed.batches(0, 0).take(1), epochs=1, verbose=0, shuffle=False)
            # What was compiled holds an optimizer, with moments of all variables.
            trainer.feed.model.compile()
        validation = prepared.parts["validation"]
        few = validation.take(range(min(len(validation), prepared.pipeline.batch_size)))
        predict_logits(trainer.evaluator, prepared.pipeline, few)
    finally:
        # The next trial adds adapters of its own.
        work.withdraw()
        shutil.rmtree(folder, ignore_errors=True)


def _usual_pixels(prepared: Prepared) -> int:
    """Of training pictures in stages without a size; 1 for texts, whose stages have none."""
    return getattr(prepared.task.options, "train_image_size", None) or shipped_size(prepared.backbone) or 1


def _with_longest(prepared: Prepared) -> Prepared:
    """Of texts the longest ones as training split, one batch: what a batch holds grows with its longest text."""
    if prepared.pipeline.encode is None:
        return prepared
    training = prepared.parts["train"]
    lengths = np.array([len(text) for text in training.inputs])
    longest = np.argsort(-lengths, kind="stable")[: prepared.pipeline.batch_size]
    return replace(prepared, parts={**prepared.parts, "train": training.take(longest)})


def _choice(size: int, whole: int, reason: str = "") -> BatchChoice:
    return BatchChoice(size, whole // size, whole, reason if size < whole else "")
