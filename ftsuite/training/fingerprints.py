"""Hashes of weights: the proof of what a stage moved and what it left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ftsuite.models.blocks import Block

_STATISTICS = ("moving_mean", "moving_variance")


def hash_variables(variables: Iterable[Any]) -> str:
    """The first 16 hexadecimal digits of the sha256 of the variables' bytes in order."""
    digest = hashlib.sha256()
    for variable in variables:
        digest.update(np.ascontiguousarray(np.asarray(variable)).tobytes())
    return digest.hexdigest()[:16]


def hash_blocks(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """For each block the hash of its weights and the hash of its BatchNorm statistics."""
    return [
        (hash_variables(block.variables), hash_variables(v for v in block.variables if v.name in _STATISTICS))
        for block in blocks
    ]


def describe_moves(
    blocks: Sequence[Block],
    before: Sequence[tuple[str, str]],
    after: Sequence[tuple[str, str]],
    trained: Sequence[str],
) -> list[dict[str, Any]]:
    """What each block did in a stage, for the journal."""
    return [
        {
            "name": block.name,
            "before": old[0],
            "after": new[0],
            "moved": old[0] != new[0],
            "expected": block.name in trained,
            "statistics_moved": old[1] != new[1],
        }
        for block, old, new in zip(blocks, before, after, strict=True)
    ]
