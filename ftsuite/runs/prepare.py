"""From a config to everything that training needs: task, examples, split, model, blocks and stages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples, Metric, Progress, Task, TaskModel, TaskSpec
from ftsuite.config import Config, ExampleLimits, LoadedConfig, source_names, source_weights
from ftsuite.data.assigned_splits import assigned_splits
from ftsuite.data.duplicates import drop_duplicates
from ftsuite.data.limits import limit_splits
from ftsuite.data.pipeline import Pipeline
from ftsuite.data.sample import sample_examples
from ftsuite.data.source_shares import share_notes, with_source_shares
from ftsuite.data.split_file import matching_splits, write_split
from ftsuite.data.splits import split_notes
from ftsuite.errors import FtsuiteError, PluginError
from ftsuite.models.backbones import LoadedBackbone, load_backbone
from ftsuite.models.blocks import Block
from ftsuite.models.text_backbones import LoadedTextBackbone, load_text_backbone
from ftsuite.optim.optimizers import optimizer_of
from ftsuite.registry import Registry
from ftsuite.runs.audit_notes import audit_notes
from ftsuite.runs.automatic_batch import BatchChoice, global_batch_size, is_automatic, with_batches_of
from ftsuite.runs.computing import Computing, begin_computing
from ftsuite.runs.data_size_notes import data_size_notes
from ftsuite.runs.decoded_pictures import PicturesOnDisk, plan_pictures
from ftsuite.runs.example_checks import refuse_empty, require_classifier, require_kind
from ftsuite.runs.image_sizes import SizedInput, shipped_size, sized_inputs
from ftsuite.runs.imbalance import class_weights_of, imbalance_notes
from ftsuite.runs.job_notes import scratch_notes, unmeasured_notes
from ftsuite.runs.loading import load_of_task
from ftsuite.runs.own_metrics import class_option_notes, headline_of, metrics_of, require_known_metrics, require_targets
from ftsuite.training.adapters import PlannedAdapters, planned_adapters
from ftsuite.training.fingerprints import hash_variables
from ftsuite.training.gradient_checkpointing import recompute
from ftsuite.training.loss_scale import with_loss_scale
from ftsuite.training.plan import Stage, all_blocks, resolve_stages

SPLITS = ("train", "validation", "test")
# Classes are uneven where the largest has more than this many times the examples of the smallest.
UNEVEN_CLASSES = 3
_HASHED_TOGETHER = 65_536


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to train.

    Attributes:
        loaded: the config with the origin of its values.
        spec: of the task.
        task: made for this run.
        examples: all of them.
        parts: the examples of each split.
        backbone: as loaded.
        model: training and serving models.
        blocks: of the training model, head last.
        stages: in order.
        pipeline: from examples to batches.
        weights_hash: of the backbone's weights before training.
        data_hash: of ids, contents, labels and split.
        headline: the metric to lead with.
        computing: what holds while it trains.
        adapters: what LoRA will add for each training; None where the blocks themselves train.
        sized: task and training model of stages with a size of their own, by pixels.
        batch_choice: what stands in place of ``data.batch_size: auto``; None where the config gave a number.
        pictures: decoded pictures that are to be written to the disk before training; None for none.
        metrics: of the task, headline first; empty where it answers with one class of several.
    """

    loaded: LoadedConfig
    spec: TaskSpec
    task: Task
    examples: Examples
    parts: dict[str, Examples]
    backbone: LoadedBackbone | LoadedTextBackbone
    model: TaskModel
    blocks: tuple[Block, ...]
    stages: tuple[Stage, ...]
    pipeline: Pipeline
    weights_hash: str
    data_hash: str
    headline: str
    computing: Computing
    adapters: PlannedAdapters | None = None
    sized: Mapping[int, SizedInput] = field(default_factory=dict)
    batch_choice: BatchChoice | None = None
    pictures: PicturesOnDisk | None = None
    metrics: tuple[Metric, ...] = ()

    @property
    def config(self) -> Config:
        """The config itself."""
        return self.loaded.config

    @property
    def trained_blocks(self) -> tuple[Block, ...]:
        """The blocks as the stages see them: with adapters, where there will be any."""
        return self.blocks if self.adapters is None else self.adapters.blocks

    def new_optimizer(self, *, adapting: bool = False) -> Any:
        """An optimizer as the config asks for it, not built yet.

        Args:
            adapting: for adapting the encoder, whose batches are its own: L2-SP and accumulation are for the stages.
        """
        finetune = self.config.finetune
        if adapting:
            # What memory makes of the classifier's batches must not change the encoder.
            alone = finetune.optimizer.model_copy(update={"accumulate_steps": 1})
            finetune = finetune.model_copy(update={"l2_sp": None, "optimizer": alone})
        optimizer = optimizer_of(finetune)
        return with_loss_scale(optimizer) if self.computing.precision == "float16" else optimizer

    @property
    def batch_norm(self) -> str:
        """The policy that applies: random weights have no statistics worth keeping, so theirs are trained."""
        return self.config.finetune.batch_norm if self.backbone.pretrained else "train"

    @property
    def counts(self) -> dict[str, int]:
        """Examples of each split."""
        return {name: len(part) for name, part in self.parts.items()}


