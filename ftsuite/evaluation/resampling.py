"""The bootstrap over examples, for figures that are functions of sums over examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

# Bound of a block of resampling weights: 2**21 float64 are 16 MiB.
BLOCK_ELEMENTS = 2**21


def resampled_sums(terms: Any, samples: int, seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Sum every column of the terms over resamples of the rows, with replacement.

    Resampling the sums instead of the figures keeps it fast and small: 5,000 examples, 200 classes and
    2,000 samples take about a second. Sparse products run in one thread and in a fixed order, so the
    same seed gives the same bits.

    Args:
        terms: scipy sparse matrix (n, columns), what each example adds to each sum.
        samples: number of resamples.
        seed: same seed, same resamples.

    Returns:
        (samples, columns) float64.
    """
    n = terms.shape[0]
    transposed = scipy.sparse.csr_matrix(terms.T, dtype=np.float64)
    generator = np.random.default_rng(seed)
    block = max(1, min(samples, BLOCK_ELEMENTS // n))
    blocks = []
    for start in range(0, samples, block):
        size = min(block, samples - start)
        drawn = generator.integers(0, n, size=(size, n)) * size + np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=n * size).reshape(n, size).astype(np.float64)
        blocks.append((transposed @ weights).T)
    return np.concatenate(blocks, axis=0)
