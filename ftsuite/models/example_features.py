"""One vector an example from a frozen backbone, for checks of a data set and not for training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ftsuite.api import TaskModel
from ftsuite.errors import PluginError
from ftsuite.models.backbones import LoadedBackbone
from ftsuite.models.blocks import Block
from ftsuite.models.freezing import head_dropouts
from ftsuite.models.graph_cut import split_model
from ftsuite.models.graph_inline import distinct_names, functional_graph, inlined
from ftsuite.models.text_backbones import LoadedTextBackbone
from ftsuite.models.text_pooling import MaskedMean

# Of texts several layers tell more than the last (8,530 film reviews: 0.785 right in place of 0.755 by a linear
# classifier), as many as give no more than so many columns.
_MOST_TEXT_COLUMNS = 2560


class FeatureExtractor:
    """From preprocessed features of the task to ``(batch, d)`` float32.

    Args:
        network: a Keras model to a dict of tensors ``(rows, …, channels)``.
        reads_tokens: whether it takes ``token_ids`` and ``padding_mask`` alone, and has a row a window where texts are
            read in windows.
    """

    def __init__(self, network: Any, *, reads_tokens: bool) -> None:
        self.network = network
        self._reads_tokens = reads_tokens

    @property
    def width(self) -> int:
        """Columns of what it gives."""
        return sum(int(tensor.shape[-1]) for tensor in self.network.output.values())

    def __call__(self, inputs: Any) -> np.ndarray:
        """Vectors ``(batch, d)`` float32 of a batch as the task's `preprocess` made it."""
        if not self._reads_tokens:
            return self._through(inputs)
        tokens = {name: np.asarray(inputs[name]) for name in ("token_ids", "padding_mask")}
        mask = tokens["padding_mask"]
        if mask.ndim == 2:
            return self._through(tokens)
        rows = self._through({name: array.reshape(-1, array.shape[-1]) for name, array in tokens.items()})
        real = np.asarray(mask.any(axis=-1), dtype=np.float32)[..., None]
        by_window = rows.reshape(*mask.shape[:2], -1) * real
        return np.asarray(by_window.sum(axis=1) / np.maximum(real.sum(axis=1), 1.0), dtype=np.float32)

    def _through(self, inputs: Any) -> np.ndarray:
        if isinstance(inputs, Mapping) and isinstance(self.network.input, Mapping):
            inputs = {name: inputs[name] for name in self.network.input}
        made = [np.asarray(array, dtype=np.float32) for array in self.network.predict_on_batch(inputs).values()]
        flat = [array.reshape(len(array), -1, array.shape[-1]).mean(axis=1) for array in made]
        return np.concatenate(flat, axis=1)


def feature_extractor(model: TaskModel, backbone: LoadedBackbone | LoadedTextBackbone) -> FeatureExtractor:
    """What a frozen backbone makes of an example.

    Of a text the average over its tokens of each of several layers, evenly spaced and the last among them; of anything
    else all that the task's head is given.

    Args:
        model: as the task built it.
        backbone: that it was built on.

    Raises:
        PluginError: the task's model cannot be cut before its head.
    """
    if isinstance(backbone, LoadedTextBackbone) and set(_names(model.training.input)) == {"token_ids", "padding_mask"}:
        return FeatureExtractor(_text_layers(backbone), reads_tokens=True)
    taken = {id(variable) for variable in model.backbone.weights}
    head = [variable for variable in model.training.weights if id(variable) not in taken]
    split = split_model(model.training, head, head_dropouts(model.training)) if head else None
    if split is None or not split.keeps_batch_axis or any(t.shape[-1] is None for t in split.trunk.output.values()):
        raise PluginError(
            "The model of the task should end with a head behind its backbone, so that features can be taken before "
            f"it. Received: {model.training.name!r}, which cannot be cut there."
        )
    return FeatureExtractor(split.trunk, reads_tokens=False)


def _names(inputs: Any) -> tuple[str, ...]:
    return tuple(inputs) if isinstance(inputs, Mapping) else ()


def _text_layers(backbone: LoadedTextBackbone) -> Any:
    """A model from tokens to the averages of several layers, by name."""
    graph = functional_graph(backbone.model)
    assert graph is not None, "`encoder_network` makes functional models"
    steps, (last,) = inlined(graph)
    channels = int(last.shape[-1])
    repeated = [block for block in backbone.blocks if block.name.startswith("transformer_layer")]
    found = [tensor for step in steps if _is_of(step.operation, repeated) for tensor in step.outputs]
    # A family whose rows are filled up to one width has no mask that fits its layers.
    layers = [tensor for tensor in found if tuple(tensor.shape) == (None, None, channels)]
    most = max(_MOST_TEXT_COLUMNS // channels, 1)
    chosen = [layers[number] for number in _spread(len(layers) - 1, most - 1)] if layers else []
    mask = graph._inputs_struct["padding_mask"]
    with distinct_names([*graph.operations, *(step.operation for step in steps)]):
        pooled = {
            f"layer_{number}": MaskedMean(name=f"audit_layer_{number}")(tensor, mask)
            for number, tensor in enumerate([*chosen, last])
        }
        return keras.Model(graph._inputs_struct, pooled, name="audit_layers")


def _is_of(operation: Any, blocks: list[Block]) -> bool:
    own = {id(variable) for block in blocks for variable in block.variables}
    return any(id(variable) in own for variable in getattr(operation, "weights", ()))


def _spread(count: int, most: int) -> list[int]:
    """At most `most` of the numbers from 0 to below `count`, evenly spaced."""
    if count <= most:
        return list(range(count))
    return [round((number + 1) * count / (most + 1)) - 1 for number in range(most)]
