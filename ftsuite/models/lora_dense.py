"""Low-rank changes of dense layers, those of attention among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras


class LowRankDense:
    """The change of a `keras.layers.Dense` or `keras.layers.EinsumDense`: ``outputs + scale * (inputs A) B``.

    The kernel is taken as a matrix from all axes that are contracted with the input to all that are new in the output.
    For the query of a `keras.layers.MultiHeadAttention`, whose kernel is ``(channels, heads, size of a head)``, that is
    the matrix of the paper, and not a small one a head as in Keras' own ``enable_lora``. The change goes beside the
    kernel, so that no gradient of the size of the kernel is ever made.

    Args:
        layer: built.

    Raises:
        ValueError: for an EinsumDense whose kernel differs from position to position.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.kernel = layer._kernel
        self._is_einsum = isinstance(layer, keras.layers.EinsumDense)
        inputs, kernel, outputs = _parts(layer.equation if self._is_einsum else "...x,xy->...y")
        self._contracted = [label for label in kernel if label in inputs and label not in outputs]
        self._made = [label for label in kernel if label in outputs and label not in inputs]
        if len(self._contracted) + len(self._made) != len(kernel) or not self._contracted or not self._made:
            raise ValueError("its kernel is not one matrix for all positions")
        self._sizes = dict(zip(kernel, self.kernel.shape, strict=True))
        rank = next(label for label in "zyxwvutsrqponmlkjihgfedcba" if label not in inputs + kernel + outputs)
        down, up = "".join(self._contracted) + rank, rank + "".join(self._made)
        # The input with its contracted axes gone and the rank as its last axis.
        narrow = "".join(label for label in inputs if label not in self._contracted) + rank
        self._down, self._up = f"{inputs},{down}->{narrow}", f"{narrow},{up}->{outputs}"
        self._product = f"{down},{up}->{kernel}"

    @property
    def fan_in(self) -> int:
        """Numbers that make one output."""
        return math.prod(self._sizes[label] for label in self._contracted)

    def shapes(self, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of A and B."""
        contracted = [self._sizes[label] for label in self._contracted]
        return (*contracted, rank), (rank, *(self._sizes[label] for label in self._made))

    def change(self, down: Any, up: Any) -> Any:
        """``A B`` in the shape of the kernel."""
        return keras.ops.einsum(self._product, down, up)

    def outputs(self, inputs: Any, down: Any, up: Any, scale: float) -> Any:
        """What the changed layer makes of its inputs."""
        layer, ops = self.layer, keras.ops
        if self._is_einsum:
            plain = ops.einsum(layer.equation, inputs, layer.kernel)
            beside = ops.einsum(self._up, ops.einsum(self._down, inputs, down), up)
        else:
            # An einsum with an ellipsis would take a matrix a position in the gradient, and twice the time.
            plain = ops.matmul(inputs, layer.kernel)
            beside = ops.matmul(ops.matmul(inputs, down), up)
        changed = ops.add(plain, scale * beside)
        if layer.bias is not None:
            changed = ops.add(changed, layer.bias)
        return changed if layer.activation is None else layer.activation(changed)


def _parts(equation: str) -> Sequence[str]:
    """Inputs, kernel and outputs of ``ab,bc->ac``; an ellipsis stays as its dots."""
    operands, outputs = equation.replace(" ", "").split("->")
    inputs, kernel = operands.split(",")
    return inputs, kernel, outputs
