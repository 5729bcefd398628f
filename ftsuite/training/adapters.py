"""LoRA as a plan has it: which adapters a training adds, and how they become part of the weights at its end.

A training adds adapters of its own to the plain model and merges them when it ends, so whatever comes before it
(adapting an encoder) or after it (another training from the same start, the saved file) has to do with plain models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ftsuite.models.blocks import Block
from ftsuite.models.lora import LoraAdapters, add_lora
from ftsuite.models.lora_blocks import adapter_part, with_adapters
from ftsuite.training.precision import in_float32

if TYPE_CHECKING:
    from ftsuite.config import LoraConfig


@dataclass(frozen=True)
class PlannedAdapters:
    """What adding adapters to a model would give.

    Attributes:
        blocks: of the model, with the variables of adapters that were there for a moment; of these only the names and
            shapes mean anything.
        trained_paths: of the backbone's variables that may train: adapters, and biases where the config wants them.
        layers: number of layers with an adapter.
        left_out: why other layers that were meant have none, by path.
    """

    blocks: tuple[Block, ...]
    trained_paths: frozenset[str]
    layers: int
    left_out: dict[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in a sentence."""
        if not self.left_out:
            return ()
        first, reason = next(iter(self.left_out.items()))
        named = ", ".join(self.left_out)
        return (
            f"LoRA changes {self.layers} layers and leaves {len(self.left_out)} out, which stay frozen: {named}. "
            f"Of {first}: {reason}.",
        )


def attach_adapters(backbone: Any, lora: LoraConfig, seed: int) -> LoraAdapters:
    """Add the adapters of a config to a backbone; the same ones each time.

    Args:
        backbone: a built Keras model.
        lora: ``finetune.lora``.
        seed: of the job.

    Raises:
        ConfigError: where a target means no layer, or adapters fit on none of them.
    """
    return add_lora(backbone, lora.rank, lora.alpha, lora.targets, seed)


def planned_adapters(backbone: Any, blocks: Sequence[Block], lora: LoraConfig, seed: int) -> PlannedAdapters:
    """Find out what `attach_adapters` adds, and leave the model as it is.

    Args:
        backbone: a built Keras model.
        blocks: of the training model, head last.
        lora: ``finetune.lora``.
        seed: of the job.

    Raises:
        ConfigError: as `attach_adapters`.
    """
    adapters = attach_adapters(backbone, lora, seed)
    try:
        wider = with_adapters(blocks, adapters)
        trained = adapter_part(wider, adapters, whole=(), biases=lora.biases)
        paths = frozenset(variable.path for block in trained for variable in block.variables)
        return PlannedAdapters(wider, paths, len(adapters.adapters), adapters.left_out)
    finally:
        adapters.remove()


def merge_measured(adapters: LoraAdapters, model: Any, features: Sequence[Any]) -> dict[str, Any]:
    """Merge the adapters, and compare what the model gives before and after.

    Args:
        adapters: of the model, trained; they are gone afterwards.
        model: that they are in; what was compiled or traced of it before no longer holds.
        features: a few batches for the model.

    Returns:
        ``layers``: adapters that were merged; ``left_out``: paths of layers that were meant and have none;
        ``largest_difference`` of an output in float32, as a share of the largest output, or of 1 where that is less. It
        is one of rounding.
    """
    told = {"layers": len(adapters.adapters), "left_out": list(adapters.left_out)}
    with in_float32(model):
        before = _outputs(model, features)
        adapters.merge()
        after = _outputs(model, features)
    difference = float(np.abs(after - before).max() / max(float(np.abs(before).max()), 1.0))
    return {**told, "largest_difference": float(f"{difference:.1e}")}


def _outputs(model: Any, features: Sequence[Any]) -> np.ndarray:
    """Outputs ``(examples, …)`` of a model in inference, past anything that was traced."""
    made = [model(keras.tree.map_structure(keras.ops.convert_to_tensor, batch), training=False) for batch in features]
    return np.concatenate([np.asarray(keras.ops.cast(m, "float32")) for m in made])
