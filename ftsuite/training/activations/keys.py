"""The name of kept activations: a hash of everything that they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def activation_key(parts: Mapping[str, Any]) -> str:
    """Hash what activations depend on: the trunk's weights, the data, preprocessing, boundaries, dtypes.

    Args:
        parts: of what JSON can hold: mappings with names for keys, lists and tuples, texts, numbers (NumPy's too),
            booleans, None. Their order does not matter; any other change gives another key.

    Returns:
        The sha256 of their canonical JSON, 64 lower-case hexadecimal digits.

    Raises:
        TypeError: a part that JSON cannot hold, or a key that is not a text.
        ValueError: a number that is not finite.
    """
    text = json.dumps(_plain(parts), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_texts(texts: Sequence[str]) -> str:
    """The sha256 of texts in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(str(text).encode() + b"\0")
    return digest.hexdigest()


def architecture_hash(trunk: Any) -> str:
    """A hash of every operation of a trunk and its settings."""
    described = []
    for operation in trunk.operations:
        try:
            settings = json.dumps(operation.get_config(), sort_keys=True, default=repr)
        except NotImplementedError:
            settings = ""
        described.append(f"{type(operation).__module__}.{type(operation).__qualname__} {settings}")
    return hash_texts(described)


def _plain(part: Any) -> Any:
    if isinstance(part, Mapping):
        for key in part:
            if not isinstance(key, str):  # JSON would make 1 and "1" the same
                raise TypeError(f"Expected texts as keys. Received: {key!r}.")
        return {key: _plain(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_plain(value) for value in part]
    return part.item() if isinstance(part, np.generic) else part
