"""One run from its config to its finished folder."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ftsuite.api import Progress
from ftsuite.config import LoadedConfig, source_text
from ftsuite.errors import ConfigError, DivergedError, Interrupted
from ftsuite.report import write_report
from ftsuite.runs import folder as folders
from ftsuite.runs.adapt import adapt
from ftsuite.runs.adaptation_texts import require_adaptable
from ftsuite.runs.automatic_batch import is_automatic, write_down
from ftsuite.runs.batch_trial import prepare_batches
from ftsuite.runs.begin import job_name, resume_command
from ftsuite.runs.begin_anew import ASIDE, adapted_journal_bytes, begin_anew, begun_anew
from ftsuite.runs.classifier_training import results_kept, train_classifier
from ftsuite.runs.decoded_pictures import write_pictures
from ftsuite.runs.disk import require_disk
from ftsuite.runs.environment import describe_data, describe_environment
from ftsuite.runs.judgement import judge_classifier
from ftsuite.runs.learning_curve import learning_curve
from ftsuite.runs.lost_inputs import name_lost_inputs
from ftsuite.runs.memory import peak_memory_bytes
from ftsuite.runs.out_of_memory import (
    SmallerBatches,
    TrainingMemoryError,
    is_out_of_memory,
    message_of,
    no_memory_left,
    smaller_batches,
)
from ftsuite.runs.prepare import Prepared
from ftsuite.runs.showcase import show_after, show_before
from ftsuite.runs.target_figures import described
from ftsuite.runs.thumbnails import thumbnails_for
from ftsuite.runs.unadapted import classify_unadapted, metrics_of_adaptation, weights_of
from ftsuite.training.checkpoints import has_progress
from ftsuite.training.journal import Journal, Listener
from ftsuite.training.precision import in_float32, process_settings_kept


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        folder: of the run.
        headline: name of the metric to lead with.
        metrics: the content of ``metrics.json``.
    """

    folder: Path
    headline: str
    metrics: Mapping[str, Any]


