"""Random numbers that are a pure function of a key, for many keys at once, in plain NumPy.

Philox 4x32-10 (Salmon et al., 2011, https://doi.org/10.1145/2063384.2063405), a generator without a state: what a
picture becomes in an epoch depends on (run seed, epoch, example) alone, in whatever thread and batch it is made.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_SCALE = 2.0**-32


def philox(words: tuple[np.ndarray, ...], keys: np.ndarray) -> np.ndarray:
    """The generator itself.

    Args:
        words: four counters ``(n,)`` uint64 below 2**32.
        keys: ``(n, 2)`` of 32-bit integers, signed or not.

    Returns:
        ``(n, 4)`` uint64, each below 2**32.
    """
    word_0, word_1, word_2, word_3 = words
    key_0, key_1 = (np.ascontiguousarray(keys[:, column]).astype(np.uint64) & _LOW for column in (0, 1))
    for _ in range(_ROUNDS):
        product_0, product_1 = word_0 * _MULTIPLIERS[0], word_2 * _MULTIPLIERS[1]
        word_0, word_2 = (product_1 >> _HALF) ^ word_1 ^ key_0, (product_0 >> _HALF) ^ word_3 ^ key_1
        word_1, word_3 = product_1 & _LOW, product_0 & _LOW
        key_0, key_1 = (key_0 + _KEY_STEPS[0]) & _LOW, (key_1 + _KEY_STEPS[1]) & _LOW
    return np.stack([word_0, word_1, word_2, word_3], axis=1)


def uniforms(keys: np.ndarray, stream: int | np.ndarray, block: int = 0) -> np.ndarray:
    """Four numbers of each key, evenly spread over [0, 1).

    Args:
        keys: ``(n, 2)`` of 32-bit integers, signed or not.
        stream: what the numbers are for, of all or ``(n,)`` of each; other streams of a key are independent.
        block: counts within a stream.

    Returns:
        ``(n, 4)`` float64.
    """
    zeros = np.zeros(len(keys), np.uint64)
    words = (zeros + np.uint64(block), zeros + np.asarray(stream, np.uint64), zeros, zeros)
    return philox(words, keys).astype(np.float64) * _SCALE
