"""LoRA: training a change of low rank of each kernel in place of the kernel.

After Hu et al., 2021 (https://arxiv.org/abs/2106.09685): a frozen kernel W becomes ``W + alpha / rank * A B``, where A
is random and B zero at the start. Keras' own ``enable_lora`` is not used: it freezes more than the kernels, and its
weights come back from a file anew. Here the layers of a built model get two more variables and another call, in place,
and `LoraAdapters.merge` leaves nothing of that behind.

Left out are embeddings, 1D, 3D, transposed and separable convolutions, layers of classes with a call of their own,
quantized layers, and kernels so small that the adapter would be more than half as large: of depthwise convolutions
most, where the rank is not small.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import keras
import numpy as np

from ftsuite.errors import ConfigError
from ftsuite.models.lora_targets import LowRankForm, chosen_layers, form_of, path_of

DOWN, UP = "lora_a", "lora_b"


@dataclass(frozen=True)
class Adapter:
    """The change of one layer.

    Attributes:
        form: how it enters the layer.
        down: the variable A, float32.
        up: the variable B, float32.
        scale: factor on ``A B``.
    """

    form: LowRankForm
    down: Any
    up: Any
    scale: float

    @property
    def kernel(self) -> Any:
        """The variable that it is a change of."""
        return self.form.kernel

    @property
    def variables(self) -> tuple[Any, Any]:
        """A and B."""
        return self.down, self.up


class LoraAdapters:
    """The adapters of a model, until they are merged or removed; `add_lora` makes them.

    Compile the model again, and make twins' functions again, after adapters came or went.

    Args:
        adapters: in the order of the model.
        left_out: why other layers that were meant have none, by path.
        model_size: weights of the model without adapters.
    """

    def __init__(self, adapters: Sequence[Adapter], left_out: Mapping[str, str], model_size: int) -> None:
        self.adapters = tuple(adapters)
        self.left_out = dict(left_out)
        self._model_size = model_size

    @property
    def variables(self) -> tuple[Any, ...]:
        """A and B of each adapter; their paths are the layers' with ``lora_a`` and ``lora_b``."""
        return tuple(variable for adapter in self.adapters for variable in adapter.variables)

    @property
    def kernels(self) -> tuple[Any, ...]:
        """The kernels under the adapters."""
        return tuple(adapter.kernel for adapter in self.adapters)

    @property
    def trainable_share(self) -> float:
        """Weights of the adapters, as a share of the model's own."""
        return sum(int(np.prod(variable.shape)) for variable in self.variables) / self._model_size

    def merge(self) -> None:
        """Add each change to its kernel, in float32, and take the adapters out.

        The layers are then as they were made, and save and load as such. What they give changes by rounding alone:
        that of float32, or of the type that the layer computes in.
        """
        for adapter in self.adapters:
            change = adapter.scale * adapter.form.change(adapter.down.value, adapter.up.value)
            kernel = keras.ops.cast(adapter.kernel.value, "float32")
            adapter.kernel.assign(keras.ops.cast(kernel + change, adapter.kernel.dtype))
        self.remove()

    def remove(self) -> None:
        """Take the adapters out and leave the kernels as they are; nothing where there are none any more."""
        for adapter in self.adapters:
            layer = adapter.form.layer
            for name in ("call", "save_own_variables"):
                del layer.__dict__[name]
            for variable in adapter.variables:
                layer._untrack_variable(variable)
        self.adapters = ()


