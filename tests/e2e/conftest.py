"""A tiny job: a preset folder of 30,000 random weights and four colours of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.registry import Registry
from tests.tiny import save_pictures, save_tiny_preset

PLAN = """
task: image-classification
data: {{source: "folder:{pictures}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
head: {{dropout: 0.3}}
options:
  augment:
    - {{name: crop-resize, scale: [0.6, 1.0]}}
    - {{name: flip}}
    - {{name: rand-augment, layers: 1}}
    - {{name: mixup, alpha: 0.2, probability: 0.5}}
finetune:
  early_stopping: {{metric: log_loss, patience: 5 epochs}}
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
    - {{train: last 2, for: 5 steps, learning_rate: 3e-3, layer_decay: 0.5}}
    - {{train: all, for: 2 epochs, learning_rate: 1e-3, layer_decay: 0.5, warmup: 10%}}
evaluation: {{bootstrap_samples: 50}}
"""


@pytest.fixture(scope="session")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_preset(tmp_path_factory.mktemp("preset") / "tiny")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pictures(tmp_path_factory.mktemp("pictures") / "birds")


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory, preset: Path, pictures: Path) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(PLAN.format(preset=preset, pictures=pictures), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def load(tiny_config: Path) -> Callable[..., LoadedConfig]:
    """Load the tiny config with overrides."""

    def loaded(*overrides: str) -> LoadedConfig:
        return load_config(tiny_config, overrides, options_model=Registry.discover().options_model)

    return loaded
