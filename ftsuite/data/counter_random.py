"""Random numbers that are a pure function of a key, for many keys at once, in plain NumPy.

Philox 4x32-10 (Salmon et al., 2011, https://doi.org/10.1145/2063384.2063405), a generator without a state: what a
picture becomes in an epoch depends on (run seed, epoch, example) alone, in whatever thread and batch it is made.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
_KEY_STEPS = np.array([0x9E3779B9, 0xBB67AE85], np.uint64)
_SCALE = 2.0**-32


def philox(words: tuple[np.ndarray, ...], keys: np.ndarray) -> np.ndarray:
    """The generator itself.

    Args:
        words: four counters ``(n,)`` uint64 below 2**32.
        keys: ``(n, 2)`` of 32-bit integers, signed or not.

    Returns:
        ``(n, 4)`` uint64, each below 2**32.
    """
    # Both halves of a round at once, flat and in place: what this costs is calls of NumPy, not numbers.
    count = len(keys)
    even, odd, key = np.concatenate(words[0::2]), np.concatenate(words[1::2]), keys.T.astype(np.uint64).ravel() & _LOW
    multipliers, steps = np.repeat(_MULTIPLIERS, count), np.repeat(_KEY_STEPS, count)
    product = np.empty_like(even)
    for _ in range(_ROUNDS):
        np.multiply(even, multipliers, out=product)
        np.right_shift(product[count:], _HALF, out=even[:count])
        np.right_shift(product[:count], _HALF, out=even[count:])
        even ^= odd
        even ^= key
        np.bitwise_and(product[count:], _LOW, out=odd[:count])
        np.bitwise_and(product[:count], _LOW, out=odd[count:])
        key += steps
        key &= _LOW
    return np.stack([even[:count], odd[:count], even[count:], odd[count:]], axis=1)


def uniforms(keys: np.ndarray, stream: int | np.ndarray, block: int | np.ndarray = 0) -> np.ndarray:
    """Four numbers of each key, evenly spread over [0, 1).

    Args:
        keys: ``(n, 2)`` of 32-bit integers, signed or not.
        stream: what the numbers are for, of all or ``(n,)`` of each; other streams of a key are independent.
        block: counts within a stream, of all or ``(n,)`` of each.

    Returns:
        ``(n, 4)`` float64.
    """
    zeros = np.zeros(len(keys), np.uint64)
    words = (zeros + np.asarray(block, np.uint64), zeros + np.asarray(stream, np.uint64), zeros, zeros)
    return philox(words, keys).astype(np.float64) * _SCALE
