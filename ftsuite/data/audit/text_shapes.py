"""Lengths of texts: empty and one-word ones, very long ones, and how much of them the model does not see."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding, Flagged, Severity

_WORD = re.compile(r"\w+")
# Above this share of cut texts their length is a choice to think about, not a rare case.
_MUCH_CUT = 0.2
_LENGTH_QUANTILES = (0, 5, 25, 50, 75, 95, 99, 100)


@dataclass(frozen=True)
class TokenLengths:
    """How many tokens texts have, and which of them the model does not see whole.

    Attributes:
        counts: ``(n,)`` integers, special tokens left out.
        cut: ``(n,)`` bool.
        reads: what the model reads of a text, in words: ``at most 256 tokens``.
    """

    counts: np.ndarray
    cut: np.ndarray
    reads: str


def check_text_shapes(examples: Examples, splits: np.ndarray, tokens: TokenLengths | None = None) -> list[Finding]:
    """Look at the length of every text.

    Args:
        examples: of kind ``text``; of others nothing is found.
        splits: ``(n,)`` str; not looked at.
        tokens: of the task's own tokenizer; None where it is not to be had.
    """
    if examples.kind != "text" or not len(examples):
        return []
    words = np.fromiter((len(_WORD.findall(text)) for text in examples.inputs), dtype=np.int64, count=len(examples))
    findings = [*_wordless(words), *_one_word(words)]
    if tokens is not None:
        findings += _cut(tokens)
    findings.append(_overview(words, tokens))
    return findings


def _wordless(words: np.ndarray) -> list[Finding]:
    positions = np.flatnonzero(words == 0)
    if not len(positions):
        return []
    return [
        Finding(
            "texts-without-words",
            "warning",
            f"{len(positions):,} of {len(words):,} texts {_verb(positions)} no word.",
            "Leave them out, or see what was lost on the way: a wrong column, an attachment, a picture.",
            _flagged(positions, "No word."),
        )
    ]


def _one_word(words: np.ndarray) -> list[Finding]:
    positions = np.flatnonzero(words == 1)
    if not len(positions):
        return []
    share = len(positions) / len(words)
    severity: Severity = "warning" if share > 0.01 else "note"
    return [
        Finding(
            "one-word-texts",
            severity,
            f"{len(positions):,} of {len(words):,} texts {_verb(positions, 'is', 'are')} a single word.",
            "See whether the column holds what you mean; a class cannot be told from most single words.",
            _flagged(positions, "One word."),
        )
    ]


def _cut(tokens: TokenLengths) -> list[Finding]:
    positions = np.flatnonzero(tokens.cut)
    if not len(positions):
        return []
    longest_first = positions[np.argsort(-tokens.counts[positions], kind="stable")]
    share = len(positions) / len(tokens.cut)
    flagged = tuple(
        Flagged(
            (at,),
            f"{tokens.counts[at]:,} tokens.",
            float(tokens.counts[at]),
        )
        for at in longest_first.tolist()
    )
    return [
        Finding(
            "cut-texts",
            "warning" if share > _MUCH_CUT else "note",
            f"{len(positions):,} of {len(tokens.cut):,} texts ({share:.1%}) {_verb(positions, 'is', 'are')} longer "
            f"than what the model reads, {tokens.reads}; nineteen in twenty have at most "
            f"{int(np.percentile(tokens.counts, 95)):,} tokens.",
            "Raise `options.max_length` (time grows with it), or try `options.long_texts: head-tail` or `windows`.",
            flagged,
            figures={"share": share, "reads": tokens.reads, "p95_tokens": int(np.percentile(tokens.counts, 95))},
        )
    ]


def _overview(words: np.ndarray, tokens: TokenLengths | None) -> Finding:
    low, middle, high = (int(value) for value in np.percentile(words, [5, 50, 95]))
    edges = np.unique(np.geomspace(1, max(int(words.max()), 2) + 1, 31).astype(int))
    heights, edges = np.histogram(np.maximum(words, 1), bins=edges)
    figures = {
        "words": {f"p{q}": int(np.percentile(words, q)) for q in _LENGTH_QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": heights.tolist()},
    }
    if tokens is not None:
        figures["tokens"] = {f"p{q}": int(np.percentile(tokens.counts, q)) for q in _LENGTH_QUANTILES}
    return Finding(
        "text-lengths",
        "note",
        f"{len(words):,} texts of {middle:,} words in the median, {low:,} to {high:,} for nine in ten, "
        f"{int(words.max()):,} in the longest.",
        figures=figures,
    )


def _verb(positions: np.ndarray, one: str = "holds", many: str = "hold") -> str:
    return one if len(positions) == 1 else many


def _flagged(positions: np.ndarray, words: str) -> tuple[Flagged, ...]:
    return tuple(Flagged((at,), words) for at in positions.tolist())