def prepare(loaded: LoadedConfig, split_path: Path | None, progress: Progress | None = None) -> Prepared:
    """Build everything of a job.

    Args:
        loaded: the config; where it leaves the batch size open, the job has batches of all of the global batch
            (`ftsuite.runs.batch_trial.prepare_batches` finds out what fits).
        split_path: ``split.json``: read where it is there already, written where not; None for neither.
        progress: told how loading goes on.

    Raises:
        FtsuiteError: what a user can mend, each with its own class.
    """
    if is_automatic(loaded.config):
        loaded = with_batches_of(loaded, global_batch_size(loaded.config))
    config = loaded.config
    computing = begin_computing(config)
    spec = Registry.discover().spec(config.task)
    options: Any = loaded.options if loaded.options is not None else spec.options()
    task = spec.create(options, config.seed)
    with plugin_errors(spec.name, "metrics"):
        metrics = metrics_of(task, spec)
    require_known_metrics(loaded, metrics)
    class_notes = class_option_notes(loaded, metrics)
    if metrics and task.showcase():
        class_notes = (*class_notes, "The task's showcase is left out: it shows classes, and this task has none.")
    with plugin_errors(spec.name, "load"):
        examples = load_of_task(task, config.data, progress)
    require_kind(spec, examples, config)
    require_targets(examples, metrics, spec)
    require_classifier(task, config)
    examples, splits = _splits(examples, config, split_path)
    parts = {name: examples.take(np.flatnonzero(splits == name)) for name in SPLITS}
    refuse_empty(parts, config)
    parts["train"] = with_source_shares(parts["train"], source_weights(config.data.source))
    with plugin_errors(spec.name, "fit_preprocessing"):
        task.fit_preprocessing(parts["train"])
    backbone = _backbone(spec, config, options, progress)
    told = (*split_notes(examples, splits), *audit_notes(examples, splits), *imbalance_notes(config, parts["train"]))
    notes = (*loaded.notes, *class_notes, *examples.notes, *told, *scratch_notes(config, backbone))
    notes = (*notes, *data_size_notes(config, options, parts["train"]), *_share_notes(config, parts["train"]))
    with plugin_errors(spec.name, "build"):
        model = task.build(backbone, examples.output_names, config.head.dropout)
    if config.finetune.gradient_checkpointing:
        computing = replace(computing, recomputed=recompute(model.training))
    blocks = all_blocks(model.training, backbone.blocks)
    adapters = _adapters(config, backbone, blocks) if task.classifies else None
    pictures, picture_notes = plan_pictures(task, parts, config)
    more_notes = (*unmeasured_notes(spec, config, len(parts["train"])), *(adapters.notes if adapters else ()))
    more_notes = (*more_notes, *picture_notes)
    examples = replace(examples, notes=(*notes, *more_notes))
    pipeline = _pipeline(task, parts["train"], config)
    stages = _stages(config, blocks, adapters, pipeline, parts["train"], backbone)
    sized = sized_inputs(spec.name, task, model, backbone, stages)
    weights_hash = hash_variables(backbone.model.weights)
    return Prepared(
        loaded, spec, task, examples, parts, backbone, model, blocks, stages, pipeline, weights_hash,
        _data_hash(examples, splits, source_weights(config.data.source)),
        _headline(spec, loaded, metrics, parts["train"]),
        computing, adapters, sized, pictures=pictures, metrics=metrics,
    )  # fmt: skip


def with_training_subset(prepared: Prepared, count: int) -> Prepared:
    """The same job with at most `count` of its training examples, each class by its share, and its plan to fit."""
    config, training = prepared.config, prepared.parts["train"]
    whole = np.full(len(training), "train", dtype="<U10")
    fewer, _ = limit_splits(training, whole, ExampleLimits(train=count), config.seed)
    fewer = with_source_shares(fewer, source_weights(config.data.source))
    pipeline = _pipeline(prepared.task, fewer, config)
    stages = _stages(config, prepared.blocks, prepared.adapters, pipeline, fewer, prepared.backbone)
    return replace(prepared, parts={**prepared.parts, "train": fewer}, pipeline=pipeline, stages=stages)


def with_config(prepared: Prepared, loaded: LoadedConfig) -> Prepared:
    """The same job by a config that differs in its batches and durations only."""
    training = prepared.parts["train"]
    pipeline = _pipeline(prepared.task, training, loaded.config)
    stages = _stages(loaded.config, prepared.blocks, prepared.adapters, pipeline, training, prepared.backbone)
    return replace(prepared, loaded=loaded, pipeline=pipeline, stages=stages)


def curve_counts(prepared: Prepared) -> list[int]:
    """Numbers of training examples that ``evaluation.learning_curve`` asks to train with as well, rising."""
    everything = len(prepared.parts["train"])
    return sorted({count for count in prepared.config.evaluation.learning_curve if count < everything})


