"""MinHash signatures and the pairs that share a band of them (Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900).

Two sets agree in one place of their signatures with the probability of their Jaccard similarity s. Bands of 4 places
find a pair with probability 1 - (1 - s^4)^32: 0.99 at 0.6, 0.87 at 0.5, 0.003 at 0.1 (Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3, http://www.mmds.org).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BANDS = 32
BAND_ROWS = 4
PLACES = BANDS * BAND_ROWS
# Bounds: shingles hashed at once, and how many of a bucket's members are paired with each of them.
_BLOCK_SHINGLES = 1024
_BUCKET_PARTNERS = 32
_BLOCK_PAIRS = 262_144
# An estimate from 128 places is off by at most this much in all but about one of a thousand pairs.
_ESTIMATE_SLACK = 0.15


def signatures(sets: Iterable[np.ndarray], count: int) -> np.ndarray:
    """Sign sets of hashes.

    Args:
        sets: `count` arrays ``(s,)`` uint32, none empty; read once.
        count: how many.

    Returns:
        ``(count, 128)`` uint32.
    """
    rng = np.random.default_rng(0)  # fixed, so that the same data gives the same pairs
    # Odd factors make every product a permutation of the numbers of 32 bits; the hashes are well mixed already.
    factors = rng.integers(0, 2**31, PLACES, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shifts = rng.integers(0, 2**32, PLACES, dtype=np.uint32)
    signed = np.full((count, PLACES), 2**32 - 1, dtype=np.uint32)
    work = np.empty((_BLOCK_SHINGLES, PLACES), dtype=np.uint32)
    for place, hashes in enumerate(sets):
        for start in range(0, len(hashes), _BLOCK_SHINGLES):
            block = hashes[start : start + _BLOCK_SHINGLES, None]
            permuted = np.multiply(block, factors, out=work[: len(block)])
            permuted += shifts
            np.minimum(signed[place], permuted.min(axis=0), out=signed[place])
    return signed


def pairs_in_bands(signed: np.ndarray, least_jaccard: float) -> np.ndarray:
    """Find pairs that share a band and whose signatures do not rule out the similarity.

    A bucket of very many like texts is not paired in full: each of its members meets the 32 that follow it.

    Args:
        signed: ``(n, 128)`` uint32.
        least_jaccard: of pairs that are wanted; the estimate may lie 0.15 below it.

    Returns:
        ``(k, 2)`` int64, the lower place first, rising, no pair twice.
    """
    count = len(signed)
    codes = np.zeros(0, dtype=np.int64)
    for band in range(BANDS):
        pairs = _bucket_pairs(_band_keys(signed[:, band * BAND_ROWS : (band + 1) * BAND_ROWS]))
        fresh = np.setdiff1d(pairs[:, 0] * count + pairs[:, 1], codes)
        codes = np.union1d(codes, fresh[_may_be_alike(signed, fresh, least_jaccard - _ESTIMATE_SLACK)])
    return np.stack([codes // max(count, 1), codes % max(count, 1)], axis=1)


def _band_keys(band: np.ndarray) -> np.ndarray:
    """One number ``(n,)`` uint64 for the four of each row; different rows share one about never."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for column in range(band.shape[1]):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + band[:, column]
    return keys


def _bucket_pairs(keys: np.ndarray) -> np.ndarray:
    """Pairs ``(k, 2)`` of places with the same key, of each place those with the next 32 in its bucket."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found = []
    for step in range(1, min(_BUCKET_PARTNERS, len(keys) - 1) + 1):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(same):
            break
        found.append(np.stack([order[same], order[same + step]], axis=1))
    pairs = np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)
    return np.sort(pairs, axis=1)


def _may_be_alike(signed: np.ndarray, codes: np.ndarray, least: float) -> np.ndarray:
    kept = [np.zeros(0, dtype=bool)]
    for start in range(0, len(codes), _BLOCK_PAIRS):
        first, second = np.divmod(codes[start : start + _BLOCK_PAIRS], len(signed))
        kept.append((signed[first] == signed[second]).mean(axis=1) >= least)
    return np.concatenate(kept)
