"""Random streams that belong to an example's id: any picture can be drawn alone, in any order."""

from __future__ import annotations

import hashlib

import numpy as np

FORMAT = "field-guide-v1"


def content_hash(seed: int, example_id: str) -> str:
    """The sha256 (hex) that stands for a picture's content: seed and id decide every pixel of it."""
    return hashlib.sha256(f"{FORMAT}/{seed}/{example_id}".encode()).hexdigest()


def generator_for(seed: int, example_id: str) -> np.random.Generator:
    """The stream of one example. Two ids share nothing, whatever their splits: the id is hashed whole."""
    words = np.frombuffer(bytes.fromhex(content_hash(seed, example_id)), dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))
