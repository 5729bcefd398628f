"""Families of software licences: versions and variants of one text, which a split must not tear apart.

A licence belongs with those of the same *name stem* - its key without version, year and what follows them, and
for the best-known families the first word alone, as their variants are named in too many ways - and with those
whose text is nearly the same, whatever they are called: many are the BSD or the Mozilla licence under another
name.

The threshold is lower than for near-identical texts in general. Pairs of texts of different families were read
at each cosine: from 0.85 up they are mostly one licence derived from the other by changed names and a few
clauses (many of the Mozilla licence 1.1), below 0.8 mostly different licences of like wording.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ftsuite.data.near_identical import joined_groups, near_identical_groups

THRESHOLD = 0.85
# First words of keys that name one family by themselves; elsewhere a first word is often a vendor's name.
_FAMILIES = re.compile(
    "afl|agpl|apache|apsl|artistic|bsd|cc|cddl|cecill|cern|cpol|ecl|epl|eupl|gfdl|gpl|hpnd|lgpl|lppl|mit|mpl|"
    "mulanpsl|npl|ofl|oldap|openldap|osl|polyform|psf|python|w3c|x11|zpl"
)
_VERSION = re.compile(r"v?\d")
# What is left behind a name where a key has no version: "-plus" is "or any later version", the others languages.
_QUALIFIERS = frozenset({"plus", "only", "or", "later", "de", "en", "fr", "jp", "nl", "pt"})


def name_stem(key: str) -> str:
    """A licence's key without version, year and qualifiers: ``ms-net-library-2016-05`` is ``ms-net-library``.

    Keys of the best-known families become their first word: ``gpl-2.0-plus`` is ``gpl``.
    """
    words = key.split("-")
    if _FAMILIES.fullmatch(words[0]):
        return words[0]
    end = next((place for place, word in enumerate(words) if place and _VERSION.match(word)), len(words))
    while end > 1 and words[end - 1] in _QUALIFIERS:
        end -= 1
    return "-".join(words[:end])


def licence_families(keys: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """The name of each licence's family.

    Args:
        keys: n unique licence keys, such as ``gpl-2.0-plus``.
        texts: their n texts.

    Returns:
        n names; a family is named for the commonest name stem in it, the first in order of equally common ones.
    """
    stems = [name_stem(key) for key in keys]
    _, stem_numbers = np.unique(stems, return_inverse=True)
    families = joined_groups(stem_numbers, near_identical_groups(texts, THRESHOLD)).tolist()
    counts: dict[int, Counter[str]] = {}
    for family, stem in zip(families, stems, strict=True):
        counts.setdefault(family, Counter())[stem] += 1
    names = {family: min(own, key=lambda stem: (-own[stem], stem)) for family, own in counts.items()}
    return tuple(names[family] for family in families)