def _adapters(
    config: Config, backbone: LoadedBackbone | LoadedTextBackbone, blocks: tuple[Block, ...]
) -> PlannedAdapters | None:
    lora = config.finetune.lora
    return None if lora is None else planned_adapters(backbone.model, blocks, lora, config.seed)


def _stages(
    config: Config,
    blocks: tuple[Block, ...],
    adapters: PlannedAdapters | None,
    pipeline: Pipeline,
    training: Examples,
    backbone: LoadedBackbone | LoadedTextBackbone,
) -> tuple[Stage, ...]:
    return resolve_stages(
        config.finetune,
        blocks if adapters is None else adapters.blocks,
        pipeline.steps_per_epoch(training),
        len(training),
        pipeline.batch_size,
        adapter_paths=None if adapters is None else adapters.trained_paths,
        image_size=shipped_size(backbone),
    )


def _backbone(
    spec: TaskSpec, config: Config, options: Any, progress: Progress | None
) -> LoadedBackbone | LoadedTextBackbone:
    name, pretrained = config.backbone.name, config.backbone.weights == "pretrained"
    if spec.modality == "text":
        return load_text_backbone(name, pretrained=pretrained, progress=progress)
    size = getattr(options, "image_size", None)
    return load_backbone(name, pretrained=pretrained, image_size=size, progress=progress)


def _headline(spec: TaskSpec, loaded: LoadedConfig, metrics: Sequence[Metric], training: Examples) -> str:
    """The metric to lead with: the config's, else the task's; accuracy says little where classes are uneven."""
    if metrics:
        return headline_of(spec, loaded, metrics)
    wanted = loaded.config.evaluation.headline or spec.headline
    if wanted != "auto":
        return wanted
    counts = np.bincount(training.labels, minlength=len(training.class_names))
    return "macro_f1" if counts.max() > UNEVEN_CLASSES * max(counts.min(), 1) else "accuracy"


def _splits(examples: Examples, config: Config, path: Path | None) -> tuple[Examples, np.ndarray]:
    """Which examples are used, and the split of each; as `path` recorded it, where it is there already."""
    if config.data.duplicates == "drop":
        examples = drop_duplicates(examples)
    examples = sample_examples(examples, config.data.sample, config.seed)
    examples, splits, facts = assigned_splits(examples, config.data, config.seed)
    examples, splits = limit_splits(examples, splits, config.data.limit, config.seed)
    if path is not None and path.exists():
        return examples, matching_splits(path, examples)
    if path is not None:
        write_split(path, examples, splits, facts)
    return examples, splits


def used_splits(examples: Examples, config: Config) -> tuple[Examples, np.ndarray]:
    """Which examples a run uses, and the split ``(n,)`` of each, for whoever trains nothing."""
    return _splits(examples, config, None)


@contextmanager
def plugin_errors(task_name: str, method: str) -> Iterator[None]:
    """Say that it was a plugin that failed, and in which method, where it raises what no user could mend."""
    try:
        yield
    except (FtsuiteError, OSError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"The task {task_name!r} failed in its method {method!r}: {type(error).__name__}: {error}",
            "Mend the plugin, or report this to its author.",
        ) from error


def _pipeline(task: Task, training: Examples, config: Config) -> Pipeline:
    num_classes = len(training.output_names)
    assert config.data.batch_size != "auto", "in numbers since the job is prepared"
    return Pipeline(
        preprocess=task.preprocess,
        mix=task.augment_batch,
        num_classes=num_classes,
        batch_size=config.data.batch_size,
        seed=config.seed,
        class_weights=None if training.targets is not None else class_weights_of(config, training),
        encode=task.encode if type(task).encode is not Task.encode else None,
        sampling=config.data.sampling,
        preprocess_batch=task.preprocess_batch,
    )


def _share_notes(config: Config, training: Examples) -> tuple[str, ...]:
    source = config.data.source
    return share_notes(training, source_names(source), source_weights(source))


def _data_hash(examples: Examples, splits: np.ndarray, weights: Sequence[float] | None) -> str:
    digest = hashlib.sha256("\0".join(examples.class_names).encode())
    if weights is not None:
        digest.update(f"\0weights {weights}".encode())
    # As plain numbers and texts a block at a time: one by one a million of NumPy's take seconds.
    for start in range(0, len(examples), _HASHED_TOGETHER):
        block = slice(start, start + _HASHED_TOGETHER)
        labels, sides = examples.labels[block].tolist(), splits[block].tolist()
        for row in zip(examples.ids[block], examples.content_hashes[block], labels, sides, strict=True):
            digest.update("\0".join(map(str, row)).encode() + b"\n")
    if examples.targets is not None:
        digest.update("\0".join(("targets", *examples.target_names)).encode())
        digest.update(np.ascontiguousarray(examples.targets, "<f4").tobytes())
    return digest.hexdigest()
