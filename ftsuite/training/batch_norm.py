"""Recalibrating BatchNorm: new moving statistics from training data, without training anything.

Precise BatchNorm of Wu & Johnson, 2021 (https://arxiv.org/abs/2105.07576): the plain average over many batches, in
place of a moving average that remembers the last few.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from ftsuite.models.freezing import drop_rate_name, leaf_layers


def recalibrate(model: Any, feature_batches: Iterable[Any]) -> int:
    """Set the moving statistics of every BatchNorm layer to their average over the given batches.

    Args:
        model: the training model.
        feature_batches: each ``(batch, …)``, as the model takes them.

    Returns:
        The number of batches used.
    """
    norms = [layer for layer in leaf_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    drops = [(layer, name, getattr(layer, name)) for layer in leaf_layers(model) if (name := drop_rate_name(layer))]
    kept = [(layer, layer.trainable, layer.momentum) for layer in norms]
    gradients = [(variable, variable.trainable) for layer in norms for variable in layer.weights]
    count = 0
    try:
        for layer, name, _ in drops:
            setattr(layer, name, 0.0)
        for features in feature_batches:
            for layer in norms:
                layer.trainable = True
                layer.momentum = count / (count + 1)
            model(features, training=True)
            count += 1
    finally:
        for layer, name, rate in drops:
            setattr(layer, name, rate)
        for layer, trainable, momentum in kept:
            layer.trainable, layer.momentum = trainable, momentum
        for variable, trainable in gradients:
            variable.trainable = trainable
    return count
