"""Stages on pictures of a size of their own: what they see, what they are judged on, and that they can be stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, Interrupted
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.dry_run import dry_run
from ftsuite.runs.execute import execute
from ftsuite.runs.find_learning_rate import find_learning_rate
from ftsuite.runs.load import load_run
from ftsuite.runs.prepare import prepare
from ftsuite.runs.workload import classification_workload
from ftsuite.training.journal import read_journal
from tests.stopped_runs import Stopper, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]
PLAN = """
task: image-classification
data: {{source: "folder:{pictures}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
head: {{dropout: 0.3}}
options:
  image_size: 48
  augment: [{{name: crop-resize, scale: [0.6, 1.0]}}, {{name: flip}}]
finetune:
  views: 1
  cache: memory
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2, image_size: 32}}
    - {{train: all, for: 5 steps, learning_rate: 1e-3, image_size: 33}}
    - {{train: last 1, for: 1 epochs, learning_rate: 1e-3, image_size: 67%}}
    - {{train: head, for: 2 epochs, learning_rate: 1e-2, image_size: 100%}}
evaluation: {{bootstrap_samples: 50}}
"""


@pytest.fixture(scope="module")
def job(preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    path = tmp_path_factory.mktemp("sizes") / "sizes.yaml"
    path.write_text(PLAN.format(preset=preset, pictures=pictures), encoding="utf-8")

    def load(*overrides: str) -> LoadedConfig:
        return load_config(path, overrides, options_model=Registry.discover().options_model)

    return load


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))


def _run(loaded: LoadedConfig, folder: Path) -> Path:
    return execute(loaded, folder=begin(loaded, folder, False)).folder


@pytest.fixture(scope="module")
def straight(job: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run(job(), tmp_path_factory.mktemp("straight") / "run")


def _events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_journal(folder / "journal.jsonl") if event["event"] == kind]


def test_each_stage_is_told_with_its_size_and_the_model_has_its_own(straight: Path) -> None:
    assert [event["image_size"] for event in _events(straight, "stage_started")] == [32, 33, 32, 48]
    told = json.loads((straight / "metrics.json").read_text())["stages"]
    assert [stage["image_size"] for stage in told] == [32, 33, 32, 48]
    assert "pictures of 33 pixels" in (straight / "report.html").read_text(encoding="utf-8")
    assert [event["stage"] for event in _events(straight, "cached")] == [0, 2, 3]
    assert not _events(straight, "not_cached")
    moves = [block for event in _events(straight, "stage_ended") for block in event["blocks"]]
    assert all(block["moved"] == block["expected"] for block in moves)
    resizing = next(layer for layer in load_run(straight).model.layers if layer.name == "resizing")
    assert (resizing.height, resizing.width) == (48, 48)


_STOPS = [("step", 10)]
_MORE_STOPS = [("step", 3), ("step", 13), ("caching", 6), ("epoch", 6)]


@pytest.mark.parametrize(
    ("kind", "number"), [*_STOPS, *(pytest.param(*stop, marks=pytest.mark.slow) for stop in _MORE_STOPS)]
)
def test_stopped_anywhere_and_resumed_is_the_straight_run(
    kind: str, number: int, job: Load, straight: Path, tmp_path: Path
) -> None:
    folder = begin(job(), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(job(), folder=folder, listener=Stopper(kind, number))
    execute(job(), folder=begin(job(), folder, True), resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert (folder / "metrics.json").read_bytes() == (straight / "metrics.json").read_bytes()
    assert events_in(folder) == events_in(straight)


@pytest.mark.slow
def test_kept_activations_of_another_size_train_as_the_whole_network_does(job: Load, tmp_path: Path) -> None:
    runs = {
        mode: _run(job(f"finetune.cache={mode}", "options.augment=[]"), tmp_path / mode) for mode in ("off", "disk")
    }
    assert [event["place"] for event in _events(runs["disk"], "cached")] == ["disk"] * 3
    for one, other in zip(*(_events(runs[mode], "epoch") for mode in ("off", "disk")), strict=True):
        for figure in ("train_loss", "validation_log_loss"):
            assert other[figure] == pytest.approx(one[figure], abs=2e-4), figure


def test_training_sees_the_size_of_the_stage_and_judging_that_of_use(job: Load) -> None:
    prepared = prepare(job("options.augment=[]", "options.train_image_size=40"), None)
    work = classification_workload(prepared)
    shapes = {size: next(iter(work.at_size[size].batches(0, 0)))[0].shape for size in (32, 33, 48)}
    assert shapes == {size: (8, size, size, 3) for size in (32, 33, 48)}
    assert next(iter(work.batches(0, 0)))[0].shape == (8, 40, 40, 3)
    judged = next(iter(work.judge.pipeline.evaluation(prepared.parts["validation"]).dataset))  # type: ignore[attr-defined]
    assert judged.shape[1:] == (48, 48, 3)
    plain, sized = (next(iter(batches(0, 0))) for batches in (work.batches, work.at_size[33].batches))
    np.testing.assert_array_equal(plain[1], sized[1])
    assert all({id(v) for v in twin.model.variables} == {id(v) for v in work.model.variables}
               for twin in work.at_size.values())  # fmt: skip


@pytest.mark.slow
def test_the_dry_run_times_and_the_rate_test_tests_stages_at_their_sizes(job: Load, tmp_path: Path) -> None:
    cost = dry_run(job())
    assert [row["image_size"] for row in cost["stages"]] == [32, 33, 32, 48]
    assert all(row["expected_seconds"] > 0 for row in cost["stages"])
    stages = (
        "finetune.stages=[{train: head, for: 4 steps, learning_rate: 1e-2, image_size: 33}, "
        "{train: head, for: 4 steps, learning_rate: 1e-3}]"
    )
    (tmp_path / "rates").mkdir()
    assert len(find_learning_rate(job(stages), folder=tmp_path / "rates").stages) == 2


@pytest.mark.slow
def test_a_run_with_mixed_batches_and_a_learning_curve(job: Load, tmp_path: Path) -> None:
    folder = _run(
        job(
            "finetune.cache=auto", "evaluation.learning_curve=[12]",
            "options.augment=[{name: crop-resize}, {name: mixup}, {name: cutmix}]",
            "finetune.stages=[{train: all, for: 2 steps, learning_rate: 1e-3, image_size: 33}]",
        ),
        tmp_path / "run",
    )  # fmt: skip
    rows = json.loads((folder / "metrics.json").read_text())["learning_curve"]["rows"]
    assert rows[0]["examples"] == 12


def test_tasks_and_backbones_that_cannot_are_refused_before_training(job: Load, tmp_path: Path) -> None:
    reviews, preset = save_reviews(tmp_path / "reviews.csv"), save_tiny_text_preset(tmp_path / "preset")
    texts = tmp_path / "texts.yaml"
    texts.write_text(
        f"task: sentiment\ndata: {{source: 'csv:{reviews}'}}\nbackbone: {{name: '{preset}'}}\n"
        "finetune: {stages: [{train: head, for: 1 epochs, learning_rate: 1e-3, image_size: 64}]}\n"
    )
    with pytest.raises(ConfigError, match=r"stages\.0\.image_size goes with tasks of pictures"):
        prepare(load_config(texts, options_model=Registry.discover().options_model), None)
    vision = _save_vision_transformer(tmp_path / "vit")
    with pytest.raises(
        ConfigError, match=r"stages\.0\.image_size must be a size .* Received: 64 pixels; .* 48 pixels only"
    ):
        prepare(job(f"backbone.name={vision}", "finetune.stages.0.image_size=64"), None)
    stage = "finetune.stages=[{train: head, for: 1 epochs, learning_rate: 1e-3, image_size: 100%}]"
    assert not prepare(job(f"backbone.name={vision}", stage), None).sized, "its own size is one that it takes"


def _save_vision_transformer(folder: Path) -> Path:
    import keras_hub

    backbone = keras_hub.models.ViTBackbone(
        image_shape=(48, 48, 3), patch_size=16, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16
    )
    converter = keras_hub.layers.ViTImageConverter(image_size=(48, 48), scale=1 / 255.0)
    preprocessor = keras_hub.models.ViTImageClassifierPreprocessor(image_converter=converter)
    keras_hub.models.ViTImageClassifier(backbone=backbone, num_classes=2, preprocessor=preprocessor).save_to_preset(
        str(folder)
    )
    return folder


ON_JAX = """
import sys
from pathlib import Path
from ftsuite.config import load_config
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
loaded = load_config(sys.argv[1], sys.argv[3:], options_model=Registry.discover().options_model)
execute(loaded, folder=begin(loaded, Path(sys.argv[2]), False))
"""


@pytest.mark.slow
def test_sizes_on_jax(job: Load, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(job().path), str(tmp_path / "run")],
        capture_output=True, text=True, check=False, env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert [event["image_size"] for event in _events(tmp_path / "run", "stage_started")] == [32, 33, 32, 48]
    assert [event["stage"] for event in _events(tmp_path / "run", "cached")] == [0, 2, 3]