def add_lora(
    layers_or_model: Any,
    rank: int,
    alpha: float | None = None,
    targets: Sequence[str] = ("attention",),
    seed: int = 0,
) -> LoraAdapters:
    """Give layers of a built model adapters; what the model gives stays the same to the bit.

    Nothing is frozen by this: which variables train is the matter of `ftsuite.models.freezing`, given the blocks of
    `ftsuite.models.lora_blocks`. While the adapters are there, saving the model raises an error, because a file would
    not hold them; ``get_weights`` and ``set_weights`` do.

    Args:
        layers_or_model: a built Keras model or layer, or several. Give the backbone: a new head trains as a whole.
        rank: of the changes, at least 1; 4 to 16 is usual.
        alpha: the changes count ``alpha / rank``; None for `rank`, which is a factor of 1. With alpha held, the rank
            can be tried without a new learning rate.
        targets: ``attention`` (query, key, value and output of attention layers), ``dense`` (all dense layers, those of
            attention among them), ``convolution`` (2D, depthwise ones too), ``all``, or patterns of layer paths, where
            ``*`` stands for any text; ``*/query`` and ``*/value`` is the choice of the paper.
        seed: of A, which is normal with variance ``1 / inputs of the layer``; it depends on the layer's path besides,
            and not on the backend.

    Raises:
        ConfigError: where a target means no layer, or adapters fit on none of them.
        ValueError: if a layer has adapters already, or the rank or alpha is not positive.
    """
    if rank < 1 or (alpha is not None and not alpha > 0):
        raise ValueError(f"rank must be at least 1 and alpha above 0. Received: {rank}, {alpha}")
    roots = [layers_or_model] if isinstance(layers_or_model, keras.Layer) else list(layers_or_model)
    layers = chosen_layers(roots, targets)
    doubled = [path_of(layer) for layer in layers if any(variable.name == DOWN for variable in layer.weights)]
    if doubled:
        raise ValueError(f"A layer takes one adapter; merge or remove the old ones first. Received: {doubled[:5]}")
    forms: list[LowRankForm] = []
    left_out: dict[str, str] = {}
    for layer in layers:
        try:
            forms.append(form_of(layer, rank))
        except ValueError as reason:
            left_out[path_of(layer)] = str(reason)
    if not forms:
        path, why = next(iter(left_out.items()))
        raise ConfigError(
            f"LoRA must fit on at least one layer. Received: targets {', '.join(targets)}, and of `{path}`: {why}.",
            "Lower the rank, or choose other targets.",
        )
    size = sum({id(v): int(np.prod(v.shape)) for root in roots for v in root.weights}.values())
    scale = 1.0 if alpha is None else alpha / rank
    return LoraAdapters([_attached(form, rank, scale, seed) for form in forms], left_out, size)


def _attached(form: LowRankForm, rank: int, scale: float, seed: int) -> Adapter:
    """Variables and another call for one layer."""
    layer, path = form.layer, path_of(form.layer)
    down_shape, up_shape = form.shapes(rank)
    random = np.random.default_rng([seed, zlib.crc32(path.encode())])
    start = random.standard_normal(down_shape, dtype="float32") / np.float32(np.sqrt(form.fan_in))
    with _scope(path), _unlocked(layer):
        # Float32 whatever the layer's own type: small steps would be lost in 16 bits.
        down = keras.Variable(start, dtype="float32", name=DOWN)
        up = keras.Variable(np.zeros(up_shape, dtype="float32"), dtype="float32", name=UP)
        layer._track_variable(down)
        layer._track_variable(up)
    adapter = Adapter(form, down, up, scale)

    def call(inputs: Any, training: bool | None = None) -> Any:
        return form.outputs(inputs, down, up, scale)

    # Past Keras' own attribute setting, which looks for state to keep.
    layer.__dict__["call"] = call
    layer.__dict__["save_own_variables"] = _refuse_to_save
    return adapter


@contextmanager
def _scope(path: str) -> Iterator[None]:
    """Make variables at a path."""
    with ExitStack() as scopes:
        for part in filter(None, path.split("/")):
            scopes.enter_context(keras.name_scope(part))
        yield


@contextmanager
def _unlocked(layer: Any) -> Iterator[None]:
    """Let a built layer take more variables."""
    locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        yield
    finally:
        layer._tracker.locked = locked


def _refuse_to_save(store: Any) -> NoReturn:
    raise ValueError("A model with LoRA adapters cannot be saved. Call `merge()` of its `LoraAdapters` first.")
