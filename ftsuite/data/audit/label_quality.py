"""How well each label fits its example, by confident learning.

Northcutt, Jiang and Chuang, 2021 (https://arxiv.org/abs/1911.00068): out-of-sample probabilities, a threshold a class
that is the mean confidence of the class in itself, and the confident joint that counts which given label goes with
which other class above that class's threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftsuite.data.audit.calibration import calibrated
from ftsuite.data.audit.held_out import HeldOut
from ftsuite.data.audit.ridge import FoldedRidge
from ftsuite.data.audit.text_votes import word_scores
from ftsuite.data.audit.units import checked_features, folds_of, units_per_class

FOLDS = 5
# With fewer there may be nothing of a class left to learn it from when an example is held out.
FEWEST_UNITS = 3
_BLOCK_ROWS = 65_536


@dataclass(frozen=True)
class LabelQuality:
    """What out-of-sample probabilities say of each label.

    Attributes:
        probabilities: ``(n, classes)`` float32, of a classifier that saw neither the example nor its copies.
        scores: ``(n,)`` float32, one minus the probability of the given label: larger is worse. 0 where not judged.
        order: ``(n,)`` int64 positions of all examples, the most doubtful label first.
        suggested: ``(n,)`` int64, the class of the confident joint; the given one where no other is confident.
        judged: ``(n,)`` bool, False for examples of classes with too few different examples.
        thresholds: ``(classes,)`` float64, the mean probability of a class among the examples that bear it.
        joint: ``(classes, classes)`` int64, the confident joint: given label by confident class.
    """

    probabilities: np.ndarray
    scores: np.ndarray
    order: np.ndarray
    suggested: np.ndarray
    judged: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray

    def doubtful(self, labels: np.ndarray) -> np.ndarray:
        """Positions ``(k,)`` int64 off the diagonal of the confident joint, the most doubtful first."""
        return self.order[(self.suggested != labels)[self.order]]


def label_quality(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    seed: int,
    *,
    num_classes: int | None = None,
    texts: Sequence[str] | None = None,
    held_out: HeldOut | None = None,
) -> LabelQuality:
    """Judge every label by classifiers that did not see its example.

    Args:
        features: ``(n, d)`` finite floats.
        labels: ``(n,)`` int64.
        groups: ``(n,)`` int64 from 0; examples of a group (copies of each other, say) are held out together.
        seed: of the folds.
        num_classes: of the data set; None for as many as `labels` name.
        texts: n texts whose words vote besides the features; None for pictures.
        held_out: what trained models say of examples that they did not see, which votes besides the features where
            there is any; None for none.

    Raises:
        ValueError: features that are not as said.
    """
    features, labels = checked_features(features, len(labels)), np.asarray(labels, dtype=np.int64)
    classes = num_classes if num_classes is not None else int(labels.max(initial=-1)) + 1
    judged = (units_per_class(groups, labels, classes) >= FEWEST_UNITS)[labels]
    probabilities = _given(labels, classes)
    rows = np.flatnonzero(judged)
    if len(np.unique(labels[rows])) > 1:
        probabilities[rows] = _out_of_sample(features, labels, groups, rows, seed, classes, texts, held_out)
    own = probabilities[np.arange(len(labels)), labels]
    scores = np.where(judged, 1.0 - own, 0.0).astype(np.float32)
    order = np.lexsort((np.arange(len(labels)), -scores, ~judged))
    thresholds, likely = _confident(probabilities, labels, judged)
    joint = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(joint, (labels[likely >= 0], likely[likely >= 0]), 1)
    suggested = np.where(likely >= 0, likely, labels)
    return LabelQuality(probabilities, scores, order, suggested, judged, thresholds, joint)


def _out_of_sample(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    rows: np.ndarray,
    seed: int,
    classes: int,
    texts: Sequence[str] | None,
    held_out: HeldOut | None,
) -> np.ndarray:
    """Probabilities ``(len(rows), classes)`` of the rows, among the classes that they have."""
    present, own = np.unique(labels[rows], return_inverse=True)
    chosen = features if len(rows) == len(features) else features[rows]
    _, units = np.unique(groups[rows], return_inverse=True)
    folds = folds_of(units, own, FOLDS, seed)
    targets = np.zeros((len(rows), len(present)), dtype=np.float32)
    targets[np.arange(len(rows)), own] = 1.0
    votes = [FoldedRidge(chosen, folds, seed=seed).scores(targets)]
    if texts is not None:
        words = word_scores([texts[row] for row in rows], targets, folds)
        votes.extend([] if words is None else [words])
    found = np.zeros((len(rows), classes), dtype=np.float32)
    found[:, present] = calibrated(votes, own, seed)
    covered = np.zeros(len(rows), dtype=bool) if held_out is None else held_out.covered[rows]
    if held_out is not None and covered.any():
        # One more weight, fitted where there is something to weigh; all others keep what the features alone say.
        trained = held_out.scores[rows][covered][:, present]
        told = calibrated([trained, *(vote[covered] for vote in votes)], own[covered], seed)
        found[np.ix_(covered, present)] = told
    return found


def _given(labels: np.ndarray, classes: int) -> np.ndarray:
    found = np.zeros((len(labels), classes), dtype=np.float32)
    found[np.arange(len(labels)), labels] = 1.0
    return found


def _confident(probabilities: np.ndarray, labels: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thresholds of the classes, and the class that each example is confidently of, -1 for none."""
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    counts = np.bincount(labels[judged], minlength=classes)
    sums = np.bincount(labels[judged], weights=own[judged], minlength=classes)
    # No example may be thought to be of a class that was not judged.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    likely = np.full(len(labels), -1, dtype=np.int64)
    for start in range(0, len(labels), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        sure = np.where(probabilities[rows] >= thresholds, probabilities[rows], -1.0)
        likely[rows] = np.where((sure.max(axis=1) >= 0) & judged[rows], sure.argmax(axis=1), -1)
    return thresholds, likely
