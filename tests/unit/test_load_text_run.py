"""A run on texts, loaded again: the same probabilities as its serving model, in the order of the texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from tiny_text import scatter, tiny_text_backbone

from ftsuite.errors import ArtifactError, DataError
from ftsuite.models.text_encoder import TextEncoder
from ftsuite.models.text_heads import text_classifier
from ftsuite.runs import load_run

CLASS_NAMES = ("negative", "positive", "neither")
TEXTS = [
    "the film was good and fun but the plot was not , i saw it !",
    "bad",
    "a very very very very very very very very very very very very dull film",
    "it is fun <br /> and good",
    "i saw this",
]


def _write_run(folder: Path, long_texts: str) -> Path:
    folder.mkdir()
    backbone = tiny_text_backbone()
    encoder = TextEncoder(backbone.tokenizer, 12, long_texts, max_windows=3)  # type: ignore[arg-type]
    model = text_classifier(backbone, encoder, CLASS_NAMES, dropout=0.1, pooling="mean")
    scatter(model.training.get_layer("head"))
    model.serving.save(folder / "model.keras")
    (folder / "config.resolved.yaml").write_text("task: sentiment\n", encoding="utf-8")
    (folder / "environment.json").write_text(json.dumps({"data": {"kind": "text"}}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_run(tmp_path_factory.mktemp("runs") / "head", "head")


def _served(run: Path) -> np.ndarray:
    model = keras.saving.load_model(run / "model.keras", compile=False)
    return np.asarray(keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(TEXTS))))


def test_it_gives_the_serving_models_probabilities_in_the_order_of_the_texts(run: Path) -> None:
    loaded = load_run(run)
    assert (loaded.kind, loaded.class_names) == ("text", CLASS_NAMES)
    found = loaded.predict(TEXTS)
    assert found.dtype == np.float32 and found.shape == (5, 3)
    assert np.ptp(found, axis=0).max() > 0.05  # the texts differ, so a wrong order would show
    np.testing.assert_allclose(found, _served(run), atol=1e-5)
    np.testing.assert_allclose(loaded.predict(TEXTS[::-1], batch_size=2), found[::-1], atol=1e-5)


def test_windows_are_read_as_in_training(tmp_path: Path) -> None:
    run = _write_run(tmp_path / "windows", "windows")
    np.testing.assert_allclose(load_run(run).predict(TEXTS, batch_size=2), _served(run), atol=1e-5)


def test_texts_of_like_length_go_through_together(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_run(run)
    encoder = loaded.model.get_layer("text_to_tokens").encoder
    packed: list[list[int]] = []
    pack = encoder.pack
    monkeypatch.setattr(encoder, "pack", lambda rows: packed.append([len(row) for row in rows]) or pack(rows))
    loaded.predict(TEXTS, batch_size=2)
    lengths = [length for batch in packed for length in batch]
    assert lengths == sorted(lengths) and [len(batch) for batch in packed] == [2, 2, 1]


def test_no_texts_and_no_texts_at_all(run: Path) -> None:
    loaded = load_run(run)
    assert loaded.predict([]).shape == (0, 3)
    assert loaded.predict([""]).shape == (1, 3)
    with pytest.raises(DataError, match="alone"):
        loaded.predict("a text")
    with pytest.raises(DataError, match="ndarray"):
        loaded.predict([np.zeros((2, 2, 3), np.uint8)])


def test_a_damaged_model_is_named(run: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in run.iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: 500 if path.suffix == ".keras" else None])
    with pytest.raises(ArtifactError, match=r"model\.keras cannot be loaded"):
        load_run(broken)
    (broken / "environment.json").unlink()
    with pytest.raises(ArtifactError, match=r"environment\.json"):
        load_run(broken)


PROGRAM = "import sys, json, ftsuite; print(json.dumps(ftsuite.load_run(sys.argv[1]).predict(sys.argv[2:]).tolist()))"


@pytest.mark.slow
def test_it_predicts_the_same_on_jax(run: Path) -> None:
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", PROGRAM, str(run), *TEXTS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), load_run(run).predict(TEXTS), atol=1e-4)
