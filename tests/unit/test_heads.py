"""Losses of the heads."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from ftsuite.models.backbones import load_backbone
from ftsuite.models.heads import FocalCrossentropy, cross_entropy, image_classifier
from tests.tiny import save_tiny_preset

LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-4.0, 9.0, 1.0]], np.float32)
TARGETS = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]], np.float32)


def _probabilities() -> np.ndarray:
    shifted = np.exp(LOGITS - LOGITS.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def test_focal_loss_is_that_of_the_paper() -> None:
    p = (_probabilities() * TARGETS).sum(axis=1)
    expected = (-((1 - p) ** 2.0) * np.log(p)).mean()
    assert float(cross_entropy(0.0, 2.0)(TARGETS, LOGITS)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_focal_loss_without_focus_is_cross_entropy(smoothing: float) -> None:
    focal = float(FocalCrossentropy(0.0, smoothing)(TARGETS, LOGITS))
    assert focal == pytest.approx(float(cross_entropy(smoothing)(TARGETS, LOGITS)), rel=1e-6)


def test_focal_loss_has_a_finite_gradient_where_the_answer_is_certain() -> None:
    import tensorflow as tf

    logits = tf.Variable([[80.0, -80.0]])
    with tf.GradientTape() as tape:
        loss = FocalCrossentropy(0.5)(np.array([[1.0, 0.0]], np.float32), logits)
    assert np.isfinite(tape.gradient(loss, logits).numpy()).all()


def test_focal_loss_survives_serialization() -> None:
    loss = FocalCrossentropy(1.5, 0.1)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(TARGETS, LOGITS)) == pytest.approx(float(loss(TARGETS, LOGITS)))


def test_a_plain_call_of_a_loaded_model_is_inference(tmp_path: Path) -> None:
    backbone = load_backbone(str(save_tiny_preset(tmp_path / "tiny")), pretrained=True)
    image_classifier(backbone, ("a", "b", "c"), 0.5, "crop").serving.save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 40, 48, 3)).astype(np.float32)
    before = [np.array(weight) for weight in model.get_weights()]
    expected = model.predict(pictures, verbose=0)
    for _ in range(2):
        np.testing.assert_allclose(np.asarray(model(pictures)), expected, atol=1e-6)
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
