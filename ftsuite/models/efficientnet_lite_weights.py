"""Puts EfficientNet-Lite weights with PyTorch names into a Keras EfficientNet-Lite network.

The tensors have the names of lukemelas' EfficientNet-PyTorch (`_conv_stem.weight`,
`_blocks.0._depthwise_conv.weight`, ...; https://github.com/lukemelas/EfficientNet-PyTorch). Convolution
kernels turn from (out, in, height, width) to Keras' (height, width, in, out), the dense head from
(out, in) to (in, out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from ftsuite.errors import ArtifactError

Tensors = Mapping[str, npt.NDArray[Any]]

WEIGHTS_FILE: str = "weights.safetensors"
_PULL_AGAIN = "Pull the asset again: ftsuite assets pull --force NAME."
# PyTorch counts the batches that BatchNorm saw; Keras has no such variable.
_IGNORED_SUFFIX = ".num_batches_tracked"
_HEAD_PREFIX = "_fc."


def read_weights(path: Path) -> Tensors:
    """Read the tensors of a `weights.safetensors` file.

    Args:
        path: the file, or the folder that holds it under that name.

    Returns:
        PyTorch name -> array, in PyTorch's order of axes.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    file = path / WEIGHTS_FILE if path.is_dir() else path
    if not file.is_file():
        raise ArtifactError(f"Weights should be in a file. Received: {file}, which is none.", _PULL_AGAIN)
    try:
        tensors: Tensors = safetensors.numpy.load_file(file)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        message = f"Weights should be in a whole safetensors file. Received: {file}: {error}."
        raise ArtifactError(message, _PULL_AGAIN) from error
    return tensors


def assign_backbone(backbone: Any, tensors: Tensors) -> None:
    """Assign every variable of an EfficientNet-Lite backbone from the tensors.

    Args:
        backbone: an `EfficientNetLiteBackbone`.
        tensors: what `read_weights` gives; the classifier's head in it is left alone.

    Raises:
        ArtifactError: a tensor is missing, superfluous, or has another shape; no variable is changed then.
    """
    source = _Source(tensors)
    source.convolution(backbone.get_layer("stem_conv"), "_conv_stem")
    source.batch_norm(backbone.get_layer("stem_bn"), "_bn0")
    names = [layer.name for layer in backbone.layers]
    prefixes = [name.removesuffix("dwconv") for name in names if name.endswith("dwconv")]
    for index, keras_prefix in enumerate(prefixes):
        torch_prefix = f"_blocks.{index}."
        if keras_prefix + "expand_conv" in names:
            source.convolution(backbone.get_layer(keras_prefix + "expand_conv"), torch_prefix + "_expand_conv")
            source.batch_norm(backbone.get_layer(keras_prefix + "expand_bn"), torch_prefix + "_bn0")
        source.depthwise(backbone.get_layer(keras_prefix + "dwconv"), torch_prefix + "_depthwise_conv")
        source.batch_norm(backbone.get_layer(keras_prefix + "dwconv_bn"), torch_prefix + "_bn1")
        source.convolution(backbone.get_layer(keras_prefix + "project"), torch_prefix + "_project_conv")
        source.batch_norm(backbone.get_layer(keras_prefix + "project_bn"), torch_prefix + "_bn2")
    source.convolution(backbone.get_layer("top_conv"), "_conv_head")
    source.batch_norm(backbone.get_layer("top_bn"), "_bn1")
    source.assign_all(expected_variables=len(backbone.weights))


def assign_classifier(dense: Any, tensors: Tensors) -> None:
    """Assign the dense layer of 1000 ImageNet classes from the tensors.

    Args:
        dense: a built `keras.layers.Dense`, kernel `(1280, 1000)`.
        tensors: what `read_weights` gives.

    Raises:
        ArtifactError: the head is missing or has another shape.
    """
    head = {name: value for name, value in tensors.items() if name.startswith(_HEAD_PREFIX)}
    source = _Source(head, head=True)
    source.plan(dense.kernel, "_fc.weight", np.transpose)
    source.plan(dense.bias, "_fc.bias")
    source.assign_all(expected_variables=2)


class _Source:
    """Collects (variable, value) pairs, and assigns them only when all of them fit."""

    def __init__(self, tensors: Tensors, *, head: bool = False) -> None:
        self._tensors = tensors
        self._unused = {
            name
            for name in tensors
            if not name.endswith(_IGNORED_SUFFIX) and (head or not name.startswith(_HEAD_PREFIX))
        }
        self._planned: list[tuple[Any, npt.NDArray[Any]]] = []

    def convolution(self, layer: Any, prefix: str) -> None:
        self.plan(layer.kernel, f"{prefix}.weight", lambda value: value.transpose(2, 3, 1, 0))

    def depthwise(self, layer: Any, prefix: str) -> None:
        # PyTorch's (channels, 1, height, width) is Keras' (height, width, channels, multiplier).
        self.plan(layer.kernel, f"{prefix}.weight", lambda value: value.transpose(2, 3, 0, 1))

    def batch_norm(self, layer: Any, prefix: str) -> None:
        self.plan(layer.gamma, f"{prefix}.weight")
        self.plan(layer.beta, f"{prefix}.bias")
        self.plan(layer.moving_mean, f"{prefix}.running_mean")
        self.plan(layer.moving_variance, f"{prefix}.running_var")

    def plan(
        self,
        variable: Any,
        name: str,
        turn: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = lambda value: value,
    ) -> None:
        value = self._tensors.get(name)
        if value is None:
            raise ArtifactError(f"The weights should hold a tensor {name}. Received: none.", _PULL_AGAIN)
        if value.ndim != len(variable.shape):
            raise _shape_error(name, variable, value)
        turned = turn(value)
        if tuple(turned.shape) != tuple(variable.shape) or turned.dtype != np.float32:
            raise _shape_error(name, variable, turned)
        self._unused.discard(name)
        self._planned.append((variable, turned))

    def assign_all(self, *, expected_variables: int) -> None:
        if self._unused:
            raise ArtifactError(
                f"The weights should belong to this network entirely. Received: {len(self._unused)} more "
                f"tensors, the first of them {min(self._unused)}.",
                "Choose the variant (lite0, lite1, lite2) that the weights were made for.",
            )
        if len(self._planned) != expected_variables:
            raise AssertionError(f"{expected_variables} variables, but {len(self._planned)} have a tensor")
        for variable, value in self._planned:
            variable.assign(np.ascontiguousarray(value))


def _shape_error(name: str, variable: Any, value: npt.NDArray[Any]) -> ArtifactError:
    return ArtifactError(
        f"Tensor {name} should be float32 of shape {tuple(variable.shape)}. "
        f"Received: {value.dtype} of shape {tuple(value.shape)}.",
        "Choose the variant (lite0, lite1, lite2) that the weights were made for.",
    )
