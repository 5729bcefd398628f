"""A task that loads its data and does nothing else, so that a test of the audit waits for no model."""

from __future__ import annotations

from typing import Any

from ftsuite.api import Examples, Options, Progress, Task, TaskSpec
from ftsuite.data.sources import load_examples


class Loading(Task):
    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        return load_examples(data, self.seed, progress)

    def preprocess(self, element: Any, training: bool, key: Any) -> Any:
        raise NotImplementedError

    def build(self, backbone: Any, class_names: Any, dropout: float) -> Any:
        raise NotImplementedError

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        raise NotImplementedError

    def decode(self, logits: Any) -> Any:
        raise NotImplementedError


class LoadingRegistry:
    """Stands for `ftsuite.registry.Registry` with two tasks: ``pictures`` and ``texts``."""

    def spec(self, name: str) -> TaskSpec:
        modality = "text" if name == "texts" else "image"
        return TaskSpec(name, "A test's.", Options, "tests.cli.audit_stub:Loading", modality=modality)

    def options_model(self, name: str) -> type[Options]:
        return Options
