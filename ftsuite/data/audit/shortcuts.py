"""Whether the form of a picture's file tells its class, which a model may learn in place of what the picture shows.

Geirhos et al., 2020, Shortcut learning in deep neural networks, https://doi.org/10.1038/s42256-020-00257-z
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.picture_facts import PictureFacts

# What a guess by form gains over naming the most common class, as a share of what there is to gain.
_TELLING = 0.3
_FEWEST = 20


def check_shortcuts(examples: Examples, splits: np.ndarray, facts: Sequence[PictureFacts | None]) -> list[Finding]:
    """Find properties of files that tell the class: format, size, shape, or grey against colour.

    Args:
        examples: pictures.
        splits: ``(n,)`` str; not looked at, a shortcut is one wherever it stands.
        facts: of each picture, None where they are not known.
    """
    # Copies have one form and one class, which says nothing of others.
    first = {content: at for at, content in reversed(list(enumerate(examples.content_hashes)))}
    known = [at for at in sorted(first.values()) if facts[at] is not None]
    if len(known) < _FEWEST or len(set(examples.labels[known].tolist())) < 2:
        return []
    found = [fact for at in known if (fact := facts[at]) is not None]
    labels = examples.labels[known].tolist()
    forms: dict[str, list[Hashable]] = {
        "file format": [fact.format for fact in found],
        "size in pixels": [(fact.width, fact.height) for fact in found],
        "shape": [round(fact.width / max(fact.height, 1), 1) for fact in found],
        "colour or grey": [fact.colourful for fact in found],
    }
    most_common = max(Counter(labels).values()) / len(labels)
    told = {}
    for name, values in forms.items():
        accuracy = guessed_by(values, labels)
        gain = (accuracy - most_common) / (1 - most_common)
        if gain > _TELLING:
            told[name] = (accuracy, values)
    if not told:
        return []
    best = max(told, key=lambda name: told[name][0])
    accuracy, values = told[best]
    return [
        Finding(
            "form-tells-class",
            "warning",
            f"The {best} alone names the class of {accuracy:.0%} of the pictures; naming the most common class "
            f"gets {most_common:.0%}. {_example(values, labels, examples.class_names)}",
            "A model can learn this in place of what the pictures show. Bring all classes into one form (size, "
            "format), or see that new pictures will differ in the same way.",
            figures={"most_common": most_common, **{name: value for name, (value, _) in told.items()}},
        )
    ]


def guessed_by(values: Sequence[Hashable], labels: Sequence[int]) -> float:
    """The share of examples whose class is the most common one among the *others* of the same value."""
    groups: dict[Hashable, Counter[int]] = defaultdict(Counter)
    for value, label in zip(values, labels, strict=True):
        groups[value][label] += 1
    right = 0
    for counts in groups.values():
        for label, count in counts.items():
            others = max((other for name, other in counts.items() if name != label), default=0)
            # An example does not vote for itself; of a tie nothing is known.
            right += count if count - 1 > others else 0
    return right / len(labels)


def _example(values: Sequence[Hashable], labels: Sequence[int], names: Sequence[str]) -> str:
    pairs = Counter(zip(values, labels, strict=True))
    alone = Counter(values)
    (value, label), count = max(pairs.items(), key=lambda item: item[1] * item[1] / alone[item[0][0]])
    shown = " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    shown = {"True": "colour", "False": "grey"}.get(shown, shown)
    return f"Of {alone[value]:,} with {shown} {count:,} are {names[label]!r}."
