"""Ordered blocks of a backbone, from input to output: the units that a plan freezes and thaws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# The names that EfficientNet, MobileNet, VGG (block), ResNet (stack), DenseNet (stack, transition), ConvNeXt-like and
# Swin (stage), ViT (transformer_block), BERT (transformer_layer) and DINO (layers) give to their repeated parts.
_REPEATED = re.compile(
    r"(?:^|[/_])(?P<kind>transformer_block|transformer_layer|downsampling_block|stage|stack|transition|block|layers?|level)"
    r"_?(?P<number>\d+)"
)
# The names that text encoders give to theirs: BERT and its like, DeBERTa, F-Net.
_TEXT_LAYER = re.compile(
    r"(?:^|/)(?:transformer_layer|disentangled_attention_encoder_layer|f_net_layer)_(?P<number>\d+)(?:/|$)"
)
# ALBERT's layers share their weights within a group.
_SHARED_TEXT_LAYER = re.compile(r"(?:^|/)group_(?P<group>\d+)_inner_layer_(?P<inner>\d+)(?:/|$)")


@dataclass(frozen=True)
class Block:
    """A named group of a model's weights, in the order of the computation.

    Attributes:
        name: for instance ``stem``, ``block3``, ``transformer_block_11``, ``top``, ``head``; of a text encoder
            ``embeddings``, ``transformer_layer_0``.
        variables: Keras variables, trainable or not; every weight of the model is in one block only.
    """

    name: str
    variables: tuple[Any, ...]


def find_blocks(backbone: Any) -> tuple[Block, ...]:
    """Group a backbone's weights into ordered blocks by the names of its layers.

    Weights before the first repeated part form ``stem``, ``embeddings`` in a text encoder, those after the last one
    ``top``; a weight between two repeated parts belongs to the one before it. The repeated parts of a text encoder are
    called ``transformer_layer_0`` and so on, whatever its family calls them. Where no name follows a known pattern,
    every layer that has weights is a block of its own.

    Args:
        backbone: a built Keras model.

    Returns:
        Blocks that cover every weight of the backbone exactly once.
    """
    weights = list(backbone.weights)
    reads_text = any("token_embedding" in variable.path for variable in weights)
    part_of = _text_part if reads_text else _repeated_part
    keys = [part_of(variable.path) for variable in weights]
    found = [position for position, key in enumerate(keys) if key is not None]
    if not found:
        return _blocks_of(weights, [variable.path.rpartition("/")[0] or variable.path for variable in weights])
    names: list[str] = []
    for position, key in enumerate(keys):
        if key is not None:
            names.append(key)
        elif position < found[0]:
            names.append("embeddings" if reads_text else "stem")
        elif position > found[-1]:
            names.append("top")
        else:
            names.append(names[-1])
    return _blocks_of(weights, names)


def _repeated_part(path: str) -> str | None:
    match = _REPEATED.search(path)
    if match is None:
        return None
    kind, number = match["kind"], int(match["number"])
    if kind == "transition":
        # A DenseNet's transition ends the stack of its number.
        return f"stack{number}"
    if kind == "downsampling_block":
        # A ConvNeXt's downsampling opens the stage after the one of its number.
        return f"stage_{number + 1}"
    separator = "" if kind in ("block", "stack") else "_"
    return f"{kind}{separator}{number}"


def _text_part(path: str) -> str | None:
    shared = _SHARED_TEXT_LAYER.search(path)
    if shared is not None:
        # Mostly one group of one layer; more than one inner layer is in no published ALBERT, but has a name here.
        inner = f"_{shared['inner']}" if int(shared["inner"]) else ""
        return f"transformer_layer_{int(shared['group'])}{inner}"
    match = _TEXT_LAYER.search(path)
    return None if match is None else f"transformer_layer_{int(match['number'])}"


def _blocks_of(weights: Sequence[Any], names: Sequence[str]) -> tuple[Block, ...]:
    grouped: dict[str, list[Any]] = {}
    for name, variable in zip(names, weights, strict=True):
        grouped.setdefault(name, []).append(variable)
    return tuple(Block(name, tuple(variables)) for name, variables in grouped.items())
