"""Whether the test differs from what is trained on: in what examples are like, and in how common classes are."""

from __future__ import annotations

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.class_shares import class_share_test
from ftsuite.data.audit.findings import Finding, Flagged, Severity
from ftsuite.data.audit.two_samples import TwoSampleTest, two_sample_test
from ftsuite.data.audit.units import checked_features, units_of

DRIFT_CHECK = "train-test-drift"
CLASSES_CHECK = "class-share-drift"
LEVEL = 0.01
# Significant differences that are no larger than this are told as notes: with many examples anything is significant.
_HARMFUL_AUC = 0.6
_HARMFUL_DISTANCE = 0.1
_SHOWN = 20
_FEWEST_PER_SIDE = 20


def check_drift(examples: Examples, splits: np.ndarray, features: np.ndarray, *, seed: int) -> list[Finding]:
    """Compare the test with the training examples (validation among them).

    Two tests, each exact at its level where there is no drift: of what the examples of a class are like
    (`ftsuite.data.audit.two_samples`), and of how common the classes are (`ftsuite.data.audit.class_shares`). Copies
    within a side count once, and contents that lie on both sides are left out of the first test: they are drawn from
    both, and another check tells of them.

    Args:
        examples: n of them.
        splits: ``(n,)`` str of ``train``, ``validation`` and ``test``.
        features: ``(n, d)`` finite floats of a frozen backbone.
        seed: of folds and permutations.

    Returns:
        A finding for each of the two that could be made, ``note`` where nothing was found; none where a side has fewer
        than 20 different examples.

    Raises:
        ValueError: features that are not as said.
    """
    checked_features(features, len(examples))
    in_test = np.asarray(splits == "test")
    rows = _comparable(examples, in_test)
    units = units_of(examples)
    findings = []
    if min(in_test[rows].sum(), (~in_test[rows]).sum()) >= _FEWEST_PER_SIDE:
        chosen = features if len(rows) == len(examples) else features[rows]
        test = two_sample_test(chosen, in_test[rows], examples.labels[rows], units[rows], seed)
        if test is not None:
            findings.append(_drift_finding(examples, rows, in_test, test))
        shares = class_share_test(examples.labels[rows], in_test[rows], units[rows], len(examples.class_names), seed)
        if shares is not None:
            findings.append(_class_finding(examples, *shares))
    return findings


def _comparable(examples: Examples, in_test: np.ndarray) -> np.ndarray:
    """Positions ``(m,)`` int64 of the first of each content that lies on one side alone."""
    first: dict[str, int] = {}
    crossing: set[str] = set()
    for position, content in enumerate(examples.content_hashes):
        at = first.setdefault(content, position)
        if in_test[at] != in_test[position]:
            crossing.add(content)
    return np.asarray([at for content, at in first.items() if content not in crossing], dtype=np.int64)


def _drift_finding(examples: Examples, rows: np.ndarray, in_test: np.ndarray, test: TwoSampleTest) -> Finding:
    found = test.p_value <= LEVEL and test.auc > 0.5
    harmful = found and test.auc >= _HARMFUL_AUC
    told = f"A classifier tells test from training examples with an area under the curve of {test.auc:.3f}"
    chance = f"0.5 is chance; p = {test.p_value:.3g}, {test.count:,} examples"
    flagged = []
    if found:
        of_test = np.flatnonzero(in_test[rows] & np.isfinite(test.scores))
        telling = of_test[np.argsort(-test.scores[of_test], kind="stable")][:_SHOWN]
        flagged = [_telling(examples, int(rows[at]), float(test.scores[at])) for at in telling]
    severity: Severity = "warning" if harmful else "note"
    summary = (
        f"{told} ({chance})." if found else f"No difference between test and training is found ({told}; {chance})."
    )
    advice = (
        "Find out what differs (another camera, source or time): figures of this test are of other data than what the "
        "model learns from. Where the test is what the model will meet, add such examples to the training."
    )
    figures = {
        "auc": round(test.auc, 4),
        "balanced_accuracy": round(test.balanced_accuracy, 4),
        "p_value": test.p_value,
        "permutations": test.permutations,
        "examples": test.count,
        "left_out_as_copies": len(examples) - len(rows),
    }
    return Finding(DRIFT_CHECK, severity, summary, advice if found else "", tuple(flagged), figures=figures)


def _telling(examples: Examples, position: int, score: float) -> Flagged:
    name = examples.class_names[int(examples.labels[position])]
    return Flagged((position,), f"Of the test, labelled {name!r}, and least like what is trained on.", round(score, 6))


def _class_finding(examples: Examples, distance: float, p_value: float, shares: np.ndarray) -> Finding:
    found = p_value <= LEVEL
    severity: Severity = "warning" if found and distance >= _HARMFUL_DISTANCE else "note"
    change = shares[1] - shares[0]
    most = np.argsort(-np.abs(change), kind="stable")[:3]
    named = ", ".join(f"{examples.class_names[at]!r} {shares[0][at]:.1%} to {shares[1][at]:.1%}" for at in most)
    if found:
        summary = f"Classes are not as common in the test as in training (p = {p_value:.3g}): {named}."
        advice = (
            "Read figures by class (macro F1), or draw the test anew where it should be like the training; where the "
            "training should follow the test, weigh its classes."
        )
    else:
        summary, advice = f"Classes are about as common in the test as in training (p = {p_value:.3g}).", ""
    figures = {
        "total_variation": round(distance, 4),
        "p_value": p_value,
        "train_shares": [round(float(share), 5) for share in shares[0]],
        "test_shares": [round(float(share), 5) for share in shares[1]],
    }
    return Finding(CLASSES_CHECK, severity, summary, advice, figures=figures)
