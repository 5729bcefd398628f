"""Recalibrated statistics are those of the training data, whatever the order and the policy before."""

from __future__ import annotations

import keras
import numpy as np

from ftsuite.training.batch_norm import recalibrate


def test_statistics_become_the_average_over_the_batches_and_nothing_else_moves() -> None:
    image = keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    dropout = keras.layers.Dropout(0.5)
    model = keras.Model(image, keras.layers.Dense(2)(dropout(norm(image))))
    norm.trainable = False
    others = [np.asarray(variable) for layer in model.layers if layer is not norm for variable in layer.weights]
    batches = [np.random.default_rng(number).normal(number, 2.0, size=(64, 3)).astype("float32") for number in range(4)]

    assert recalibrate(model, batches) == 4

    np.testing.assert_allclose(norm.moving_mean, np.mean([b.mean(axis=0) for b in batches], axis=0), rtol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, np.mean([b.var(axis=0) for b in batches], axis=0), rtol=1e-3)
    assert norm.trainable is False
    assert norm.momentum == 0.99
    assert dropout.rate == 0.5
    after = [np.asarray(variable) for layer in model.layers if layer is not norm for variable in layer.weights]
    for old, new in zip(others, after, strict=True):
        np.testing.assert_array_equal(old, new)
