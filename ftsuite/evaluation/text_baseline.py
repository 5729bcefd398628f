"""The baseline that a fine-tuned text model has to beat: TF-IDF with logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import sklearn.metrics
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from ftsuite.evaluation.metrics import evaluate_predictions
from ftsuite.evaluation.paired import paired_difference, paired_macro_f1_difference

MOST_FEATURES = 200_000
# Ascending: each fit starts from the one before, so that the whole path costs little more than its last step.
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
_MOST_STEPS = 300
# The solver stops by the gradient of the mean loss, which is small from the start over so many rare features: at
# scikit-learn's own 1e-4 it would stop long before the end, and the baseline would look weaker than it is.
_TOLERANCE = 1e-5
# Words of a single text are tried only where there are so few texts that they may matter.
_FEW_TEXTS = 1000
# Balancing classes that differ by less changes nothing that could be measured.
_UNEVEN = 1.5

FloatArray = np.ndarray[Any, np.dtype[np.float32]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class BaselineResult:
    """A fitted baseline's answers.

    Attributes:
        test_probabilities: ``(n, num_classes)`` float32; a class without a training text has 0.
        chosen: what the validation split chose: ``strength`` (C), ``class_weight``, ``min_documents``, with
            ``features`` and the ``validation`` figure; of a constant answer ``features`` alone.
    """

    test_probabilities: FloatArray
    chosen: Mapping[str, Any]


def tfidf_baseline(
    training_texts: Sequence[str],
    training_labels: ArrayLike,
    validation_texts: Sequence[str],
    validation_labels: ArrayLike,
    test_texts: Sequence[str],
    num_classes: int,
    seed: int,
    balanced: bool = True,
    metric: str = "accuracy",
) -> BaselineResult:
    """Fit TF-IDF of words and pairs of words with logistic regression, as strong as it easily gets.

    Everything is fitted on the training texts; the validation texts choose the regularisation, whether classes are
    weighed by their inverse frequency, and whether words of a single text count. The same arguments give the same
    answers. Term frequencies are sublinear (1 + log) and at most 200,000 features are used, the most frequent.

    Args:
        training_texts: at least one.
        training_labels: ``(n,)`` int, index of the class.
        validation_texts: may be empty; then the middle choice is taken.
        validation_labels: as the training labels.
        test_texts: to answer.
        num_classes: also those without a training text.
        seed: of the solver.
        balanced: also try weights by inverse class frequency, where classes are uneven.
        metric: that chooses: ``accuracy`` or ``macro_f1``.

    Raises:
        ValueError: texts and labels do not go together, or the metric is another.
    """
    labels, validation = _checked(training_texts, training_labels), _checked(validation_texts, validation_labels)
    if metric not in ("accuracy", "macro_f1"):
        raise ValueError(f"Expected the metric accuracy or macro_f1. Received: {metric!r}")
    if not len(labels):
        raise ValueError("Expected at least one training text. Received: none")
    counter = CountVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", dtype=np.float32)
    try:
        counts = counter.fit_transform(training_texts)
    except ValueError:  # no text holds a single word
        return _constant(labels, len(test_texts), num_classes)
    if len(np.unique(labels)) < 2:
        return _constant(labels, len(test_texts), num_classes)
    search = _Search(labels, validation, metric, seed, balanced)
    validation_counts = counter.transform(validation_texts) if len(validation) else None
    best: tuple[float, _Fitted] | None = None
    for documents in (1, 2) if len(labels) <= _FEW_TEXTS else (2,):
        features = _Features(counts, documents)
        if features.count:
            found = search.best(features, validation_counts)
            if best is None or found[0] > best[0]:
                best = found
    if best is None:  # no word stands in two texts
        return _constant(labels, len(test_texts), num_classes)
    return best[1].answer(counter.transform(test_texts), num_classes)


class _Features:
    """TF-IDF over the words and pairs that stand in enough training texts."""

    def __init__(self, counts: Any, documents: int) -> None:
        self.documents = documents
        kept = np.flatnonzero(np.asarray((counts > 0).sum(axis=0)).ravel() >= documents)
        if len(kept) > MOST_FEATURES:
            totals = np.asarray(counts.sum(axis=0)).ravel()[kept]
            kept = np.sort(kept[np.argsort(-totals, kind="stable")[:MOST_FEATURES]])
        self._kept, self.count = kept, len(kept)
        if self.count:
            self._weights = TfidfTransformer(sublinear_tf=True).fit(counts[:, kept])
            self.training = self.of(counts)

    def of(self, counts: Any) -> Any:
        """Sparse ``(n, count)`` float64: the solver is faster and more exact in double precision."""
        return scipy.sparse.csr_matrix(self._weights.transform(counts[:, self._kept]), dtype=np.float64)


@dataclass(frozen=True)
class _Fitted:
    """One logistic regression with the features that it reads."""

    features: _Features
    coefficients: Any
    intercepts: Any
    classes: IntArray
    chosen: Mapping[str, Any]

    def answer(self, counts: Any, num_classes: int) -> BaselineResult:
        model = _model_of(self.classes, self.coefficients, self.intercepts)
        probabilities = np.zeros((counts.shape[0], num_classes), np.float32)
        if counts.shape[0]:
            probabilities[:, self.classes] = model.predict_proba(self.features.of(counts))
        return BaselineResult(probabilities, self.chosen)


class _Search:
    """Tries every choice; the first of those that are best on validation is taken."""

    def __init__(self, labels: IntArray, validation: IntArray, metric: str, seed: int, balanced: bool) -> None:
        self._labels, self._validation, self._metric, self._seed = labels, validation, metric, seed
        counts = np.bincount(labels)
        uneven = counts.max() > _UNEVEN * counts[counts > 0].min()
        self._class_weights = (None, "balanced") if balanced and uneven else (None,)

    def best(self, features: _Features, validation_counts: Any) -> tuple[float, _Fitted]:
        held_out = None if validation_counts is None else features.of(validation_counts)
        best: tuple[float, _Fitted] | None = None
        for class_weight in self._class_weights:
            model = LogisticRegression(
                class_weight=class_weight,
                max_iter=_MOST_STEPS,
                tol=_TOLERANCE,
                warm_start=True,
                random_state=self._seed,
            )
            for strength in _STRENGTHS if held_out is not None else (3.0,):
                model.set_params(C=strength)
                with warnings.catch_warnings():
                    # Weights that could still move a little are judged on validation like any others.
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(features.training, self._labels)
                score = 0.0 if held_out is None else self._score(model.predict(held_out))
                if best is None or score > best[0]:
                    best = score, self._fitted(features, model, strength, class_weight, score)
        assert best is not None
        return best

    def _score(self, predictions: IntArray) -> float:
        if self._metric == "accuracy":
            return float(np.mean(predictions == self._validation))
        present = np.unique(self._validation)
        return float(
            sklearn.metrics.f1_score(self._validation, predictions, labels=present, average="macro", zero_division=0.0)
        )

    def _fitted(
        self, features: _Features, model: Any, strength: float, class_weight: str | None, score: float
    ) -> _Fitted:
        chosen = {
            "strength": strength,
            "class_weight": class_weight or "none",
            "min_documents": features.documents,
            "features": features.count,
            "validation": {self._metric: round(score, 6)},
        }
        return _Fitted(features, model.coef_.copy(), model.intercept_.copy(), model.classes_.copy(), chosen)


def _model_of(classes: IntArray, coefficients: Any, intercepts: Any) -> Any:
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = classes, coefficients, intercepts
    model.n_features_in_ = coefficients.shape[1]
    return model


def _checked(texts: Sequence[str], labels: ArrayLike) -> IntArray:
    values = np.asarray(labels, dtype=np.int64)
    if values.shape != (len(texts),):
        raise ValueError(f"Expected a label a text. Received: {len(texts)} texts and labels of shape {values.shape}")
    return values


def _constant(labels: IntArray, count: int, num_classes: int) -> BaselineResult:
    """The shares of the classes: all that can be said where there is nothing to learn from."""
    shares = np.bincount(labels, minlength=num_classes) / len(labels)
    return BaselineResult(np.tile(shares.astype(np.float32), (count, 1)), {"features": 0})


def describe_baseline(
    model_probabilities: ArrayLike,
    baseline_probabilities: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    confidence: float = 0.95,
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """A baseline's test figures, and how much better the model is on the same examples.

    Args:
        model_probabilities: ``(n, num_classes)``, rows sum to 1.
        baseline_probabilities: ``(n, num_classes)`` of the same examples in the same order.
        labels: ``(n,)`` int.
        class_names: in the order of the columns.
        confidence: of the intervals.
        bootstrap_samples: number of resamples.
        seed: same seed, same intervals.

    Returns:
        ``{"accuracy": figure, "macro_f1": figure, "difference": {"accuracy": figure, "macro_f1": figure}}``; the
        difference is the model less the baseline, with both resampled together.

    Raises:
        ValueError: shapes do not fit, or rows are no probabilities.
        DataError: there is no example.
    """
    options: dict[str, Any] = {"confidence": confidence, "bootstrap_samples": bootstrap_samples, "seed": seed}
    figures = evaluate_predictions(baseline_probabilities, labels, class_names, **options)
    truth = np.asarray(labels, dtype=np.int64)
    model = np.asarray(model_probabilities).argmax(axis=1)
    baseline = np.asarray(baseline_probabilities).argmax(axis=1)
    return {
        "accuracy": figures["accuracy"],
        "macro_f1": figures["macro_f1"],
        "difference": {
            "accuracy": paired_difference(model == truth, baseline == truth, **options),
            "macro_f1": paired_macro_f1_difference(model, baseline, truth, **options),
        },
    }
