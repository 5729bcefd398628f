"""Cutting a model in two: a trunk that is frozen, whose output can be kept, and a tail that trains on it.

What a frozen network in inference makes of an example is the same in every epoch, so it need be computed only once
(Keras' guide to transfer learning calls it feature extraction, https://keras.io/guides/transfer_learning). Here the
cut is made wherever a stage's training begins, inside the backbone too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from ftsuite.models.graph_inline import Step, distinct_names, functional_graph, inlined, layers_within

# A batch size for probing shapes that no other axis is likely to have.
_PROBED_BATCH = 1009


@dataclass(frozen=True)
class SplitModel:
    """A model in two parts that share its layers and variables.

    ``tail(trunk(x, training=False), training=...)`` is what the model gives for ``x`` where all before the cut is
    silent, as it is in inference.

    Attributes:
        trunk: a Keras model from the model's inputs, in their structure, to a dict of tensors by name. Call it with
            ``training=False`` always. It holds no variable that trains.
        tail: a Keras model from that dict to the model's output. It holds every variable that trains, the very
            objects: to train it trains the model.
    """

    trunk: Any
    tail: Any

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tensors between the parts, ``boundary_0`` and so on, in the order of the computation."""
        return tuple(self.trunk.output)

    @property
    def keeps_batch_axis(self) -> bool:
        """Whether row i of every tensor at the cut belongs to example i, as far as shapes can tell.

        False where the first axis is not known to be the batch: of texts read in windows the hidden states have a row a
        window. Such tensors cannot be kept by example. It is told from shapes alone, without running the trunk.
        """
        probes = keras.tree.map_structure(_probe, self.trunk.input)
        made = self.trunk.compute_output_spec(probes)
        return all(len(tensor.shape) > 0 and tensor.shape[0] == _PROBED_BATCH for tensor in made.values())


def split_model(model: Any, trained: Iterable[Any], always_live: Iterable[Any] = ()) -> SplitModel | None:
    """Cut a model as late as training allows.

    A layer belongs to the tail if it holds a variable of `trained`, is named in `always_live`, or uses what such a
    layer made; all others belong to the trunk, pooling without weights too. Functional models within the model are cut
    through; a layer with layers inside, like that of a transformer, is not. What the tail can make without weights
    from other tensors at the cut, such as the padding of a residual, it makes itself. Which layers and variables are
    trainable is left as it is.

    Masks that Keras attaches to tensors (of ``Embedding(mask_zero=True)`` and ``Masking``) would be lost at the cut, so
    a model is not cut where a tensor at the cut carries one. keras-hub's encoders pass their masks as tensors, which
    go through the cut like any other. Losses that a frozen layer adds in its call are no longer seen.

    Args:
        model: a functional Keras model, or the tail of a cut, to be cut later.
        trained: every Keras variable that changes: those that the stage trains, and moving statistics that it updates.
        always_live: layers of the tail, whatever they train, for instance the dropout before the head.

    Returns:
        The two parts, or None where nothing can be cut off: no layer with weights lies before all that trains, nothing
        trains, the model is not functional, or a mask would be lost.

    Raises:
        ValueError: if a variable of `trained` is not the model's, for instance because an earlier cut left it behind.
    """
    trained_ids = {id(variable) for variable in trained}
    if not trained_ids <= {id(variable) for variable in model.weights}:
        raise ValueError(
            f"`trained` must hold variables of the model {model.name!r} alone. Received: some that are not among its "
            "weights."
        )
    graph = functional_graph(model)
    if graph is None:
        return None
    steps, outputs = inlined(graph)
    live = _live(steps, trained_ids, {id(layer) for named in always_live for layer in layers_within(named)})
    if not live:
        return None
    live = _with_what_can_be_made_again(graph.inputs, steps, live, outputs)
    boundary = _boundary(graph.inputs, steps, live, outputs)
    if any(getattr(tensor, "_keras_mask", None) is not None for tensor in boundary):
        return None
    with distinct_names([*graph.operations, *(step.operation for step in steps)]):
        trunk = _trunk(graph, boundary, model.name)
        if not trunk.weights:
            return None
        result = keras.tree.pack_sequence_as(graph._outputs_struct, outputs)
        return SplitModel(trunk, _tail([step for step in steps if id(step) in live], boundary, result, model.name))


def _live(steps: Sequence[Step], trained_ids: set[int], live_layers: set[int]) -> set[int]:
    """Ids of the steps that train, or use what those make."""
    live: set[int] = set()
    made: set[int] = set()
    for step in steps:
        if (
            any(id(tensor) in made for tensor in step.inputs)
            or any(id(layer) in live_layers for layer in step.layers)
            or any(id(variable) in trained_ids for variable in getattr(step.operation, "weights", ()))
        ):
            live.add(id(step))
            made.update(id(tensor) for tensor in step.outputs)
    return live


def _with_what_can_be_made_again(
    inputs: Sequence[Any], steps: Sequence[Step], live: set[int], outputs: Sequence[Any]
) -> set[int]:
    """The live steps and those without state whose inputs cross the cut anyway: their outputs then need not."""
    more = set(live)
    for step in reversed(steps):
        crossing = {id(tensor) for tensor in _boundary(inputs, steps, more, outputs)}
        made_again = any(id(tensor) in crossing for tensor in step.outputs)
        if made_again and step.is_pure and step.inputs and all(id(tensor) in crossing for tensor in step.inputs):
            more.add(id(step))
    return more


def _boundary(inputs: Sequence[Any], steps: Sequence[Step], live: set[int], outputs: Sequence[Any]) -> tuple[Any, ...]:
    """What the live steps and the output need and do not make, each tensor once, in the order of the computation."""
    tail = [step for step in steps if id(step) in live]
    needed = {id(tensor) for step in tail for tensor in step.inputs} | {id(tensor) for tensor in outputs}
    needed -= {id(tensor) for step in tail for tensor in step.outputs}
    in_order = [*inputs, *(tensor for step in steps for tensor in step.outputs)]
    return tuple({id(tensor): tensor for tensor in in_order if id(tensor) in needed}.values())


def _trunk(graph: Any, boundary: Sequence[Any], name: str) -> Any:
    named = {f"boundary_{number}": tensor for number, tensor in enumerate(boundary)}
    return keras.Model(graph._inputs_struct, named, name=f"{name}_trunk")


def _tail(live: Sequence[Step], boundary: Sequence[Any], result: Any, name: str) -> Any:
    inputs = {
        f"boundary_{number}": keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"boundary_{number}")
        for number, tensor in enumerate(boundary)
    }
    replaced = {id(old): new for old, new in zip(boundary, inputs.values(), strict=True)}
    for step in live:
        replaced.update({id(old): new for old, new in zip(step.outputs, step.again(replaced), strict=True)})
    outputs = keras.tree.map_structure(lambda tensor: replaced[id(tensor)], result)
    return keras.Model(inputs, outputs, name=f"{name}_tail")


def _probe(tensor: Any) -> Any:
    return keras.KerasTensor((_PROBED_BATCH, *tensor.shape[1:]), dtype=tensor.dtype)
