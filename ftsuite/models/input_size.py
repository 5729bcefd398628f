"""A picture model over inputs of another size: another graph of the same layers and variables."""

from __future__ import annotations

from typing import Any

import keras

from ftsuite.models.graph_inline import functional_graph, inlined


class SizeRefusedError(ValueError):
    """Why a model cannot take pictures of a size."""


def at_input_size(model: Any, pixels: int) -> Any:
    """The model for pictures of one other size.

    Convolutions with ``padding="same"`` pad by the size that they are given, so the result is what the network of that
    size computes, at odd sizes too. Inner models stay whole, and are called as they are.

    Args:
        model: a functional Keras model from ``(batch, height, width, 3)``.
        pixels: height and width.

    Returns:
        A Keras model from ``(batch, pixels, pixels, 3)`` that shares all layers and variables.

    Raises:
        SizeRefusedError: the model is made for one size (position embeddings, for instance), or pictures of this one
            end in feature maps of nothing.
    """
    graph = functional_graph(model)
    if graph is None or len(graph.inputs) != 1 or len(graph.inputs[0].shape) != 4:
        raise SizeRefusedError("it is no functional model of pictures")
    _refuse_one_size(model, pixels)
    given = keras.Input((pixels, pixels, graph.inputs[0].shape[-1]), dtype=graph.inputs[0].dtype, name="image")
    try:
        outputs = graph._run_through_graph([given], operation_fn=lambda operation: operation)
        sized = keras.Model(given, outputs, name=f"{model.name}_{pixels}")
        steps, _ = inlined(functional_graph(sized))
    except (ValueError, TypeError) as error:
        raise SizeRefusedError(str(error).strip().splitlines()[0]) from error
    if any(0 in tensor.shape for step in steps for tensor in step.outputs):
        raise SizeRefusedError("a feature map would be empty")
    return sized


def _refuse_one_size(model: Any, pixels: int) -> None:
    """Inner models that name their size may hold positions or windows of that size, which no shape tells."""
    for layer in model._flatten_layers(include_self=False):
        graph = functional_graph(layer) if isinstance(layer, keras.Model) else None
        shapes = [tensor.shape for tensor in graph.inputs] if graph is not None else []
        for shape in shapes:
            if len(shape) == 4 and shape[1] not in (None, pixels):
                raise SizeRefusedError(f"it takes pictures of {shape[1]} pixels only")
