"""How often training shows examples of several sources: each source by its share of an epoch's draws.

Shares are of draws, not of examples, as in mixtures of corpora (Raffel et al., 2020, section 3.5.2,
https://arxiv.org/abs/1910.10683): a small source with a large weight is shown several times in an epoch, and a large
one with a small weight in part. Imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ftsuite.api import Examples


def with_source_shares(training: Examples, weights: Sequence[float] | None) -> Examples:
    """Training examples with weights by which each source has its share of what an epoch shows.

    Args:
        training: the training split, of several sources.
        weights: of the sources, in the order of ``data.source``; None to show every example once.

    Returns:
        The same examples. Those of source s of n_s examples have the weight ``w_s / n_s``, scaled to a mean of 1. A
        source without a training example leaves its share to the others.
    """
    if weights is None or training.sources is None or not len(training):
        return training
    counts = np.bincount(training.sources, minlength=len(weights))
    each = np.asarray(weights, np.float64) / np.maximum(counts, 1)
    own = each[training.sources]
    return replace(training, sample_weights=(own / own.mean()).astype(np.float32))


def share_notes(training: Examples, names: Sequence[str], weights: Sequence[float] | None) -> tuple[str, ...]:
    """A sentence on what the weights come to: each source's share of an epoch, and how often it shows one example.

    Args:
        training: as `with_source_shares` was given them.
        names: of the sources.
        weights: of the sources, or None.
    """
    if weights is None or training.sources is None or not len(training):
        return ()
    counts = np.bincount(training.sources, minlength=len(weights))
    present = np.where(counts > 0, np.asarray(weights, np.float64), 0.0)
    shares = present / present.sum()
    parts = [
        f"{name} {share:.0%} ({count:,} training examples, each {share * len(training) / count:.2g} times)"
        if count
        else f"{name} nothing (no training examples)"
        for name, share, count in zip(names, shares.tolist(), counts.tolist(), strict=True)
    ]
    return (f"By the weights of the sources an epoch shows: {', '.join(parts)}.",)
