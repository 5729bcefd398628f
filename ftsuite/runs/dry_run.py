"""A dry run: build everything, train two steps of each stage, and say what the whole will cost."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftsuite.api import Progress
from ftsuite.config import Duration, LoadedConfig
from ftsuite.models.interpolation import SHARES
from ftsuite.runs.batch_trial import prepare_batches
from ftsuite.runs.disk import disk_bytes
from ftsuite.runs.execute import describe_plan
from ftsuite.runs.lost_inputs import named_inputs
from ftsuite.runs.memory import peak_memory_bytes
from ftsuite.runs.prepare import Prepared, curve_counts
from ftsuite.runs.workload import classification_workload
from ftsuite.training.journal import Journal, Listener
from ftsuite.training.loop import Trainer
from ftsuite.training.plan import Stage
from ftsuite.training.precision import process_settings_kept
from ftsuite.training.sized_feeds import SizedFeeds
from ftsuite.training.validation import predict_logits
from ftsuite.training.workload import Feed, Workload

_TIMED_STEPS = 2


@process_settings_kept()
def dry_run(
    loaded: LoadedConfig, *, listener: Listener | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Measure a job without running it; nothing is left behind.

    Returns:
        The plan with, for each stage, ``first_step_seconds`` (tracing included), ``examples_per_second`` and
        ``expected_seconds`` as if nothing were kept, ``keeps_activations`` (whether it will train on kept ones, for
        which there is room now, and so take less), and for the whole ``expected_seconds``, ``peak_memory_bytes`` (of
        this dry run so far) and ``disk_bytes`` (the run folder at its largest, checkpoints included); ``adapts``:
        whether adapting an encoder comes on top, whose time is not measured.
    """
    prepared = prepare_batches(loaded, None, progress)
    plan = describe_plan(prepared)
    if listener is not None:
        listener(plan)
    folder = Path(tempfile.mkdtemp(prefix="ftsuite-dry-run-"))
    try:
        # Without kept activations: computing them is most of what a stage that uses them costs.
        workload = classification_workload(prepared)
        trainer = Trainer(replace(workload, cache=None), Journal(folder / "journal.jsonl"), folder / "checkpoints")
        with named_inputs(prepared.examples):
            validation_seconds = _validation_seconds(prepared, trainer)
            kept = _stages_that_keep(workload, trainer.feed)
            timings = [_time_stage(trainer, stage, validation_seconds) for stage in prepared.stages]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = zip(plan["stages"], timings, kept, strict=True)
    stages = [{**row, **timing, "keeps_activations": keeps} for row, timing, keeps in rows]
    test_share = len(prepared.parts["test"]) / max(len(prepared.parts["validation"]), 1)
    training = sum(timing["expected_seconds"] for timing in timings)
    if prepared.config.finetune.wise_ft is not None:
        training += len(SHARES) * validation_seconds
    expected = training * _trainings(prepared) + validation_seconds * (test_share + 1) * prepared.task.classifies
    return {
        **plan,
        "event": "dry_run",
        "stages": stages,
        "expected_seconds": round(expected, 1),
        "adapts": prepared.task.adaptation() is not None,
        "peak_memory_bytes": peak_memory_bytes(),
        "disk_bytes": disk_bytes(prepared),
    }


def _trainings(prepared: Prepared) -> float:
    """How often the plan is trained: for the run itself, for what adapting is worth, and for the learning curve."""
    if not prepared.task.classifies:
        return 0.0
    adaptation = prepared.task.adaptation()
    compared = adaptation is not None and adaptation.compare
    return 1.0 + compared + sum(_share_of_plan(prepared, count) for count in curve_counts(prepared))


def _share_of_plan(prepared: Prepared, count: int) -> float:
    """How much of the plan's time it takes with so many examples: epochs are shorter then, and steps as many."""
    rows = list(zip(prepared.config.finetune.stages, prepared.stages, strict=True))
    in_epochs = sum(
        stage.total_steps
        for wanted, stage in rows
        if isinstance(wanted.duration, Duration) and wanted.duration.unit == "epochs"
    )
    total = sum(stage.total_steps for _, stage in rows)
    return (total - in_epochs + in_epochs * count / len(prepared.parts["train"])) / total


def _stages_that_keep(workload: Workload, whole: Feed) -> list[bool]:
    """Which stages will train on kept activations, by what a first batch and the room there is now tell."""
    feeds = SizedFeeds(workload, whole)

    def keeps(stage: Stage) -> bool:
        own, cache = feeds.of(stage)
        return cache is not None and cache.is_worthwhile(stage) and cache.refusal(stage, own) is None

    return [keeps(stage) for stage in workload.stages]


def _validation_seconds(prepared: Prepared, trainer: Trainer) -> float:
    """Time of one validation, by one that has been traced already."""
    pipeline, validation = prepared.pipeline, prepared.parts["validation"]
    few = validation.take(range(min(len(validation), 2 * pipeline.batch_size)))
    predict_logits(trainer.evaluator, pipeline, few)
    began = time.perf_counter()
    predict_logits(trainer.evaluator, pipeline, few)
    return (time.perf_counter() - began) * len(validation) / len(few)


def _time_stage(trainer: Trainer, stage: Stage, validation_seconds: float) -> dict[str, float]:
    trainer.enter(stage)
    moments: list[float] = [time.perf_counter()]
    # One more step than is timed: the first one traces.
    trainer.fit_epoch(
        stage, min(_TIMED_STEPS + 1, stage.steps_per_epoch), lambda _: moments.append(time.perf_counter())
    )
    steps = moments[2:] or moments[1:]
    step_seconds = (steps[-1] - moments[1]) / (len(steps)) if len(moments) > 2 else moments[1] - moments[0]
    first = moments[1] - moments[0]
    return {
        "first_step_seconds": round(first, 2),
        "examples_per_second": round(trainer.workload.examples_per_step / step_seconds, 1),
        "expected_seconds": round(first + step_seconds * stage.total_steps + validation_seconds * stage.epochs, 1),
    }
