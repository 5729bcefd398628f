"""Near duplicates among texts: a typo, a word more, less or another, other case, punctuation or spacing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from ftsuite.api import Examples, Progress
from ftsuite.data.audit.copy_findings import near_findings
from ftsuite.data.audit.copy_groups import LARGEST_CHAIN
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.minhash import pairs_in_bands, signatures
from ftsuite.data.audit.text_shingles import jaccard, normal_form, shingle_hashes

_BLOCK_PAIRS = 4096
_PROGRESS_TEXTS = 256


def check_near_texts(
    examples: Examples,
    splits: np.ndarray,
    progress: Progress | None = None,
    *,
    least_jaccard: float = 0.5,
    least_characters: int = 16,
    largest_chain: int = LARGEST_CHAIN,
) -> list[Finding]:
    """Find texts that are nearly the same.

    Texts are compared without case, punctuation and spacing, as sets of runs of 5 characters. MinHash finds pairs that
    may be alike and the exact Jaccard similarity of their sets decides; of each text the 16 most alike partners are
    looked at, so check again after leaving out where more are alike. Signatures take 512 bytes a text; 25,000 reviews
    of 1,300 characters take 20 seconds of one core, 8,530 sentences two.

    Args:
        examples: texts; of pictures nothing is said.
        splits: ``(n,)`` of train, validation and test.
        progress: called as (label, texts done, in all).
        least_jaccard: share of runs that both have of those that one has, from which two texts are near duplicates. One
            word in five replaced leaves about a half; of 8,530 sentences of film reviews ten pairs reach that of
            themselves, such as "an exhilarating experience" with one more word.
        least_characters: texts that are shorter without case and punctuation count only where they are then the same:
            "a good film" and "a bad film" share half of their runs.
        largest_chain: groups of more examples are taken apart, see `ftsuite.data.audit.copy_groups.grouped`.

    Returns:
        At most one finding each on pairs across splits (an error where one of them is in training; those outside the
        test are left out, of validation and training those in training), within a split and with different labels
        (warnings; nothing is left out). Exact copies are not told of here.
    """
    if examples.kind != "text":
        return []
    keys, positions = _keys(examples.inputs, least_characters)
    looked_at = pairs_in_bands(_signed(examples.inputs, positions, progress), least_jaccard)
    scores = _similarities(examples.inputs, positions[looked_at])
    near = scores >= least_jaccard
    figures = {"compared": len(set(keys)), "candidates": len(looked_at)}
    pairs = positions[looked_at[near]].reshape(-1, 2)
    return near_findings(examples, splits, pairs, scores[near], figures, keys, largest_chain)


def _keys(inputs: Sequence[str], least_characters: int) -> tuple[list[str], np.ndarray]:
    """A digest of each text's normal form, and the first place of each form that is long enough to be compared.

    The forms themselves are not kept: texts may be read from a file that is larger than memory.
    """
    keys: list[str] = []
    known: set[str] = set()
    positions = []
    for position, text in enumerate(inputs):
        form = normal_form(text)
        key = hashlib.blake2b(form.encode("utf-8", errors="surrogatepass"), digest_size=16).hexdigest()
        keys.append(key)
        if len(form) >= least_characters and key not in known:
            positions.append(position)
        known.add(key)
    return keys, np.asarray(positions, dtype=np.int64)


def _signed(inputs: Sequence[str], positions: np.ndarray, progress: Progress | None) -> np.ndarray:
    def sets() -> Iterator[np.ndarray]:
        for done, position in enumerate(positions.tolist(), start=1):
            yield shingle_hashes(normal_form(inputs[position]))
            if progress is not None and (done % _PROGRESS_TEXTS == 0 or done == len(positions)):
                progress("Looking for near duplicates", done, len(positions))

    return signatures(sets(), len(positions))


def _similarities(inputs: Sequence[str], pairs: np.ndarray) -> np.ndarray:
    """Exact Jaccard similarities ``(k,)``; sets are made again, since those of all texts would not fit into memory."""
    scores: list[float] = []
    for start in range(0, len(pairs), _BLOCK_PAIRS):
        block = pairs[start : start + _BLOCK_PAIRS].tolist()
        sets = {
            position: shingle_hashes(normal_form(inputs[position])) for position in {p for pair in block for p in pair}
        }
        scores.extend(jaccard(sets[one], sets[other]) for one, other in block)
    return np.asarray(scores, dtype=np.float64)
