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
_BUCKET_PARTNERS = 16
MOST_PARTNERS = 16
_BLOCK_PAIRS = 65_536
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


def pairs_in_bands(signed: np.ndarray, least_jaccard: float, most: int = MOST_PARTNERS) -> np.ndarray:
    """Find pairs that share a band and whose signatures do not rule out the similarity.

    The work is bounded where very many texts are alike, such as lines of one form: in a bucket each member meets the
    16 that follow it, and of each text only the most alike partners are kept.

    Args:
        signed: ``(n, 128)`` uint32.
        least_jaccard: of pairs that are wanted; the estimate may lie 0.15 below it.
        most: a pair is kept where it is among so many most alike of either end.

    Returns:
        ``(k, 2)`` int64, the lower place first, rising, no pair twice.
    """
    count = len(signed)
    codes, agreements = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    for band in range(BANDS):
        pairs = _bucket_pairs(_band_keys(signed[:, band * BAND_ROWS : (band + 1) * BAND_ROWS]))
        found = _without_repeats(pairs[:, 0] * count + pairs[:, 1])
        fresh = found[~np.isin(found, codes, assume_unique=True, kind="sort")]
        agree = _agreements(signed, fresh)
        alike = agree >= (least_jaccard - _ESTIMATE_SLACK) * PLACES
        codes = np.concatenate([codes, fresh[alike]])
        agreements = np.concatenate([agreements, agree[alike]])
        if len(codes) > 4 * most * count or band == BANDS - 1:
            kept = _strongest(codes, agreements, count, most)
            codes, agreements = codes[kept], agreements[kept]
    codes = np.sort(codes)
    return np.stack([codes // max(count, 1), codes % max(count, 1)], axis=1)


def _strongest(codes: np.ndarray, agreements: np.ndarray, count: int, most: int) -> np.ndarray:
    """Which pairs are among the `most` with the highest agreement of one of their ends, ``(k,)`` bool."""
    kept = np.zeros(len(codes), dtype=bool)
    ends = np.concatenate([codes // max(count, 1), codes % max(count, 1)])
    order = np.lexsort((np.tile(codes, 2), -np.tile(agreements, 2).astype(np.int16), ends))
    starts = np.searchsorted(ends[order], ends[order])
    kept[order[np.arange(len(order)) - starts < most] % max(len(codes), 1)] = True
    return kept


def _band_keys(band: np.ndarray) -> np.ndarray:
    """One number ``(n,)`` uint64 for the four of each row; different rows share one about never."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for column in range(band.shape[1]):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + band[:, column]
    return keys


def _bucket_pairs(keys: np.ndarray) -> np.ndarray:
    """Pairs ``(k, 2)`` of places with the same key, of each place those with the next 16 in its bucket."""
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


def _without_repeats(numbers: np.ndarray) -> np.ndarray:
    """Sorted, each once; numpy's own `unique` hashes whole numbers, which takes a hundred times as long for many."""
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _agreements(signed: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """In how many places the signatures of each pair agree, ``(k,)`` uint8."""
    counted = np.zeros(len(codes), dtype=np.uint8)
    for start in range(0, len(codes), _BLOCK_PAIRS):
        first, second = np.divmod(codes[start : start + _BLOCK_PAIRS], len(signed))
        counted[start : start + _BLOCK_PAIRS] = (signed[first] == signed[second]).sum(axis=1)
    return counted
