"""Batches of texts of like length, so that none is padded for one long text.

An epoch's order is cut into chunks of some batches each; within a chunk texts are sorted by length, cut into
batches, and the batches are shuffled. Order stays random at two levels (which texts share a chunk, and which
batch comes when) and a pure function of (seed, epoch).
"""

from __future__ import annotations

import numpy as np

CHUNK_BATCHES = 64


def training_rows(lengths: np.ndarray, batch_size: int, seed: int, epoch: int, chunk: int) -> np.ndarray:
    """How the rows of a chunk are put in order, so that each `batch_size` that follow each other are a batch.

    Args:
        lengths: ``(n,)`` tokens of each text, in the epoch's order; n is a multiple of `batch_size`.
        batch_size: rows a batch.
        seed: of the run.
        epoch: counted from 0 through all stages.
        chunk: number of the chunk in the epoch, from 0.

    Returns:
        ``(n,)`` int64, a permutation of ``range(n)``.
    """
    # Stable, so that texts of one length stay in the epoch's order, which is random already.
    batches = np.argsort(lengths, kind="stable").reshape(-1, batch_size)
    shuffled = np.random.default_rng([seed, epoch, chunk, 0xB4]).permutation(len(batches))
    return batches[shuffled].reshape(-1).astype(np.int64)


def evaluation_rows(lengths: np.ndarray) -> np.ndarray:
    """The longest first, so that memory is known to be enough at once: ``(n,)`` int64, a permutation."""
    return np.argsort(-lengths.astype(np.int64), kind="stable").astype(np.int64)
