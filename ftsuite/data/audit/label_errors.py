"""Labels that are likely wrong, and how many of all that may be."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged, Severity
from ftsuite.data.audit.held_out import HeldOut
from ftsuite.data.audit.label_quality import FEWEST_UNITS, FOLDS, LabelQuality, label_quality
from ftsuite.data.audit.units import units_of

CHECK = "label-errors"
# Of the examples that the classifier is surest of: there its own mistakes are few.
_SUREST_SHARE = 0.2
_CONFIDENCE_Z = 1.959963984540054
# From this estimated share on a label error is no rarity.
_WARNED_SHARE = 0.01
FEATURES, BOTH = "features", "features and folds"


def check_label_errors(
    examples: Examples, splits: np.ndarray, features: np.ndarray, *, seed: int, held_out: HeldOut | None = None
) -> list[Finding]:
    """Flag labels that classifiers on frozen features, which did not see the example, are confidently against.

    Confident learning (`ftsuite.data.audit.label_quality`) ranks all examples of all splits. Flagged are those off the
    diagonal of the confident joint, the most doubtful first, and of them no more than `surest_share` makes likely. An
    example is no error because it is flagged: somebody has to look at it.

    Args:
        examples: n of them, of any split.
        splits: ``(n,)`` str.
        features: ``(n, d)`` finite floats of a frozen backbone.
        seed: of the folds.
        held_out: what fine-tuned models say of examples that they did not see, which judges together with the
            features; None for features alone.

    Returns:
        One finding; none where there are too few examples or classes to judge by. ``figures`` has ``share``, the
        estimated share of wrong labels, and ``share_interval``: 95 % as `surest_share` has it, but as labels are more
        often wrong where examples are hard, it ends no earlier than with the share of the confident joint, which
        counts some of the classifier's own mistakes as well. ``agreement``: how often its best guess is the label.
        ``judged_by``: how many examples were judged by ``features`` alone and by ``features and folds``.

    Raises:
        ValueError: features that are not as said.
    """
    texts = examples.inputs if examples.kind == "text" else None
    quality = label_quality(
        features, examples.labels, units_of(examples), seed, num_classes=len(examples.class_names), texts=texts,
        held_out=held_out,
    )  # fmt: skip
    covered = np.zeros(len(examples), dtype=bool) if held_out is None else held_out.covered
    judged = int(quality.judged.sum())
    if len(np.unique(examples.labels[quality.judged])) < 2 or judged < 4 * FOLDS:
        return []
    share, low, most = surest_share(quality, examples.labels)
    high = max(most, joint_share(quality, examples.labels))
    doubtful = quality.doubtful(examples.labels)
    chosen = doubtful[: math.ceil(most * judged)]
    witnesses = None if held_out is None else np.where(covered, BOTH, FEATURES)
    flagged = tuple(_flagged(examples, quality, int(position), witnesses) for position in chosen)
    severity: Severity = "warning" if flagged and share >= _WARNED_SHARE else "note"
    agreement = float((quality.probabilities.argmax(axis=1) == examples.labels)[quality.judged].mean())
    figures = {
        "share": round(share, 4),
        "share_interval": [round(low, 4), round(high, 4)],
        "agreement": round(agreement, 4),
        "judged": judged,
        "not_judged": len(examples) - judged,
        "fewest_per_class": FEWEST_UNITS,
        "off_diagonal": len(doubtful),
        "flagged_by_split": dict(sorted(Counter(map(str, splits[chosen])).items())),
        "judged_by": {
            FEATURES: int((quality.judged & ~covered).sum()),
            BOTH: int((quality.judged & covered).sum()),
        },
    }
    advice = "Look at them, the first ones first, and correct those that are wrong; the rest are merely hard."
    by_both = int((quality.judged & covered).sum())
    summary = f"{_summary(len(flagged), judged, agreement, share, low, high)}{_by_whom(by_both, judged)}"
    return [Finding(CHECK, severity, summary, advice if flagged else "", flagged, figures=figures)]


def surest_share(quality: LabelQuality, labels: np.ndarray) -> tuple[float, float, float]:
    """The share of wrong labels among the examples that the classifier is surest of, and Wilson's 95 % interval.

    Of a fifth of all examples it is counted how often the label is another one than the predicted: the classifier's
    own mistakes are few there. It is the share of all where labels are wrong at random.

    Args:
        quality: of the labels.
        labels: ``(n,)`` int64.

    Returns:
        Share, lower and upper end, in [0, 1].
    """
    probabilities, given = quality.probabilities[quality.judged], labels[quality.judged]
    sureness = probabilities.max(axis=1)
    count = max(math.ceil(_SUREST_SHARE * len(given)), 1)
    surest = np.argsort(-sureness, kind="stable")[:count]
    wrong = int((probabilities[surest].argmax(axis=1) != given[surest]).sum())
    return wrong / count, *_wilson(wrong, count)


def joint_share(quality: LabelQuality, labels: np.ndarray) -> float:
    """The share off the diagonal of the confident joint, its rows scaled to how common each given label is."""
    given = np.bincount(labels[quality.judged], minlength=len(quality.joint))
    rows = np.maximum(quality.joint.sum(axis=1), 1)
    right = np.where(quality.joint.sum(axis=1) > 0, np.diag(quality.joint) / rows, 1.0)
    return float(1.0 - (right * given).sum() / max(int(given.sum()), 1))


def _wilson(hits: int, count: int) -> tuple[float, float]:
    share, z = hits / count, _CONFIDENCE_Z
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return (0.0 if hits == 0 else max(middle - spread, 0.0)), (1.0 if hits == count else min(middle + spread, 1.0))


def _flagged(examples: Examples, quality: LabelQuality, position: int, witnesses: np.ndarray | None) -> Flagged:
    given, other = int(examples.labels[position]), int(quality.suggested[position])
    own, best = (float(quality.probabilities[position, label]) for label in (given, other))
    name, suggested = examples.class_names[given], examples.class_names[other]
    detail = f"Labelled {name!r} (probability {own:.3f}); more like {suggested!r} ({best:.3f})."
    if witnesses is not None:
        detail += f" Judged by {witnesses[position]}."
    return Flagged((position,), detail, round(float(quality.scores[position]), 6), suggested)


def _summary(flagged: int, judged: int, agreement: float, share: float, low: float, high: float) -> str:
    estimate = f"An estimated {share:.1%} of the labels are wrong (95 % interval {low:.1%} to {high:.1%})."
    if not flagged:
        return f"Of {judged:,} labels none stands out as wrong. {estimate}"
    verb, them = ("label is", "it") if flagged == 1 else ("labels are", "them")
    # How far to trust it: what disagrees with every third label is no witness against one.
    who = f"a classifier that agrees with {agreement:.0%} of all labels is confidently against {them}"
    return f"{flagged:,} of {judged:,} {verb} in doubt: {who}. {estimate}"


def _by_whom(by_both: int, judged: int) -> str:
    """Whose probabilities those were, where fine-tuned folds took part."""
    if not by_both:
        return ""
    rest = f"; {judged - by_both:,} by features alone" if by_both < judged else ""
    return f" Judged by fine-tuned folds and frozen features together: {by_both:,}{rest}."
