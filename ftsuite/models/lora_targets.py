"""Which layers of a model low-rank adapters can go on, and which of them a config means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

import keras

from ftsuite.errors import ConfigError
from ftsuite.models.lora_convolution import LowRankConvolution, LowRankDepthwise
from ftsuite.models.lora_dense import LowRankDense

# Layers that do attention by themselves, and not those that hold such a layer and a feed-forward network.
_ATTENTION = re.compile(r"Attention(?!.*(?:Layer|Block|Encoder|Decoder))")
_DENSE = (keras.layers.Dense, keras.layers.EinsumDense)
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
_FORMS: tuple[tuple[Any, Any], ...] = (
    (keras.layers.Dense, LowRankDense),
    (keras.layers.EinsumDense, LowRankDense),
    (keras.layers.DepthwiseConv2D, LowRankDepthwise),
    (keras.layers.Conv2D, LowRankConvolution),
)
KINDS = ("attention", "dense", "convolution", "all")


class LowRankForm(Protocol):
    """How a change of low rank enters one kind of layer.

    Attributes:
        layer: the layer.
        kernel: the variable that the change is one of.
    """

    layer: Any
    kernel: Any

    @property
    def fan_in(self) -> int:
        """Numbers that make one output."""
        ...

    def shapes(self, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of A and B."""
        ...

    def change(self, down: Any, up: Any) -> Any:
        """``A B`` in the shape of the kernel."""
        ...

    def outputs(self, inputs: Any, down: Any, up: Any, scale: float) -> Any:
        """What the changed layer makes of its inputs."""
        ...


def path_of(layer: Any) -> str:
    """The path of a dense layer or convolution, as its variables have it: what patterns are matched against."""
    kernel = getattr(layer, "_kernel", None)
    return str((layer.kernel if kernel is None else kernel).path.rpartition("/")[0])


def chosen_layers(roots: Sequence[Any], targets: Sequence[str]) -> list[Any]:
    """The dense layers and convolutions that the targets mean, each once, in the order of the model.

    Args:
        roots: built Keras models or layers.
        targets: patterns of layer paths, or of `KINDS`; see `ftsuite.models.lora.add_lora`.

    Raises:
        ConfigError: where a target means no layer.
    """
    candidates = {id(layer): (layer, kinds) for root in roots for layer, kinds in _candidates(root, False)}
    wanted: set[int] = set()
    for target in targets:
        meant = {key for key, (layer, kinds) in candidates.items() if target in kinds or _matches(layer, target)}
        if not meant:
            raise _nothing_meant(target, [path_of(layer) for layer, _ in candidates.values()])
        wanted |= meant
    return [layer for key, (layer, _) in candidates.items() if key in wanted]


def form_of(layer: Any, rank: int) -> LowRankForm:
    """How a change of low rank enters a layer.

    Raises:
        ValueError: with the reason why it cannot, as half a sentence.
    """
    family, form = next((family, form) for family, form in _FORMS if isinstance(layer, family))
    # Keras' own call is repeated with the change in it; a class with another one would lose what that does.
    if type(layer).call is not family.call:
        raise ValueError(f"its class {type(layer).__name__} computes something of its own")
    if getattr(layer, "quantization_mode", None) is not None:
        raise ValueError("it is quantized")
    if getattr(layer, "lora_enabled", False):
        raise ValueError("it has Keras' own LoRA")
    if any(getattr(layer, name, None) is not None for name in ("kernel_constraint", "depthwise_constraint")):
        raise ValueError("its kernel has a constraint, which no longer holds for the sum")
    made: LowRankForm = form(layer)
    down, up = made.shapes(rank)
    size, kernel_size = _size(down) + _size(up), _size(made.kernel.shape)
    if 2 * size > kernel_size:
        raise ValueError(f"an adapter of rank {rank} ({size} weights) is above half of its kernel ({kernel_size})")
    return made


def _candidates(layer: Any, in_attention: bool) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Dense layers and convolutions at any depth, each with the kinds it counts among."""
    if isinstance(layer, _DENSE) and layer.built:
        yield layer, ("attention", "dense", "all") if in_attention else ("dense", "all")
    elif isinstance(layer, _CONVOLUTIONS) and layer.built:
        yield layer, ("convolution", "all")
    in_attention = in_attention or _ATTENTION.search(type(layer).__name__) is not None
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from _candidates(inner, in_attention)


def _matches(layer: Any, target: str) -> bool:
    return target not in KINDS and fnmatchcase(path_of(layer), target)


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= int(length)
    return size


def _nothing_meant(target: str, paths: Sequence[str]) -> ConfigError:
    near = difflib.get_close_matches(re.sub(r"[*?]", "", target), paths, n=1, cutoff=0.0)
    return ConfigError(
        f"A target of LoRA must be one of {', '.join(KINDS)}, and there must be such layers, or a pattern that matches "
        f"the path of a dense layer or 2D convolution, where `*` stands for any text. Received: {target!r}.",
        f"The nearest layer is `{near[0]}`." if near else "This model has no layer that LoRA can go on.",
    )
