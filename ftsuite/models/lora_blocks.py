"""Adapters among the blocks of a plan: where they belong, and what trains with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ftsuite.models.blocks import Block
from ftsuite.models.lora import LoraAdapters


def with_adapters(blocks: Sequence[Block], adapters: LoraAdapters) -> tuple[Block, ...]:
    """The same blocks, each adapter's variables right after the kernel that they change.

    Raises:
        ValueError: if a kernel is in none of the blocks.
    """
    added = {id(adapter.kernel): adapter.variables for adapter in adapters.adapters}
    known = {id(variable) for block in blocks for variable in block.variables}
    if not added.keys() <= known:
        raise ValueError("Every kernel with an adapter must be in a block. Received: blocks of another model.")
    # Variables of adapters that are there already stay where they are, once.
    present = {id(variable) for variable in adapters.variables} & known
    return tuple(
        Block(
            block.name,
            tuple(
                each
                for variable in block.variables
                for each in (variable, *(v for v in added.get(id(variable), ()) if id(v) not in present))
            ),
        )
        for block in blocks
    )


def adapter_part(
    blocks: Sequence[Block], adapters: LoraAdapters, whole: Collection[str] = ("head",), biases: bool = False
) -> tuple[Block, ...]:
    """The same blocks with only what a stage of adapters trains; the rest is in no block, and so frozen.

    For `ftsuite.models.freezing.set_trainable`, which trains what is in the named blocks and freezes everything else.

    Args:
        blocks: as `with_adapters` gives them.
        adapters: of the model.
        whole: names of blocks that train as a whole.
        biases: train the biases of the layers with adapters as well, which costs almost nothing.
    """
    kept = {id(variable) for variable in adapters.variables}
    if biases:
        kept |= {id(bias) for adapter in adapters.adapters if (bias := _bias(adapter.form.layer)) is not None}
    return tuple(
        block if block.name in whole else Block(block.name, tuple(v for v in block.variables if id(v) in kept))
        for block in blocks
    )


def _bias(layer: Any) -> Any:
    return getattr(layer, "bias", None)
