"""Which languages texts are in, and which texts are in another one than nearly all others."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged

# Of shorter texts and less sure answers a language is a guess. Measured on 8,530 English reviews: all 24 that are found
# with these are in Spanish, Portuguese or French; with half the certainty some are English.
_FEWEST_CHARACTERS = 40
_SUREST = 0.9
_MOST_TEXTS = 20_000
_MOST_CHARACTERS = 300
_MANY = 0.02


def check_text_languages(examples: Examples) -> list[Finding]:
    """Tell the language of texts, at most 20,000 of them, evenly taken.

    Args:
        examples: of kind ``text``; of others nothing is found.
    """
    if examples.kind != "text" or not len(examples):
        return []
    positions = np.arange(len(examples))
    if len(positions) > _MOST_TEXTS:
        positions = np.linspace(0, len(examples) - 1, _MOST_TEXTS).astype(np.int64)
    told: dict[int, tuple[str, float]] = {}
    for at in positions.tolist():
        language, sure = language_of(examples.inputs[at])
        if language and sure >= _SUREST:
            told[at] = language, sure
    counts = Counter(language for language, _ in told.values())
    if not counts:
        return []
    main, most = counts.most_common(1)[0]
    others = len(told) - most
    figures = {"texts": len(positions), "sure": len(told), "languages": dict(counts.most_common())}
    if not others:
        return [Finding("languages", "note", f"All texts whose language is sure are in {main}.", figures=figures)]
    shown = ", ".join(f"{count:,} {language}" for language, count in counts.most_common(6))
    flagged = sorted(
        (
            Flagged((at,), f"In {language}.", round(sure, 4))
            for at, (language, sure) in told.items()
            if language != main
        ),
        key=lambda one: -(one.score or 0.0),
    )
    return [
        Finding(
            "languages",
            "warning" if others > _MANY * len(told) else "note",
            f"{others:,} of {len(told):,} texts are in another language than {main}: {shown} (ISO 639 codes).",
            "Leave them out, or take a multilingual backbone, if new texts will be in one language alone.",
            tuple(flagged),
            figures=figures,
        )
    ]


def language_of(text: str) -> tuple[str, float]:
    """The ISO 639 code of a text's language and how sure that is, 0 to 1; empty for a text too short to tell."""
    plain = " ".join(text[: 2 * _MOST_CHARACTERS].split())[:_MOST_CHARACTERS]
    # A character of Chinese or Japanese says as much as three of an alphabet.
    if len(plain.encode("utf-8")) < _FEWEST_CHARACTERS:
        return "", 0.0
    language, sure = _identifier().classify(plain)
    return str(language), float(sure)


@functools.lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
