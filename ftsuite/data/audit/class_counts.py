"""How many examples the classes hold: none, one, a few, or many times those of another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged, Severity
from ftsuite.data.sources.found import listed

FEW_EXAMPLES = 5
# From this ratio of the largest to the smallest class on accuracy hides small classes; far above it training does, too.
UNEVEN_RATIO = 3
VERY_UNEVEN_RATIO = 10
_SHOWN = 10


def check_class_counts(examples: Examples, splits: np.ndarray, empty: Sequence[str] = ()) -> list[Finding]:
    """Find classes without examples, with too few to test, and classes of very different sizes.

    Args:
        examples: every class holds at least one.
        splits: ``(n,)`` str.
        empty: names of classes that hold none.
    """
    findings = []
    if empty:
        findings.append(
            Finding(
                "empty-classes",
                "error",
                f"{_classes(len(empty), 'holds', 'hold')} no usable example: {listed(list(empty), _SHOWN)}.",
                "Fill or delete them, or set `data.bad_files: skip`, which drops them; a run refuses them.",
                figures={"classes": list(empty)},
            )
        )
    findings += _small(examples)
    findings += _untested(examples, splits)
    findings += _uneven(examples, splits)
    return findings


def small_class_notes(examples: Examples) -> list[str]:
    """A sentence for a run on classes that hold one example."""
    counts = np.bincount(examples.labels, minlength=len(examples.class_names))
    single = [examples.class_names[label] for label in np.flatnonzero(counts == 1)]
    if not single:
        return []
    return [
        f"{_classes(len(single), 'holds', 'hold')} one example, which can be trained on or tested and not both: "
        f"{listed(single, _SHOWN)}."
    ]


def uneven_notes(examples: Examples, training: np.ndarray) -> list[str]:
    """A sentence for a run on classes of very different sizes among its training examples, by ``(n,)`` bool."""
    counts = np.bincount(examples.labels[training], minlength=len(examples.class_names))
    counts = counts[counts > 0]
    if len(counts) < 2 or counts.max() < VERY_UNEVEN_RATIO * counts.min():
        return []
    return [
        f"The largest class has {counts.max() / counts.min():,.0f} times the training examples of the smallest "
        f"({counts.max():,} and {counts.min():,}): read macro F1, which counts each class alike; "
        "finetune.class_weights: balanced trains for it."
    ]


def effective_classes(counts: np.ndarray) -> float:
    """How many classes of one size would be as mixed: the exponential of the shares' entropy (Hill, 1973).

    https://doi.org/10.2307/1934352

    Args:
        counts: ``(c,)`` examples of each class.
    """
    shares = counts[counts > 0] / counts.sum()
    return float(math.exp(-float(np.sum(shares * np.log(shares)))))


def _small(examples: Examples) -> list[Finding]:
    counts = np.bincount(examples.labels, minlength=len(examples.class_names))
    findings = []
    levels: tuple[tuple[str, Severity, int, int, str, str], ...] = (
        (
            *("one-example-classes", "warning", 1, 1, "one example"),
            "Add examples, or merge or delete the class: one example can be trained on or tested, not both.",
        ),
        (
            *("small-classes", "note", 2, FEW_EXAMPLES - 1, f"fewer than {FEW_EXAMPLES} examples"),
            "Add examples: figures of such a class rest on one or two.",
        ),
    )
    for check, severity, low, high, words, advice in levels:
        chosen = np.flatnonzero((counts >= low) & (counts <= high))
        if not len(chosen):
            continue
        names = [examples.class_names[label] for label in chosen]
        flagged = tuple(
            Flagged(
                tuple(np.flatnonzero(examples.labels == label).tolist()),
                f"{examples.class_names[label]!r} holds {counts[label]:,}.",
            )
            for label in chosen[np.argsort(counts[chosen], kind="stable")].tolist()
        )
        summary = f"{_classes(len(chosen), 'holds', 'hold')} {words}: {listed(names, _SHOWN)}."
        findings.append(Finding(check, severity, summary, advice, flagged, figures={"classes": names}))
    return findings


def _untested(examples: Examples, splits: np.ndarray) -> list[Finding]:
    """Classes that stand in some splits and not in others."""
    missing: dict[str, list[str]] = {}
    for split in ("train", "validation", "test"):
        inside = splits == split
        if inside.any():
            counts = np.bincount(examples.labels[inside], minlength=len(examples.class_names))
            names = [examples.class_names[label] for label in np.flatnonzero(counts == 0)]
            if names:
                missing[split] = names
    if not missing:
        return []
    told = "; ".join(f"{split} lacks {listed(names, 5)}" for split, names in missing.items())
    return [
        Finding(
            "classes-missing-from-splits",
            "error" if "train" in missing else "warning",
            f"Not every split holds every class: {told}.",
            "Add examples of these classes: what is not trained on is not learnt, and what is not tested is not known.",
            figures=dict(missing),
        )
    ]


def _uneven(examples: Examples, splits: np.ndarray) -> list[Finding]:
    counts = np.bincount(examples.labels[splits == "train"], minlength=len(examples.class_names))
    used = np.flatnonzero(counts)
    if len(used) < 2:
        return []
    largest, smallest = int(used[np.argmax(counts[used])]), int(used[np.argmin(counts[used])])
    ratio = float(counts[largest] / counts[smallest])
    if ratio <= UNEVEN_RATIO:
        return []
    effective = effective_classes(counts)
    return [
        Finding(
            "uneven-classes",
            "warning" if ratio >= VERY_UNEVEN_RATIO else "note",
            f"In training {examples.class_names[largest]!r} has {counts[largest]:,} examples and "
            f"{examples.class_names[smallest]!r} {counts[smallest]:,}, a ratio of {ratio:,.1f}; the {len(used):,} "
            f"classes are as mixed as {effective:,.1f} of one size.",
            "Lead with macro F1 (`evaluation.headline: macro_f1`), and try `finetune.class_weights: balanced`.",
            figures={
                "ratio": ratio,
                "effective_classes": effective,
                "largest": examples.class_names[largest],
                "smallest": examples.class_names[smallest],
            },
        )
    ]


def _classes(count: int, one: str, many: str) -> str:
    return f"{count:,} class {one}" if count == 1 else f"{count:,} classes {many}"
