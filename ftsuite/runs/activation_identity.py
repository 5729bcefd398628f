"""What activations depend on besides weights, network and examples: it goes into the name that they are kept by."""

from __future__ import annotations

import json
from importlib.metadata import entry_points, version
from typing import Any, Protocol

import keras

from ftsuite.api import ENTRY_POINT_GROUP, Examples, Task, TaskSpec
from ftsuite.config import Config
from ftsuite.models.text_backbones import LoadedTextBackbone
from ftsuite.runs.decoded_pictures import picture_versions
from ftsuite.training.activations.keys import hash_texts
from ftsuite.training.seeds import is_deterministic, uses_xla

# Batches are made in tf.data whatever the backend.
_VERSIONED = ("ftsuite", "keras", "keras-hub", "numpy", "tensorflow")


class Job(Protocol):
    """The part of `ftsuite.runs.prepare.Prepared` that activations depend on."""

    @property
    def spec(self) -> TaskSpec:
        """Of the task."""

    @property
    def config(self) -> Config:
        """The config itself."""

    @property
    def examples(self) -> Examples:
        """All of them."""

    @property
    def backbone(self) -> Any:
        """As loaded."""

    @property
    def data_hash(self) -> str:
        """Of all that preprocessing can have learnt from."""


def activation_identity(prepared: Job, task: Task, pixels: int | None = None) -> dict[str, Any]:
    """Everything of a job that changes what its task and its trunks make of an example, as JSON can hold it.

    Args:
        prepared: the job.
        task: of the job, or its twin for pictures of another size.
        pixels: that size; None for the usual one.
    """
    finetune, backend = prepared.config.finetune, keras.backend.backend()
    packages = (*_VERSIONED, *(("jax", "jaxlib") if backend == "jax" else ()))
    return {
        "task": prepared.spec.name,
        "plugin": _plugin(prepared.spec.name),
        "options": task.options.model_dump(mode="json"),
        **({} if pixels is None else {"image_size": pixels}),
        "kind": prepared.examples.kind,
        "fitted": _fitted(task, prepared),
        "tokenizer": _tokenizer(prepared),
        "dtype_policy": keras.config.dtype_policy().name,
        "backend": backend,
        "xla": uses_xla(),
        "deterministic": is_deterministic(prepared.config.deterministic),
        "devices": list(keras.distribution.list_devices()),
        "versions": {**picture_versions(), **{name: version(name) for name in packages}},
        # Frozen adapters that were trained are part of a trunk, and their factor is in no weight.
        **({} if finetune.lora is None else {"lora": finetune.lora.model_dump(mode="json")}),
    }


def _plugin(task: str) -> list[list[str]]:
    """The distributions that offer the task, and their versions."""
    owners = [point.dist for point in entry_points(group=ENTRY_POINT_GROUP, name=task) if point.dist is not None]
    return [list(owner) for owner in sorted({(owner.name, owner.version) for owner in owners})]


def _fitted(task: Task, prepared: Job) -> list[Any] | None:
    """Of preprocessing that learns from data: all that it can have learnt from, because what it learnt is its own.

    Not the training split at hand, which a learning curve makes smaller after the fitting.
    """
    return None if type(task).fit_preprocessing is Task.fit_preprocessing else [task.seed, prepared.data_hash]


def _tokenizer(prepared: Job) -> str | None:
    """A hash of the tokenizer, whose file may change beside the same weights; None for pictures."""
    if not isinstance(prepared.backbone, LoadedTextBackbone):
        return None
    return hash_texts([json.dumps(prepared.backbone.tokenizer.get_config(), sort_keys=True)])
