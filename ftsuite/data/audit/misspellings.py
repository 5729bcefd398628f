"""Whether one class name is a slip of the pen of another: the same word but for one letter, and no word of its own.

Names of different classes are often close ("Bank Swallow" and "Barn Swallow", "left eye" and "left ear", "class 1" and
"class 2"), so the rules ask for more than a small edit distance.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ftsuite.data.audit.name_keys import NameKey

# In a short word another letter often makes another word (car, cat), in a long one seldom.
_LONG_WORD = 5
_SHORTEST_NAME = 6
_VOWELS = frozenset("aeiouy")


def misspelt_pairs(keys: Sequence[NameKey]) -> list[tuple[int, int]]:
    """Pairs of names (positions, the smaller first) of which one may be a misspelling of the other.

    Args:
        keys: of the names; equal keys are no pair here.
    """
    shared = Counter(word for key in keys for word in set(key.words))
    return sorted(pair for pair in _candidates(keys) if _is_slip(keys[pair[0]], keys[pair[1]], shared))


def one_edit(one: str, other: str) -> tuple[str, str] | None:
    """The letters of each that differ, where one insertion, removal, exchange or swap of neighbours makes them equal.

    Returns:
        What stands in `one` and in `other` where they differ (one of them empty for an insertion); None for more
        than one edit, or none.
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return None
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    first, second = one[start : len(one) - end], other[start : len(other) - end]
    if len(first) <= 1 and len(second) <= 1:
        return first, second
    return (first, second) if len(first) == 2 and first == second[::-1] else None


def _candidates(keys: Sequence[NameKey]) -> Iterator[tuple[int, int]]:
    """Pairs that share what is left when at most one letter is removed: all at one edit are among them."""
    near: dict[str, set[int]] = defaultdict(set)
    for position, key in enumerate(keys):
        name = key.joined
        if len(name) >= _SHORTEST_NAME - 1:
            for variant in {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}:
                near[variant].add(position)
    seen: set[tuple[int, int]] = set()
    for group in near.values():
        ordered = sorted(group)
        for index, first in enumerate(ordered):
            for second in ordered[index + 1 :]:
                if (first, second) not in seen:
                    seen.add((first, second))
                    yield first, second


def _is_slip(one: NameKey, other: NameKey, shared: Mapping[str, int]) -> bool:
    if one.singular == other.singular or max(len(one.joined), len(other.joined)) < _SHORTEST_NAME:
        return False
    changed = one_edit(one.joined, other.joined)
    if changed is None or any(character.isdigit() for part in changed for character in part):
        return False
    if one.joined[0] != other.joined[0]:
        return False
    if len(one.words) != len(other.words):
        return False
    differing = [(a, b) for a, b in zip(one.words, other.words, strict=True) if a != b]
    if len(differing) != 1:
        return False
    first, second = differing[0]
    # Two words that both stand in other names as well are words of their own.
    if shared[first] > 1 and shared[second] > 1:
        return False
    if not (first.isalpha() and second.isalpha()) or first[0] != second[0]:
        return False
    return _likely_slip(first, second)


def _likely_slip(first: str, second: str) -> bool:
    """Whether two words that are one edit apart are more likely one word than two."""
    changed = one_edit(first, second)
    assert changed is not None
    if max(len(first), len(second)) > _LONG_WORD:
        return True
    swapped = len(changed[0]) == 2
    doubled = "" in changed and _is_doubling(first, second)
    vowels = all(len(part) == 1 and part in _VOWELS for part in changed)
    return min(len(first), len(second)) > 2 and (swapped or doubled or vowels)


def _is_doubling(first: str, second: str) -> bool:
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return any(
        longer[at] == longer[at + 1] and longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer) - 1)
    )
