"""Pseudo-perplexity of a masked-language model on held-out texts, with its interval.

Salazar et al., 2020 (https://arxiv.org/abs/1910.14659) hide one token at a time, which takes as many passes as a text
has tokens. Here disjoint sets of whole words are hidden, a few passes a text, so that every token is guessed exactly
once without the rest of its word: figures are higher than theirs, and comparable with each other alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from ftsuite.errors import DataError
from ftsuite.evaluation.figure import make_figure
from ftsuite.evaluation.intervals import bca_interval, mean_acceleration
from ftsuite.evaluation.resampling import resampled_sums

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class HiddenWords(Protocol):
    """A batch of rows with words hidden, as `ftsuite.data.masked_batches.MaskedBatch`."""

    @property
    def weights(self) -> np.ndarray:
        """``(batch, positions)``, 1 for a token to guess and 0 for none."""
        ...


def pseudo_perplexity(
    losses_of: Callable[[Any], np.ndarray],
    batches: Iterable[tuple[HiddenWords, np.ndarray]],
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """The figure of texts whose every word is hidden once.

    Args:
        losses_of: a batch to the negative log-likelihood ``(batch, positions)`` of each hidden token, in nats.
        batches: each with the number of the text ``(batch,)`` that each of its rows is of.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples of the texts.
        seed: same seed, same interval.

    Raises:
        DataError: if there is no token to guess, or a loss that is not finite.
    """
    summed: list[np.ndarray] = []
    counted: list[np.ndarray] = []
    owners: list[np.ndarray] = []
    for batch, texts in batches:
        weights = np.asarray(batch.weights, dtype=np.float64)
        summed.append((np.asarray(losses_of(batch), dtype=np.float64) * weights).sum(axis=1))
        counted.append(weights.sum(axis=1))
        owners.append(np.asarray(texts))
    if not owners:
        raise DataError("Expected at least one held-out text with a word in it. Received: none.", _ADVICE)
    _, text = np.unique(np.concatenate(owners), return_inverse=True)
    losses: FloatArray = np.bincount(text, np.concatenate(summed)).astype(np.float64)
    tokens: FloatArray = np.bincount(text, np.concatenate(counted)).astype(np.float64)
    return perplexity_figure(losses, tokens, confidence=confidence, bootstrap_samples=bootstrap_samples, seed=seed)


def frequency_perplexity(
    counts: np.ndarray,
    rows: Sequence[np.ndarray],
    texts: np.ndarray,
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """The perplexity of guessing every token by its frequency alone: a floor to read a model's figure against.

    Args:
        counts: ``(vocabulary,)`` how often each token was seen; one is added to each (Laplace).
        rows: the tokens ``(n,)`` of each held-out row.
        texts: ``(rows,)`` the number of the text that each row is of.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples of the texts.
        seed: same seed, same interval.

    Raises:
        DataError: if there is no token.
    """
    losses = -np.log((counts + 1.0) / (counts + 1.0).sum())
    return perplexity_figure(
        np.bincount(texts, [float(losses[row].sum()) for row in rows]).astype(np.float64),
        np.bincount(texts, [float(len(row)) for row in rows]).astype(np.float64),
        confidence=confidence,
        bootstrap_samples=bootstrap_samples,
        seed=seed,
    )


def perplexity_figure(
    losses: FloatArray,
    tokens: FloatArray,
    *,
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """``exp`` of the mean loss a token, with a BCa bootstrap interval over texts (Efron, 1987).

    Texts are resampled and not tokens, because the tokens of one text are hard or easy together.

    Args:
        losses: ``(n,)`` summed negative log-likelihoods of each text.
        tokens: ``(n,)`` tokens of each text.
        confidence: between 0 and 1.
        bootstrap_samples: number of resamples.
        seed: same seed, same interval.

    Returns:
        ``{"value", "ci95", "n"}``, n the number of texts with a token.

    Raises:
        DataError: if there is no token, or a loss that is not finite.
    """
    present = tokens > 0
    losses, tokens = losses[present], tokens[present]
    n = len(tokens)
    if n == 0:
        raise DataError("Expected at least one held-out text with a word in it. Received: none.", _ADVICE)
    mean = float(losses.sum() / tokens.sum())
    if not math.isfinite(mean):
        raise DataError(f"Expected finite losses of held-out texts. Received a mean of {mean}.", _ADVICE)
    interval = None
    if n > 1:
        terms = scipy.sparse.csr_matrix(np.stack([losses, tokens], axis=1))
        sums = resampled_sums(terms, bootstrap_samples, seed)
        # What each text adds to the mean, to first order: the mean is a ratio of two sums.
        acceleration = mean_acceleration(losses - mean * tokens)
        low, high = bca_interval(mean, sums[:, 0] / sums[:, 1], acceleration, confidence)
        interval = (math.exp(low), math.exp(high))
    return make_figure(math.exp(mean), interval, n, confidence)


_ADVICE = "Give more texts, or another source of them, in options.adapt."
