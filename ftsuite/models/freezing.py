"""Which weights a stage trains, and what its BatchNorm and dropout layers do meanwhile.

Trainability is set on variables, not on layers: a layer-wide switch would also turn a BatchNorm's statistics on
or off, and the two are separate choices. In Keras 3 a BatchNorm normalises by its moving statistics, and leaves
them alone, only where ``layer.trainable`` is false; calling the model with ``training=False`` does not protect
them under ``fit``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras

from ftsuite.models.blocks import Block

NORMALIZATIONS = (keras.layers.LayerNormalization, keras.layers.GroupNormalization)


def set_trainable(model: Any, blocks: Sequence[Block], trained: Iterable[str], batch_norm: str) -> None:
    """Let only the named blocks train.

    Args:
        model: the training model; it must be compiled again afterwards, or the change has no effect.
        blocks: all blocks of the model, head included.
        trained: names of the blocks that train.
        batch_norm: ``frozen-stats`` and ``recalibrate`` train scale and offset but keep the statistics;
            ``train`` updates the statistics of trained blocks as well.
    """
    wanted = set(trained)
    in_scope = {id(variable) for block in blocks if block.name in wanted for variable in block.variables}
    may_train = {id(variable) for variable in _trainable_by_nature(model)}
    model.trainable = True
    for layer in leaf_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = batch_norm == "train" and any(id(v) in in_scope for v in layer.weights)
    for variable in model.weights:
        if id(variable) in may_train:
            variable.trainable = id(variable) in in_scope


def leaf_layers(model: Any) -> Iterator[Any]:
    """Every layer of the model, nested ones too, the model itself and inner models left out."""
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, keras.Model):
            yield layer


def _trainable_by_nature(model: Any) -> list[Any]:
    """Variables that their layers declared as weights to train, whatever the present setting."""
    return [variable for layer in model._flatten_layers() for variable in layer._trainable_variables]


@contextmanager
def without_frozen_dropout(model: Any, blocks: Sequence[Block], trained: Iterable[str]) -> Iterator[None]:
    """Turn dropout off in blocks that are frozen, so that their features are those of inference.

    Keras applies dropout in a frozen layer all the same, because it follows ``training`` and not ``trainable``.
    A dropout layer has no weights to place it by, so one of the backbone counts as frozen unless a layer before it
    trains; those of the head never do, because the head always trains.
    """
    wanted = set(trained)
    in_scope = {id(variable) for block in blocks if block.name in wanted for variable in block.variables}
    silenced: list[tuple[Any, str, float]] = []
    of_head = {id(layer) for layer in head_dropouts(model)}
    reached = False
    for layer in _in_order(model):
        reached = reached or any(id(variable) in in_scope for variable in layer.weights)
        name = drop_rate_name(layer)
        if not reached and name is not None and id(layer) not in of_head:
            silenced.append((layer, name, getattr(layer, name)))
            setattr(layer, name, 0.0)
    try:
        yield
    finally:
        for layer, name, rate in silenced:
            setattr(layer, name, rate)


def head_dropouts(model: Any) -> list[Any]:
    """Layers that drop something and stand beside the backbone, not in it."""
    return [layer for layer in getattr(model, "layers", []) if drop_rate_name(layer) is not None]


def drop_rate_name(layer: Any) -> str | None:
    """The attribute that holds a layer's rate of dropout or of stochastic depth, or None where it drops nothing.

    keras-hub's families have DropPath layers of their own, which are no `keras.layers.Dropout`.
    """
    if "Drop" not in type(layer).__name__:
        return None
    return next((name for name in ("rate", "drop_prob", "drop_path_rate") if getattr(layer, name, None)), None)


def _in_order(model: Any) -> Iterator[Any]:
    """Leaf layers in the order of a functional model's computation; inner models are opened in place."""
    for layer in getattr(model, "layers", []):
        if isinstance(layer, keras.Model):
            yield from _in_order(layer)
            continue
        inner = list(layer._flatten_layers(include_self=False))
        yield from inner or [layer]


def decays(variable: Any) -> bool:
    """Whether weight decay applies: to kernels and embeddings, not to biases, scales or other vectors."""
    return len(variable.shape) > 1 and variable.name not in ("bias", "beta", "gamma")