def execute(
    loaded: LoadedConfig,
    *,
    folder: Path,
    resume: bool = False,
    listener: Listener | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Train, evaluate and write the run folder.

    Args:
        loaded: the config.
        folder: as `ftsuite.runs.begin` opens it.
        resume: go on from the newest checkpoint, to the result of the uninterrupted run.
        listener: shown every event of the journal, and each step.
        progress: told how loading goes on.

    Raises:
        FtsuiteError: what a user can mend, each with its own class.
    """
    with folders.locked(folder), process_settings_kept():
        if resume and folders.is_finished(folder):
            return _finished(folder)
        journal = Journal(folder / folders.JOURNAL, listener)
        try:
            return _execute(loaded, folder, resume, journal, progress)
        except KeyboardInterrupt as stop:
            if not journal.length_bytes:
                raise Interrupted("Stopped before training began; there is nothing to go on with.") from stop
            journal.write("interrupted")
            raise Interrupted(
                f"Stopped. What was trained so far is kept in {folder}.",
                f"Go on with: {resume_command(folder)}",
            ) from stop
        except DivergedError as error:
            journal.write("diverged", message=error.message, **error.details)
            raise


def _execute(
    loaded: LoadedConfig, folder: Path, resume: bool, journal: Journal, progress: Progress | None
) -> RunResult:
    """Run the job; where its memory runs out while the classifier trains, once more in smaller batches."""
    loaded, change = begun_anew(folder, loaded)
    prepared = prepare_batches(loaded, folder / folders.SPLIT, progress, folder)
    if is_automatic(loaded.config):
        loaded = prepared.loaded
        write_down(loaded, folder)
    resume = _open(prepared, folder, resume, journal, change)
    began = time.perf_counter()
    try:
        metrics = _train_and_judge(prepared, folder, resume, journal, progress)
        with results_kept(folder):
            return _close(metrics, folder, journal, began)
    except TrainingMemoryError as lost:
        smaller = smaller_batches(loaded.config, lost) if change is None else None
        if smaller is None:
            raise no_memory_left(loaded.config, message_of(lost), prepared.spec.modality) from lost
    except Exception as error:
        if is_out_of_memory(error):
            raise no_memory_left(loaded.config, message_of(error), prepared.spec.modality) from error
        name_lost_inputs(prepared.examples, error)
        raise
    # Outside of the handler, and without the model: what the first attempt held must be free for the second.
    del prepared
    gc.collect()
    return _execute(begin_anew(folder, loaded, smaller), folder, False, journal, progress)


def _open(prepared: Prepared, folder: Path, resume: bool, journal: Journal, change: SmallerBatches | None) -> bool:
    """Check that the run can begin or go on, and write what is known of it; returns whether it goes on."""
    require_disk(folder, prepared)
    require_adaptable(prepared)
    environment = _environment(prepared, change)
    resume = resume and has_progress(folder / folders.CHECKPOINTS)
    adapted_bytes = adapted_journal_bytes(folder)
    if resume or adapted_bytes:
        _require_same_start(folder, environment)
    if not resume:
        # A run that was stopped before its first checkpoint begins again, and so does its journal: after adapting,
        # where that was finished.
        journal.cut(adapted_bytes)
        if not journal.length_bytes:
            told = {"config": job_name(prepared.loaded), "task": prepared.spec.name, "counts": prepared.counts}
            journal.write("run_started", **told)
            if prepared.batch_choice is not None:
                journal.write("batch_size", **asdict(prepared.batch_choice))
        if change is not None:
            journal.write("out_of_memory", **asdict(change))
    folders.write_json(folder / folders.ENVIRONMENT, environment)
    journal.tell(describe_plan(prepared))
    return resume


def _close(metrics: dict[str, Any], folder: Path, journal: Journal, began: float) -> RunResult:
    """Write the figures and the report, and remove what only a resumed run needs."""
    folders.write_json(folder / folders.METRICS, metrics)
    journal.write(
        "run_ended",
        seconds=round(time.perf_counter() - began, 1),
        peak_memory_bytes=peak_memory_bytes(),
        headline=metrics["headline"],
        value=metrics["test"][metrics["headline"]],
    )
    write_report(folder, thumbnails=thumbnails_for(folder))
    # Last, and by one rename: until here a stop costs nothing that --resume does not bring back.
    checkpoints = folder / folders.CHECKPOINTS
    old = checkpoints.with_name(".old-checkpoints")
    if checkpoints.exists():
        checkpoints.rename(old)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(folder / ASIDE / folders.CHECKPOINTS, ignore_errors=True)
    return RunResult(folder, metrics["headline"], metrics)


def _train_and_judge(
    prepared: Prepared, folder: Path, resume: bool, journal: Journal, progress: Progress | None
) -> dict[str, Any]:
    """Adapt where the task asks for it, train the classifier, judge it, and save it; returns the metrics."""
    show_before(prepared, folder)
    unadapted_start = weights_of(prepared)
    adaptation = adapt(prepared, folder, journal, resume, progress)
    if not prepared.task.classifies:
        return metrics_of_adaptation(adaptation)
    start = weights_of(prepared)
    write_pictures(prepared.task, prepared.pictures, journal.tell, progress)
    trainer, stages = train_classifier(prepared, folder, journal, resume)
    with results_kept(folder):
        with in_float32(prepared.model.serving):
            metrics, probabilities = judge_classifier(prepared, stages, folder, journal)
            if trainer.interpolation is not None:
                metrics["wise_ft"] = trainer.interpolation
            show_after(prepared, folder)
            _save_model(prepared, folder)
        folders.write_json(folder / folders.METRICS, metrics)
        # Model and figures are kept, so what trains the variables anew for a comparison may begin.
        if adaptation is not None:
            unadapted = classify_unadapted(prepared, unadapted_start, probabilities, folder, resume)
            metrics["adaptation"] = {**adaptation, **({} if unadapted is None else {"unadapted": unadapted})}
        curve = learning_curve(prepared, start, metrics, folder, resume)
        return metrics if curve is None else {**metrics, "learning_curve": curve}


def _require_same_start(folder: Path, environment: Mapping[str, Any]) -> None:
    """Refuse to resume on another backend or from other weights or data: the result would be that of neither."""
    before = folders.read_json(folder / folders.ENVIRONMENT)
    for name, then, now in (
        ("backend", before["backend"], environment["backend"]),
        ("pretrained weights", before["weights"], environment["weights"]),
        ("data", before["data"]["sha256"], environment["data"]["sha256"]),
        ("precision", before.get("precision", "float32"), environment["precision"]),
    ):
        if then != now:
            raise ConfigError(
                f"--resume needs the {name} that the run began with: {then}. Received: {now}.",
                "Bring it back to what it was, or start a new run.",
            )


def describe_plan(prepared: Prepared) -> dict[str, Any]:
    """The plan as an event for a listener: what each stage trains, and how many parameters that is."""
    rows = []
    for stage in prepared.stages:
        rows.append(
            {
                "stage": stage.number,
                "name": stage.name,
                "blocks": list(stage.trained),
                "parameters": stage.parameters(prepared.trained_blocks),
                "trainable_share": stage.trainable_share(prepared.trained_blocks),
                "epochs": stage.epochs,
                "steps": stage.total_steps,
                **({} if stage.image_size is None else {"image_size": stage.image_size}),
                "learning_rate": stage.learning_rate,
                "lowest_learning_rate": stage.learning_rate
                * min(stage.multipliers(prepared.blocks)[name] for name in stage.trained),
            }
        )
    return {
        "event": "plan",
        "backbone": prepared.backbone.name,
        "pretrained": prepared.backbone.pretrained,
        "input": prepared.model.input_summary,
        "headline": prepared.headline,
        "counts": prepared.counts,
        **_outcome(prepared),
        "rendered": prepared.examples.kind == "field-guide",
        "notes": [*prepared.examples.notes, *prepared.computing.notes, *_batch_notes(prepared)],
        "all_blocks": [block.name for block in prepared.blocks],
        "stages": rows,
    }


def _outcome(prepared: Prepared) -> dict[str, Any]:
    """What is answered: one of so many classes, or outputs that the task's own metrics judge."""
    if not prepared.metrics:
        return {"num_classes": len(prepared.examples.class_names)}
    return {"outputs": list(prepared.examples.output_names), "metrics": described(prepared.metrics)}


def _environment(prepared: Prepared, change: SmallerBatches | None) -> dict[str, Any]:
    config, computing = prepared.config, prepared.computing
    weights = {
        "backbone": prepared.backbone.name,
        "pretrained": prepared.backbone.pretrained,
        "fingerprint": prepared.weights_hash,
    }
    data = describe_data(source_text(config.data.source), prepared.examples, prepared.counts, prepared.data_hash)
    described = describe_environment(config.seed, computing.deterministic, weights, data)
    notes = [*computing.notes, *_batch_notes(prepared), *([change.note] if change is not None else [])]
    told: dict[str, Any] = {"notes": notes}
    if prepared.batch_choice is not None:
        told["automatic_batch_size"] = asdict(prepared.batch_choice)
    if change is not None:
        told["out_of_memory"] = asdict(change)
    return {**described, **computing.described(), **told}


def _batch_notes(prepared: Prepared) -> list[str]:
    return [] if prepared.batch_choice is None else [prepared.batch_choice.note]


def _save_model(prepared: Prepared, folder: Path) -> None:
    partial = folder / f".partial-{folders.MODEL}"
    prepared.model.serving.save(partial)
    partial.replace(folder / folders.MODEL)


def _finished(folder: Path) -> RunResult:
    metrics = folders.read_json(folder / folders.METRICS)
    return RunResult(folder, metrics["headline"], metrics)
