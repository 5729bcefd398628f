"""Gradient checkpointing: compute a layer's insides again on the way back instead of keeping them.

After Chen et al., 2016, https://arxiv.org/abs/1604.06174. What a layer of other layers takes is kept, and what it
computes inside is not; so it acts on backbones that are made of such layers, as transformers are. Of a network whose
graph is of single convolutions everything that a convolution takes is needed, and nothing would be saved.

Keras' ``RematScope`` is not used: it wraps whatever is made within it, layers inside of layers too, so that the
innermost are computed over and over; and what a layer changes as it computes (a dropout's random state) would be
changed by the second computation too, which then drops others than the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras.src.backend import AutocastScope

from ftsuite.errors import ConfigError


def recompute(model: Any) -> tuple[str, ...]:
    """Let the composite layers of a model keep only what they take, from its next `compile` on; gives their names.

    Nothing of it is saved with the model.

    Raises:
        ConfigError: if the model has no such layers.
    """
    layers = recomputed_layers(model)
    if not layers:
        raise ConfigError(
            "finetune.gradient_checkpointing: true needs a backbone whose blocks are layers of layers, as transformers "
            "are. Received: a graph of single layers, of which nothing can be left out.",
            "Set it to false; a lower data.batch_size, smaller pictures or finetune.precision: bfloat16 save memory.",
        )
    for layer in layers:
        layer.call = _recomputed(layer, layer.call)
    return tuple(layer.name for layer in layers)


def recomputed_layers(model: Any) -> list[Any]:
    """The layers of a model's graph that are made of other layers; embeddings, which take no activations, left out."""
    found = []
    for layer in getattr(model, "layers", []):
        if isinstance(layer, keras.Model):
            found.extend(recomputed_layers(layer))
        elif layer.weights and "Embedding" not in type(layer).__name__ and _inner_layers(layer):
            found.append(layer)
    return found


def _inner_layers(layer: Any) -> list[Any]:
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _recomputed(layer: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    """A `call` that gives what the original gives, as a pure function of its activations and of all variables."""

    def call(*args: Any, **kwargs: Any) -> Any:
        flat = keras.tree.flatten((args, kwargs))
        places = [place for place, value in enumerate(flat) if _is_activation(value)]
        trained, frozen, states = _variables(layer)
        constants = [keras.ops.stop_gradient(variable.value) for variable in frozen]
        before = _copies(states)
        changed: list[Any] = []

        def compute(*values: Any) -> Any:
            given = list(flat)
            for place, value in zip(places, values, strict=False):
                given[place] = value
            inner_args, inner_kwargs = keras.tree.pack_sequence_as((args, kwargs), given)
            mapping = [*zip(trained, values[len(places) :], strict=True), *zip(frozen, constants, strict=True)]
            with keras.StatelessScope(state_mapping=mapping) as scope:
                for state, old in zip(states, before, strict=True):
                    # Not through the mapping, which would round it to the dtype that the layer computes in.
                    scope.add_update((state, old))
                outputs = original(*inner_args, **inner_kwargs)
            after = [scope.get_current_value(state) for state in states]
            rows = [row for row in zip(states, before, after, strict=True) if row[2] is not row[1]]
            changed[:] = [state for state, _, _ in rows]
            return outputs, [new for _, _, new in rows]

        outputs, after = keras.remat(compute)(*[flat[place] for place in places], *[v.value for v in trained])
        for state, new in zip(changed, after, strict=True):
            state.assign(new)
        return outputs

    return call


def _variables(layer: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """What trains now, what is frozen, and what was never to train: states, as of random numbers and statistics."""
    by_nature = {id(variable) for inner in layer._flatten_layers() for variable in inner._trainable_variables}
    trained = [variable for variable in layer.variables if variable.trainable]
    others = [variable for variable in layer.variables if not variable.trainable]
    frozen = [variable for variable in others if id(variable) in by_nature]
    return trained, frozen, [variable for variable in others if id(variable) not in by_nature]


def _copies(states: Sequence[Any]) -> list[Any]:
    """Values that stay: on TensorFlow a variable's value is the variable, and this one changes before the way back.

    In their own dtype: within a layer that computes in 16 bits a value is rounded to these.
    """
    with AutocastScope(None):
        return [keras.ops.copy(state.value) for state in states]


def _is_activation(value: Any) -> bool:
    return bool(keras.ops.is_tensor(value)) and keras.backend.is_float_dtype(
        keras.backend.standardize_dtype(value.dtype)
    )
