"""Text classifiers: pooling, windows, no skew between training and serving, and the masked-language head."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.errors import ConfigError
from ftsuite.models.heads import softmax
from ftsuite.models.masked_language_head import masked_language_model
from ftsuite.models.text_encoder import TextEncoder
from ftsuite.models.text_heads import text_classifier
from ftsuite.models.text_pooling import MaskedMean
from tests.unit.tiny_text import FAMILY_CASES, MAX_LENGTH, scatter, tiny_text_backbone

# Keras reads TensorFlow variables the way that numpy 2 warns of; it is right all the same.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TEXTS = ["The film was very good,<br />and the plot was fun!", "dull", "", "it was bad and dull " * 12, "½ naïve 😀"]
CLASSES = ["neg", "neutral", "pos"]


def classifier(family: str = "bert", pooling: str = "cls", way: str = "head", max_length: int = 16) -> tuple[Any, Any]:
    backbone = tiny_text_backbone(family, pooling)
    encoder = TextEncoder(backbone.tokenizer, max_length, way, max_windows=3)  # type: ignore[arg-type]
    model = text_classifier(backbone, encoder, CLASSES, 0.1, pooling)
    scatter(model.training)
    return model, encoder


def widened(packed: dict[str, np.ndarray], width: int) -> dict[str, np.ndarray]:
    more = [(0, 0)] * (packed["token_ids"].ndim - 1) + [(0, width - packed["token_ids"].shape[-1])]
    return {name: np.pad(array, more) for name, array in packed.items()}


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("way", ["head", "head-tail", "windows"])
def test_serving_texts_equals_training_on_their_tokens(pooling: str, way: str) -> None:
    model, encoder = classifier("bert", pooling, way)
    logits = np.asarray(model.training(encoder(TEXTS)))
    assert logits.dtype == np.float32
    served = np.asarray(model.serving(tf.constant(TEXTS)))
    np.testing.assert_allclose(served, softmax(logits), atol=1e-6)
    np.testing.assert_allclose(model.serving.predict(tf.constant(TEXTS), verbose=0), softmax(logits), atol=1e-6)
    assert np.abs(logits[0] - logits[1]).max() > 1e-2


@pytest.mark.parametrize("family", FAMILY_CASES)
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_the_width_of_the_padding_changes_no_logits(family: str, pooling: str) -> None:
    model, encoder = classifier(family, pooling, max_length=MAX_LENGTH)
    packed = encoder(TEXTS[:3])
    assert packed["token_ids"].shape[1] < MAX_LENGTH
    narrow = np.asarray(model.training(packed))
    wide = np.asarray(model.training(widened(packed, MAX_LENGTH)))
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_the_average_over_windows_is_that_by_hand() -> None:
    model, encoder = classifier("bert", "mean", "windows")
    packed = encoder(TEXTS)
    assert packed["token_ids"].shape[1] == 3
    averaged = np.asarray(model.training(packed))
    one = TextEncoder(encoder.tokenizer, 16, "windows", max_windows=1)
    for number, (ids, mask) in enumerate(zip(packed["token_ids"], packed["padding_mask"], strict=True)):
        windows = [
            np.asarray(model.training(one.pack([ids[w][mask[w]][1:-1]])))[0] for w in range(len(ids)) if mask[w].any()
        ]
        np.testing.assert_allclose(averaged[number], np.mean(windows, axis=0), atol=1e-5)
    assert packed["padding_mask"][3].any(axis=-1).all()
    assert not packed["padding_mask"][1][1:].any()


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_empty_windows_give_finite_gradients(family: str) -> None:
    model, encoder = classifier(family, "mean", "windows")
    packed = {name: tf.constant(array) for name, array in encoder([TEXTS[3], "dull"]).items()}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.training(packed, training=True) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in model.training.trainable_variables])
    assert all(gradient is not None for gradient in gradients)
    for gradient in gradients:
        assert np.isfinite(np.asarray(tf.convert_to_tensor(gradient))).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_average_of_many_tokens_does_not_overflow(dtype: str) -> None:
    hidden = keras.ops.full((1, 512, 4), 1000.0, dtype=dtype)
    mask = np.arange(512)[None] < 500
    mean = MaskedMean(dtype=dtype)(hidden, mask)
    assert keras.backend.standardize_dtype(mean.dtype) == dtype
    np.testing.assert_allclose(keras.ops.convert_to_numpy(keras.ops.cast(mean, "float32")), 1000.0)
    assert not keras.ops.convert_to_numpy(MaskedMean()(hidden, np.zeros((1, 512), bool))).any()


def test_mixed_precision_gives_float32_logits() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, encoder = classifier("bert", "mean", "windows")
        logits = np.asarray(model.training(encoder(TEXTS)))
    finally:
        keras.config.set_dtype_policy(before)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_a_saved_model_is_the_same_and_holds_its_encoder(family: str, tmp_path: Path) -> None:
    model, encoder = classifier(family, "mean")
    model.serving.save(tmp_path / "model.keras")
    again: Any = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    expected = np.asarray(model.serving(tf.constant(TEXTS)))
    np.testing.assert_allclose(np.asarray(again(tf.constant(TEXTS))), expected, atol=1e-6)
    loaded = again.get_layer("text_to_tokens").encoder
    assert loaded.get_config() == encoder.get_config()
    logits = np.asarray(again.get_layer("classifier")(loaded(TEXTS)))
    np.testing.assert_allclose(softmax(logits), expected, atol=1e-6)
    assert again.get_layer("probabilities").class_names == tuple(CLASSES)


def test_training_moves_every_weight() -> None:
    model, encoder = classifier("bert", "cls")
    before = [np.array(variable) for variable in model.training.trainable_variables]
    model.training.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.training.fit(encoder(TEXTS), np.eye(3)[[0, 1, 2, 0, 1]], epochs=1, verbose=0)
    moved = [
        np.any(old != np.asarray(new)) for old, new in zip(before, model.training.trainable_variables, strict=True)
    ]
    # A key's bias shifts every score of a row alike, so the softmax leaves it no gradient.
    stuck = {v.path.split("/", 1)[1] for v, m in zip(model.training.trainable_variables, moved, strict=True) if not m}
    assert stuck <= {"self_attention_layer/key/bias"}


def test_what_the_backbone_cannot_take_is_refused() -> None:
    backbone = tiny_text_backbone("bert")
    with pytest.raises(ConfigError, match=f"at most {MAX_LENGTH}"):
        text_classifier(backbone, TextEncoder(backbone.tokenizer, MAX_LENGTH + 1), CLASSES, 0.0, "cls")
    with pytest.raises(ConfigError, match="pooling"):
        text_classifier(backbone, TextEncoder(backbone.tokenizer, 16), CLASSES, 0.0, "max")


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_masked_language_logits_are_tied_and_at_the_positions(family: str) -> None:
    backbone = tiny_text_backbone(family)
    model = masked_language_model(backbone)
    packed = TextEncoder(backbone.tokenizer, 16)(TEXTS[:3])
    positions = np.array([[1, 4], [1, 0], [0, 0]], np.int32)
    logits = np.asarray(model({**packed, "mask_positions": positions}))
    assert logits.shape == (3, 2, backbone.tokenizer.vocabulary_size)
    assert logits.dtype == np.float32
    swapped = np.asarray(model({**packed, "mask_positions": positions[:, ::-1].copy()}))
    np.testing.assert_allclose(logits, swapped[:, ::-1], atol=1e-5)
    dense, norm = model.get_layer("masked_language_dense"), model.get_layer("masked_language_norm")
    hidden = np.asarray(backbone.model(packed))
    features = np.asarray(norm(dense(np.stack([hidden[row, at] for row, at in enumerate(positions)]))))
    table = np.asarray(backbone.hub.token_embedding.embeddings)
    np.testing.assert_allclose(logits, features @ table.T, atol=1e-4)
    own = [variable.path for variable in model.weights if not any(variable is w for w in backbone.model.weights)]
    assert len(own) == 5


ON_JAX = """
import sys, numpy as np, keras
from ftsuite.errors import ConfigError
from ftsuite.models.masked_language_head import masked_language_model
from tests.unit.test_text_heads import TEXTS, classifier
from tests.unit.tiny_text import tiny_text_backbone
assert keras.config.backend() == "jax"
model = keras.saving.load_model(sys.argv[1], compile=False)
encoder = model.get_layer("text_to_tokens").encoder
assert encoder.coarse_widths
packed = encoder(TEXTS)
assert packed["token_ids"].shape[1:] == (3, 16)
logits = np.asarray(model.get_layer("classifier").predict(packed, verbose=0))
np.testing.assert_allclose(logits, np.load(sys.argv[2]), atol=1e-4)
for call in (model, model.predict):
    try:
        call(np.array(TEXTS))
    except ConfigError as error:
        assert "TensorFlow" in str(error)
    else:
        raise AssertionError("no error")
