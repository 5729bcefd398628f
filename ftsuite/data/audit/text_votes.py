"""What the words of texts say of their classes, out of sample: naive Bayes, which a frozen encoder adds to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MOST_TERMS = 50_000
_SMOOTHING = 1.0


def word_scores(texts: Sequence[str], targets: np.ndarray, folds: np.ndarray) -> np.ndarray | None:
    """Scores of complement naive Bayes over words and pairs of words, each fold by what the others hold.

    Rennie et al., 2003 (https://people.csail.mit.edu/jrennie/papers/icml03-nb.pdf): a class is told by the words of
    all others, which small classes gain from, and weights are normalised, because words of a text are no independent
    witnesses.

    Args:
        texts: n texts.
        targets: ``(n, classes)`` float32, one-hot.
        folds: ``(n,)`` int64 from 0.

    Returns:
        ``(n, classes)`` float32, larger for the likelier class; None where the texts share no word.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=_MOST_TERMS, token_pattern=r"\w+|[^\w\s]",
        dtype=np.float32,
    )  # fmt: skip
    try:
        # Words and how rare they are come from all texts, which no label takes part in.
        vectors = vectorizer.fit_transform(texts)
    except ValueError:  # no word that two texts share
        return None
    counts = [np.asarray(vectors[folds == fold].T @ targets[folds == fold]) for fold in range(int(folds.max()) + 1)]
    whole = np.sum(counts, axis=0)
    scores = np.empty(targets.shape, dtype=np.float32)
    for fold, count in enumerate(counts):
        seen = whole - count
        others = seen.sum(axis=1, keepdims=True) - seen + _SMOOTHING
        weights = -np.log(others / others.sum(axis=0))
        # A vocabulary of one word has weights of 0.
        weights /= np.maximum(np.abs(weights).sum(axis=0), np.finfo(np.float32).tiny)
        scores[folds == fold] = vectors[folds == fold] @ weights
    # In units that a gain of a classifier can be fitted in.
    return scores - scores.mean(axis=1, keepdims=True)
