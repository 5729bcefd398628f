"""Near duplicates among pictures: cropped, compressed once more, mirrored, resized, made brighter or darker."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ftsuite.api import Examples, Progress
from ftsuite.data.audit.copy_findings import near_findings
from ftsuite.data.audit.copy_groups import LARGEST_CHAIN
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.grey_thumbnails import grey_thumbnails
from ftsuite.data.audit.picture_alignment import likeness
from ftsuite.data.audit.picture_candidates import Candidate, candidates

_BATCH_PAIRS = 1024


def check_near_images(
    examples: Examples,
    splits: np.ndarray,
    progress: Progress | None = None,
    *,
    least_likeness: float = 0.75,
    least_cosine: float = 0.7,
    most_candidates: int = 8,
    largest_chain: int = LARGEST_CHAIN,
) -> list[Finding]:
    """Find pictures that show the same photo though their files differ.

    Two steps. Every picture is read once into a grey thumbnail of 64 pixels; what the low frequencies of fifteen
    windows on it and their mirror images look like is compared with all others, which gives few candidates. Each of
    these is laid on its partner and the detail of the two is compared. On photos of birds all of 1,000 crops to 80 to
    90 % of the area are found, 498 of 500 to 65 to 75 % and half of those to 50 to 60 %; rotations by more than a few
    degrees and pasted-in parts are not looked for. Of exactly equal files one stands for all. 100,000 thumbnails take
    about eight minutes of one core, half of it for the closer look, beside what reading the files takes.

    Very simple pictures are alike without being copies: of 1,797 handwritten digits of 8 by 8 pixels 155 pairs reach
    the likeness of 0.75, and 2 that of 0.95.

    Args:
        examples: pictures as files; of texts nothing is said.
        splits: ``(n,)`` of train, validation and test.
        progress: called as (label, done, in all).
        least_likeness: correlation of detail from which two pictures are near duplicates. On 2,346 photos of 40 species
            of birds cut to the bird, planted crops have 0.76 and more, other pictures at most 0.68.
        least_cosine: of descriptors, from which a pair is looked at; planted crops of 80 to 90 % of the area have 0.8
            and more. Lower finds stronger crops and looks at more pairs: 0.65 at twice as many.
        most_candidates: of each picture at most so many partners are looked at, the nearest, so that the work is
            bounded where all pictures look alike. A picture with more near duplicates than that is linked to the
            nearest only, so check again after leaving them out.
        largest_chain: groups of more examples are taken apart, see `ftsuite.data.audit.copy_groups.grouped`.

    Returns:
        At most one finding each on pairs across splits (an error where one of them is in training; those outside the
        test are left out, of validation and training those in training), within a split and with different labels
        (warnings; nothing is left out), on files that can no longer be read, and a note where nothing was looked for.

    Raises:
        ResourceError: the temporary folder has no room for the thumbnails.
    """
    if examples.kind == "field-guide":
        return [_not_looked_for()]
    if examples.kind != "image-file":
        return []
    positions = _first_of_each_content(examples)
    thumbnails, unreadable = grey_thumbnails([examples.inputs[int(place)] for place in positions], progress)
    looked_at = candidates(thumbnails, least_cosine, most_candidates, progress=progress)
    scores = _likenesses(looked_at, thumbnails, progress)
    near = scores >= least_likeness
    pairs = np.asarray([(pair.windowed, pair.whole) for pair in looked_at], dtype=np.int64).reshape(-1, 2)[near]
    figures = {"compared": len(positions) - len(unreadable), "candidates": len(looked_at)}
    near_pairs = positions[pairs]
    found = near_findings(examples, splits, near_pairs, scores[near], figures, examples.content_hashes, largest_chain)
    if unreadable:
        bad = tuple((examples.inputs[int(positions[place])], why) for place, why in sorted(unreadable.items()))
        found.append(_unread(bad, len(positions)))
    return found


def _first_of_each_content(examples: Examples) -> np.ndarray:
    first: dict[str, int] = {}
    for position, content in enumerate(examples.content_hashes):
        first.setdefault(content, position)
    return np.asarray(list(first.values()), dtype=np.int64)


def _likenesses(looked_at: list[Candidate], thumbnails: np.ndarray, progress: Progress | None) -> np.ndarray:
    scores: list[float] = []
    # OpenCV works outside of Python's lock, so threads share the work.
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for start in range(0, len(looked_at), _BATCH_PAIRS):
            batch = looked_at[start : start + _BATCH_PAIRS]
            scores.extend(pool.map(lambda pair: likeness(pair, thumbnails), batch))
            if progress is not None:
                progress("Comparing candidates", len(scores), len(looked_at))
    return np.asarray(scores, dtype=np.float64)


def _not_looked_for() -> Finding:
    return Finding(
        "near-duplicates",
        "note",
        "Near duplicates were not looked for: the field guide draws every picture anew.",
    )


def _unread(bad: tuple[tuple[str, str], ...], total: int) -> Finding:
    return Finding(
        "near-duplicates-unread",
        "warning",
        f"{len(bad):,} of {total:,} pictures can no longer be read and were not compared.",
        "Mend or delete these files.",
        bad_files=bad,
    )
