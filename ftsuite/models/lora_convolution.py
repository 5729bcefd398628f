"""Low-rank changes of convolutions: full, 1x1, grouped and depthwise."""

from __future__ import annotations

import math
from typing import Any

import keras


class LowRankConvolution:
    """The change of a convolution: its kernel as a matrix from a window of the input to the output channels.

    A is a convolution of the same window to `rank` channels and B one of 1x1 back, so that the change goes beside the
    kernel. Where the convolution has groups there is no such pair; then ``A B`` is added to the kernel itself, and the
    groups share A.

    Args:
        layer: built.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.kernel = layer._kernel

    @property
    def fan_in(self) -> int:
        """Numbers that make one output."""
        return math.prod(self.kernel.shape[:-1])

    def shapes(self, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of A and B."""
        return (*self.kernel.shape[:-1], rank), (rank, self.kernel.shape[-1])

    def change(self, down: Any, up: Any) -> Any:
        """``A B`` in the shape of the kernel."""
        return keras.ops.matmul(down, up)

    def outputs(self, inputs: Any, down: Any, up: Any, scale: float) -> Any:
        """What the changed layer makes of its inputs."""
        layer, ops = self.layer, keras.ops
        if layer.groups > 1:
            return _finished(layer, layer.convolution_op(inputs, layer.kernel + scale * self.change(down, up)))
        plain, narrow = layer.convolution_op(inputs, layer.kernel), layer.convolution_op(inputs, down)
        if layer.data_format == "channels_last":
            beside = ops.matmul(narrow, up)
        else:
            beside = ops.moveaxis(ops.matmul(ops.moveaxis(narrow, 1, -1), up), -1, 1)
        return _finished(layer, ops.add(plain, scale * beside))


class LowRankDepthwise:
    """The change of a depthwise convolution: a filter a channel as a mixture of `rank` filters that all share.

    ``A B`` is added to the kernel ``(height, width, channels, multiplier)``, as a matrix from the window to the
    channels.

    Args:
        layer: built.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.kernel = layer.kernel

    @property
    def fan_in(self) -> int:
        """Numbers that make one output."""
        return math.prod(self.kernel.shape[:-2])

    def shapes(self, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of A and B."""
        return (*self.kernel.shape[:-2], rank), (rank, *self.kernel.shape[-2:])

    def change(self, down: Any, up: Any) -> Any:
        """``A B`` in the shape of the kernel."""
        return keras.ops.tensordot(down, up, axes=1)

    def outputs(self, inputs: Any, down: Any, up: Any, scale: float) -> Any:
        """What the changed layer makes of its inputs."""
        layer = self.layer
        made = keras.ops.depthwise_conv(
            inputs,
            layer.kernel + scale * self.change(down, up),
            strides=layer.strides,
            padding=layer.padding,
            dilation_rate=layer.dilation_rate,
            data_format=layer.data_format,
        )
        return _finished(layer, made)


def _finished(layer: Any, made: Any) -> Any:
    """With the layer's bias and activation."""
    if layer.bias is not None:
        ones = (1,) * layer.rank
        shape = (1, *ones, -1) if layer.data_format == "channels_last" else (1, -1, *ones)
        made = keras.ops.add(made, keras.ops.reshape(layer.bias, shape))
    return made if layer.activation is None else layer.activation(made)
