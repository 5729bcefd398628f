"""Features of examples by the frozen pretrained backbone of a config, for the checks of an audit that work on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.api import Examples, Progress, Task, TaskSpec
from ftsuite.assets import home
from ftsuite.config import Config, LoadedConfig
from ftsuite.data.audit_errors import data_errors
from ftsuite.data.pipeline import Pipeline
from ftsuite.data.splits import split_examples
from ftsuite.errors import ArtifactError
from ftsuite.models.backbones import LoadedBackbone, load_backbone
from ftsuite.models.example_features import FeatureExtractor, feature_extractor
from ftsuite.models.text_backbones import LoadedTextBackbone, load_text_backbone
from ftsuite.registry import Registry
from ftsuite.runs.activation_identity import activation_identity
from ftsuite.runs.computing import begin_computing
from ftsuite.runs.example_checks import require_kind
from ftsuite.runs.kept_features import KeptFeatures
from ftsuite.runs.prepare import plugin_errors
from ftsuite.runs.workload import activations_limit_bytes
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.keys import architecture_hash, hash_texts
from ftsuite.training.fingerprints import hash_variables
from ftsuite.training.precision import process_settings_kept
from ftsuite.training.seeds import uses_xla

LABEL = "features"
_BATCH_EXAMPLES = 64


@dataclass(frozen=True)
class _Job:
    """What `activation_identity` asks of a job."""

    spec: TaskSpec
    config: Config
    examples: Examples
    backbone: LoadedBackbone | LoadedTextBackbone
    data_hash: str


@process_settings_kept()
def audit_features(
    loaded: LoadedConfig,
    examples: Examples,
    progress: Progress | None = None,
    *,
    tell: Callable[[str], None] | None = None,
) -> np.ndarray:
    """Features of all examples, as the config's backbone with its pretrained weights sees them, without augmentation.

    Of the config only its task, options, backbone and seed take part; it need not be one that can be trained with. What
    was computed once is read from the cache (``activations`` in it, within ``FTSUITE_ACTIVATIONS_GIB``), by content: an
    audit after some examples came, went or changed their labels computes what is new. A stopped one goes on where the
    last part of two thousand examples ended.

    Args:
        loaded: the config.
        examples: of its source; any number of classes and examples.
        progress: told (`LABEL`, different contents done, in all).
        tell: told in a sentence why features could not be kept.

    Returns:
        ``(n, d)`` float32, finite; mapped from a file where it would take too much of the memory.

    Raises:
        FtsuiteError: what a user can mend: ResourceError where the weights are neither here nor to be had, ConfigError
            for an unknown backbone or data of another kind, DataError for a file that went bad meanwhile, ArtifactError
            where the backbone gives numbers that are not finite.
    """
    config = loaded.config
    begin_computing(config)
    spec = Registry.discover().spec(config.task)
    options: Any = loaded.options if loaded.options is not None else spec.options()
    require_kind(spec, examples, config)
    task = spec.create(options, config.seed)
    fitted = _fit(task, spec, config, examples)
    backbone = _pretrained(spec, config, options, progress)
    with plugin_errors(spec.name, "build"):
        model = task.build(backbone, examples.output_names, 0.0)
    extractor = feature_extractor(model, backbone)
    extractor.network.compile(jit_compile=uses_xla())
    folder = ActivationFolder(home() / "activations", activations_limit_bytes(), tell=tell or _silent)
    job = _Job(spec, config, examples, backbone, fitted)
    kept = KeptFeatures(folder, _identity(job, task, extractor), extractor.width, tell=tell or _silent)
    pipeline = _pipeline(task, examples, config)

    def compute(positions: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return _batches(pipeline, extractor, examples, positions)

    def on_done(done: int, total: int) -> None:
        if progress is not None:
            progress(LABEL, done, total)

    with data_errors(examples):
        return kept.of(examples, compute, on_done)


def _batches(
    pipeline: Pipeline, extractor: FeatureExtractor, examples: Examples, positions: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions and features of batches, the longest texts first."""
    batches, arrived = pipeline.fixed_batches(examples.take(positions)), 0
    for inputs in batches.dataset.as_numpy_iterator():
        features = extractor(inputs)
        rows = np.arange(arrived, arrived + len(features))
        mine = positions[rows if batches.noted is None else batches.noted.examples[rows]]
        if not np.isfinite(features).all():
            bad = mine[~np.isfinite(features).all(axis=1)]
            raise ArtifactError(
                "The backbone should make finite numbers of every example. "
                f"Received: others of {', '.join(examples.ids[at] for at in bad[:5])}.",
                "Set finetune.precision to float32, or take another backbone.",
            )
        arrived += len(features)
        yield mine, features


def _fit(task: Task, spec: TaskSpec, config: Config, examples: Examples) -> str:
    """Fit preprocessing that learns from data to the training split; gives a hash of what it may have learnt from."""
    if type(task).fit_preprocessing is Task.fit_preprocessing:
        return ""
    splits = split_examples(
        examples,
        validation_fraction=config.data.validation_fraction,
        test_fraction=config.data.test_fraction,
        seed=config.seed,
    )
    training = examples.take(np.flatnonzero(splits == "train"))
    with plugin_errors(spec.name, "fit_preprocessing"):
        task.fit_preprocessing(training)
    asked = [] if training.targets is None else map(str, training.targets.tolist())
    return hash_texts([*training.content_hashes, *map(str, training.labels), *asked])


def _pretrained(
    spec: TaskSpec, config: Config, options: Any, progress: Progress | None
) -> LoadedBackbone | LoadedTextBackbone:
    """The backbone with its weights, even where the config would train from random ones: those see nothing yet."""
    if spec.modality == "text":
        return load_text_backbone(config.backbone.name, pretrained=True, progress=progress)
    size = getattr(options, "image_size", None)
    return load_backbone(config.backbone.name, pretrained=True, image_size=size, progress=progress)


def _identity(job: _Job, task: Task, extractor: FeatureExtractor) -> dict[str, Any]:
    network = extractor.network
    return {
        **activation_identity(job, task),
        "use": "audit features",
        "network": [architecture_hash(network), hash_variables(network.weights)],
    }


def _pipeline(task: Task, examples: Examples, config: Config) -> Pipeline:
    return Pipeline(
        preprocess=task.preprocess,
        mix=task.augment_batch,
        num_classes=len(examples.output_names),
        batch_size=_BATCH_EXAMPLES,
        seed=config.seed,
        encode=task.encode if type(task).encode is not Task.encode else None,
    )


def _silent(text: str) -> None:
    pass