fresh, own = classifier("f_net", "mean", "head")
fresh.training.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
before = [np.array(variable) for variable in fresh.training.trainable_variables]
fresh.training.fit(own(TEXTS), np.eye(3)[[0, 1, 2, 0, 1]], verbose=0)
assert any(np.any(a != np.asarray(b)) for a, b in zip(before, fresh.training.trainable_variables))
fresh.serving.save(sys.argv[1])
again = keras.saving.load_model(sys.argv[1], compile=False)
np.testing.assert_allclose(
    np.asarray(again.get_layer("classifier")(own(TEXTS))), np.asarray(fresh.training(own(TEXTS))), atol=1e-5)
masked = masked_language_model(tiny_text_backbone("albert"))
assert masked({**own(TEXTS), "mask_positions": np.zeros((5, 2), np.int32)}).shape[:2] == (5, 2)
"""


def test_jax_trains_saves_and_agrees(tmp_path: Path, repository: Path) -> None:
    model, encoder = classifier("bert", "mean", "windows")
    model.serving.save(tmp_path / "model.keras")
    np.save(tmp_path / "logits.npy", np.asarray(model.training(encoder(TEXTS))))
    command = [sys.executable, "-c", ON_JAX, str(tmp_path / "model.keras"), str(tmp_path / "logits.npy")]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
