"""Ids of field-guide pictures and the lists that a data source is made from.

An id reads `split/species/number`, as in `train/northern-cardinal/00012`. Streams are drawn from the whole
id, so splits never share a picture and asking for more pictures changes none of those asked for before.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ftsuite.data.field_guide.guide import FieldGuide, Species
from ftsuite.data.field_guide.randomness import content_hash
from ftsuite.errors import DataError

KIND = "field-guide"
SPLITS = ("train", "validation", "test")
_ID = re.compile(r"(?P<split>[a-z]+)/(?P<slug>[a-z-]+)/(?P<index>[0-9]{5,9})")


@dataclass(frozen=True)
class FieldGuideExamples:
    """Parallel columns, one entry a picture; nothing is drawn yet.

    Attributes:
        ids: `split/species/number`, unique; also what `render` takes.
        labels: (n,) int64, index into `class_names`.
        splits: (n,) str, "train" | "validation" | "test".
        class_names: common names in the guide's order.
        content_hashes: sha256 hex of f"field-guide-v1/{seed}/{id}".
    """

    ids: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    splits: npt.NDArray[np.str_]
    class_names: tuple[str, ...]
    content_hashes: tuple[str, ...]


def example_id(split: str, species: Species, index: int) -> str:
    """The id of picture number `index` (0, 1, …) of a species in a split."""
    return f"{split}/{species.slug}/{index:05d}"


def parse_example_id(identifier: str, guide: FieldGuide | None = None) -> tuple[str, Species, int]:
    """Split, species and number of an id.

    Raises:
        DataError: the id is not of the form, or its split or species is not known.
    """
    guide = guide or FieldGuide.load()
    match = _ID.fullmatch(identifier) if isinstance(identifier, str) else None
    if match is None:
        raise DataError(
            "Expected a field-guide id such as 'train/northern-cardinal/00012': split, species and a number of "
            f"five to nine digits. Received: {identifier!r}",
            "Take ids from ftsuite.data.field_guide.examples(seed, counts).",
        )
    split, slug, index = match["split"], match["slug"], int(match["index"])
    if split not in SPLITS:
        raise DataError(f"Expected one of the splits {', '.join(SPLITS)}. Received: {split!r} in {identifier!r}")
    species = guide.by_slug.get(slug)
    if species is None:
        near = difflib.get_close_matches(slug, guide.by_slug, n=1, cutoff=0.0)[0]
        raise DataError(
            f"Expected a species of the field guide; the nearest is {near!r}. Received: {slug!r} in {identifier!r}",
            "ftsuite.data.field_guide.FieldGuide.load().class_names lists them all.",
        )
    if match["index"] != f"{index:05d}":
        raise DataError(
            f"Expected the number without leading zeros beyond five digits ({index:05d}), so that a picture has one "
            f"id. Received: {identifier!r}"
        )
    return split, species, index


def examples(seed: int, counts: Mapping[str, int], guide: FieldGuide | None = None) -> FieldGuideExamples:
    """Ids, labels and splits of `counts[split]` pictures of every species in every split.

    Args:
        seed: the seed that the pictures are drawn from.
        counts: pictures per species by split, as in {"train": 30, "validation": 10, "test": 25}.
        guide: the guide to draw from; the one that ships with ftsuite where None.

    Raises:
        DataError: an unknown split or a count below 0.
    """
    guide = guide or FieldGuide.load()
    for split, count in counts.items():
        if split not in SPLITS or count < 0:
            raise DataError(
                f"Expected counts of 0 or more for {', '.join(SPLITS)}. Received: {split!r}: {count!r}",
                "Set data.examples_per_class, as in {train: 30, validation: 10, test: 25}.",
            )
    rows = [
        (example_id(split, species, index), label, split)
        for split in SPLITS
        for label, species in enumerate(guide.species)
        for index in range(counts.get(split, 0))
    ]
    return FieldGuideExamples(
        ids=tuple(row[0] for row in rows),
        labels=np.asarray([row[1] for row in rows], dtype=np.int64),
        splits=np.asarray([row[2] for row in rows], dtype=np.str_),
        class_names=guide.class_names,
        content_hashes=tuple(content_hash(seed, row[0]) for row in rows),
    )
