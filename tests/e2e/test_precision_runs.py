"""Tiny runs in every precision: what trains, what is kept, and what a resumed run repeats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow.parquet
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import Interrupted
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.runs.load import load_run
from tests.stopped_runs import Stopper, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]
SHORT = (
    "finetune.early_stopping=null",
    "finetune.stages=[{train: head, for: 1 epoch, learning_rate: 1e-2}, "
    "{train: all, for: 4 steps, learning_rate: 1e-3}]",
)


def _run(loaded: LoadedConfig, folder: Path) -> Path:
    return execute(loaded, folder=begin(loaded, folder, False)).folder


@pytest.mark.parametrize(("precision", "cache"), [("bfloat16", "memory"), ("float16", "off")])
def test_a_short_format_trains_and_the_kept_model_is_float32(
    load: Load, tmp_path: Path, precision: str, cache: str
) -> None:
    loaded = load(
        *SHORT, f"finetune.precision={precision}", f"finetune.cache={cache}", "options.augment=[]",
        "finetune.optimizer.accumulate_steps=2",
    )  # fmt: skip
    folder = _run(loaded, tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32", "the process has its policy back"
    environment = json.loads((folder / "environment.json").read_text())
    assert (environment["precision"], environment["dtype_policy"]) == (precision, f"mixed_{precision}")
    assert any(precision in note for note in environment["notes"])
    config = zipfile.ZipFile(folder / "model.keras").read("config.json").decode()
    assert "mixed_" not in config, "what is shipped computes in float32"
    rows = pyarrow.parquet.read_table(folder / "predictions.parquet").to_pylist()[:6]
    run = load_run(folder)
    expected = [[row[f"probability_{name}"] for name in run.class_names] for row in rows]
    np.testing.assert_allclose(run.predict([row["input"] for row in rows]), expected, atol=1e-5)
    ended = [event for event in events_in(folder) if event["event"] == "stage_ended"]
    assert all(block["moved"] == block["expected"] for event in ended for block in event["blocks"])


def test_a_stopped_run_in_float16_goes_on_to_the_same_bits(load: Load, tmp_path: Path) -> None:
    loaded = load(*SHORT, "finetune.precision=float16", "finetune.cache=off")
    straight = _run(loaded, tmp_path / "straight")
    folder = begin(loaded, tmp_path / "stopped", False)
    with pytest.raises(Interrupted):
        execute(loaded, folder=folder, listener=Stopper("step", 5))
    execute(loaded, folder=begin(loaded, folder, True), resume=True)
    assert weights_in(folder) == weights_in(straight)


ON_JAX = """
import sys
from pathlib import Path
from ftsuite.config import load_config
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
for number, precision in enumerate(("bfloat16", "float16")):
    loaded = load_config(sys.argv[1], [f"finetune.precision={precision}", *sys.argv[3:]],
                         options_model=Registry.discover().options_model)
    print(execute(loaded, folder=begin(loaded, Path(sys.argv[2]) / precision, False)).metrics["test"]["log_loss"])
"""


@pytest.mark.slow
def test_both_short_formats_train_on_jax(tiny_config: Path, tmp_path: Path) -> None:
    environment: Mapping[str, Any] = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(tiny_config), str(tmp_path), *SHORT, "finetune.cache=off"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for precision in ("bfloat16", "float16"):
        environment = json.loads((tmp_path / precision / "environment.json").read_text())
        assert (environment["backend"], environment["precision"]) == ("jax", precision)


TEXTS = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: 8}}
backbone: {{name: "{preset}"}}
finetune:
  cache: "off"
  early_stopping: null
  gradient_checkpointing: {recomputes}
  stages: [{{train: all, for: 5 steps, learning_rate: 1e-3}}]
evaluation: {{bootstrap_samples: 50, baseline: false}}
"""


@pytest.mark.slow
def test_gradient_checkpointing_trains_texts_to_the_same_weights(tmp_path: Path) -> None:
    preset, reviews = save_tiny_text_preset(tmp_path / "preset"), save_reviews(tmp_path / "reviews.csv")
    losses = {}
    for recomputes in ("false", "true"):
        path = tmp_path / f"{recomputes}.yaml"
        path.write_text(TEXTS.format(reviews=reviews, preset=preset, recomputes=recomputes), encoding="utf-8")
        loaded = load_config(path, options_model=Registry.discover().options_model)
        folder = _run(loaded, tmp_path / recomputes)
        losses[recomputes] = json.loads((folder / "metrics.json").read_text())["test"]["log_loss"]["value"]
        assert json.loads((folder / "environment.json").read_text())["gradient_checkpointing"] is (recomputes == "true")
        assert load_run(folder).predict(["a warm and funny film"]).shape == (1, 2)
    assert losses["true"] == pytest.approx(losses["false"], rel=1e-4)
