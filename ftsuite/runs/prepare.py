"""From a config to everything that training needs: task, examples, split, model, blocks and stages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ftsuite.api import Examples, Progress, Task, TaskModel, TaskSpec
from ftsuite.config import Config, LoadedConfig
from ftsuite.data.pipeline import Pipeline, balanced_class_weights
from ftsuite.data.split_file import read_split, write_split
from ftsuite.data.splits import split_examples, split_notes
from ftsuite.errors import ArtifactError, DataError, FtsuiteError, PluginError
from ftsuite.models.backbones import LoadedBackbone, load_backbone
from ftsuite.models.blocks import Block
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.registry import Registry
from ftsuite.training.fingerprints import hash_variables
from ftsuite.training.plan import Stage, all_blocks, resolve_stages
from ftsuite.training.seeds import seed_everything

SPLITS = ("train", "validation", "test")


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
    """

    loaded: LoadedConfig
    spec: TaskSpec
    task: Task
    examples: Examples
    parts: dict[str, Examples]
    backbone: LoadedBackbone
    model: TaskModel
    blocks: tuple[Block, ...]
    stages: tuple[Stage, ...]
    pipeline: Pipeline
    weights_hash: str
    data_hash: str

    @property
    def config(self) -> Config:
        """The config itself."""
        return self.loaded.config

    def new_optimizer(self) -> Any:
        """An optimizer as the config asks for it, not built yet."""
        wanted = self.config.finetune.optimizer
        return make_optimizer(wanted.name, wanted.beta_1, wanted.beta_2, wanted.clip_norm)

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
        loaded: the config.
        split_path: ``split.json``: read where it is there already, written where not; None for neither.
        progress: told how loading goes on.

    Raises:
        FtsuiteError: what a user can mend, each with its own class.
    """
    config = loaded.config
    # Keras numbers the layers that it names itself through the life of a process, and the names are saved.
    keras.utils.clear_session(free_memory=False)
    seed_everything(config.seed, config.deterministic)
    spec = Registry.discover().spec(config.task)
    options: Any = loaded.options if loaded.options is not None else spec.options()
    task = spec.create(options, config.seed)
    with plugin_errors(spec.name, "load"):
        examples = task.load(config.data, progress)
    splits = _splits(examples, config, split_path)
    notes = (*loaded.notes, *examples.notes, *split_notes(examples, splits), *_scratch_notes(config))
    examples = replace(examples, notes=notes)
    parts = {name: examples.take(np.flatnonzero(splits == name)) for name in SPLITS}
    _refuse_empty(parts, config)
    with plugin_errors(spec.name, "fit_preprocessing"):
        task.fit_preprocessing(parts["train"])
    backbone = load_backbone(
        config.backbone.name,
        pretrained=config.backbone.weights == "pretrained",
        image_size=getattr(options, "image_size", None),
        progress=progress,
    )
    with plugin_errors(spec.name, "build"):
        model = task.build(backbone, examples.class_names, config.head.dropout)
    blocks = all_blocks(model.training, backbone.blocks)
    pipeline = _pipeline(task, parts["train"], config)
    stages = resolve_stages(config.finetune, blocks, pipeline.steps_per_epoch(parts["train"]))
    weights_hash = hash_variables(backbone.model.weights)
    return Prepared(
        loaded, spec, task, examples, parts, backbone, model, blocks, stages, pipeline, weights_hash,
        _data_hash(examples, splits),
    )  # fmt: skip


def _splits(examples: Examples, config: Config, path: Path | None) -> np.ndarray:
    if path is not None and path.exists():
        recorded = read_split(path)
        if recorded.ids != examples.ids or recorded.content_hashes != examples.content_hashes:
            raise ArtifactError(
                f"The data has changed since this run began: {path} lists {len(recorded.ids)} examples, and the source "
                f"now gives {len(examples)}, or others.",
                "Bring the data back to what it was, or start a new run.",
            )
        return recorded.splits
    splits = split_examples(
        examples,
        validation_fraction=config.data.validation_fraction,
        test_fraction=config.data.test_fraction,
        seed=config.seed,
    )
    if path is not None:
        write_split(path, examples, splits)
    return splits


def _scratch_notes(config: Config) -> tuple[str, ...]:
    if config.backbone.weights == "pretrained" or config.finetune.batch_norm == "train":
        return ()
    return (
        f"The weights are random, so finetune.batch_norm: {config.finetune.batch_norm} has no statistics to start "
        "from; they are trained.",
    )


@contextmanager
def plugin_errors(task_name: str, method: str) -> Iterator[None]:
    """Say that it was a plugin that failed, and in which method, where it raises what no user could mend."""
    try:
        yield
    except (FtsuiteError, OSError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(
            f"The task {task_name!r} failed in its method {method!r}: {type(error).__name__}: {error}",
            "Mend the plugin, or report this to its author.",
        ) from error


def _refuse_empty(parts: dict[str, Examples], config: Config) -> None:
    for name, part in parts.items():
        if len(part) == 0:
            raise DataError(
                f"The {name} split of {config.data.source} must hold at least one example. Received: 0.",
                "Add examples, or change data.validation_fraction or data.test_fraction.",
            )


def _pipeline(task: Task, training: Examples, config: Config) -> Pipeline:
    num_classes = len(training.class_names)
    balanced = config.finetune.class_weights == "balanced"
    return Pipeline(
        preprocess=task.preprocess,
        mix=task.augment_batch,
        num_classes=num_classes,
        batch_size=config.data.batch_size,
        seed=config.seed,
        class_weights=balanced_class_weights(training.labels, num_classes) if balanced else None,
    )


def _data_hash(examples: Examples, splits: np.ndarray) -> str:
    digest = hashlib.sha256("\0".join(examples.class_names).encode())
    for row in zip(examples.ids, examples.content_hashes, examples.labels, splits, strict=True):
        digest.update("\0".join(map(str, row)).encode() + b"\n")
    return digest.hexdigest()
