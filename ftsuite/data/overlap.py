"""Examples that stand on both sides of a split: refused, kept, or left out of training.

Splits that are drawn here part neither contents nor groups. A source's own splits may, and so may a split by time: a
model is then tested on what it was trained on, and its figures are too good. Texts that differ in case and spaces alone
are told of, since a source of short texts may hold some by chance, and are left out together with the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.splits import TEST, TRAIN, VALIDATION
from ftsuite.data.text_stream import StreamHashes
from ftsuite.errors import DataError

# Of each pair the side that gives way comes first.
_PAIRS = ((TRAIN, TEST), (VALIDATION, TEST), (TRAIN, VALIDATION))
_SHOWN = 5
_LONGEST = 60
_NAMES = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}


@dataclass(frozen=True, slots=True)
class Shared:
    """What two splits have in common.

    Attributes:
        split: training or validation: the side that gives way.
        other: validation or test.
        what: content, group, or text (but for case and spaces).
        count: different contents, groups or texts.
        positions: ``(m,)`` of the examples of `split` that are meant.
        firsts: ``(count,)`` the first example of each in `split`, and of each in `other`.
    """

    split: str
    other: str
    what: str
    count: int
    positions: np.ndarray
    firsts: tuple[np.ndarray, np.ndarray]


def settle_overlap(examples: Examples, splits: np.ndarray, rule: str) -> tuple[Examples, np.ndarray]:
    """Act on examples that two splits share.

    Args:
        examples: with groups, where these must not lie on both sides.
        splits: ``(n,)`` str of ``train``, ``validation`` and ``test``.
        rule: ``refuse``, ``allow`` or ``drop-from-training``.

    Returns:
        The examples that stay, with notes, and their splits.

    Raises:
        DataError: a content or a group is shared, and the rule is ``refuse``.
    """
    exact = list(_shared_contents(examples, splits))
    if exact and rule == "refuse":
        raise _refused(examples, exact)
    alike = list(_shared_texts(examples, splits, exact))
    if not exact and not alike:
        return examples, splits
    if rule == "drop-from-training":
        return _without(examples, splits, [*exact, *alike])
    notes = [
        f"{_told(shared)}; they were kept (data.overlap: allow), and make the figures too good." for shared in exact
    ]
    notes += [f"{_told(shared)}; data.overlap: drop-from-training leaves them out." for shared in alike]
    return replace(examples, notes=(*examples.notes, *notes)), splits


def _shared_contents(examples: Examples, splits: np.ndarray) -> Iterator[Shared]:
    # Drawn splits part neither; only a source's own and those by time can.
    if examples.splits is None and examples.times is None:
        return
    yield from _shared("content", _content_codes(examples), splits)
    if examples.groups is not None:
        yield from _shared("group", _codes(examples.groups), splits)


def _shared_texts(examples: Examples, splits: np.ndarray, exact: list[Shared]) -> Iterator[Shared]:
    if examples.kind != "text" or isinstance(examples.content_hashes, StreamHashes):
        return
    told = {(shared.split, shared.other): shared.positions for shared in exact if shared.what == "content"}
    codes = _codes(_plain_digest(text) for text in examples.inputs)
    for shared in _shared("text", codes, splits):
        # Those of the same content have been told of.
        others = np.isin(shared.positions, told.get((shared.split, shared.other), ()), invert=True)
        if others.any():
            positions = shared.positions[others]
            yield replace(shared, positions=positions, count=len(np.unique(codes[positions])))


def _shared(what: str, codes: np.ndarray, splits: np.ndarray) -> Iterator[Shared]:
    places = {name: np.flatnonzero(splits == name) for name in _NAMES}
    for split, other in _PAIRS:
        common = np.intersect1d(codes[places[split]], codes[places[other]])
        if len(common):
            firsts = [_first_of(codes, places[name], common) for name in (split, other)]
            positions = places[split][np.isin(codes[places[split]], common)]
            yield Shared(split, other, what, len(common), positions, (firsts[0], firsts[1]))


def _first_of(codes: np.ndarray, places: np.ndarray, common: np.ndarray) -> np.ndarray:
    found, at = np.unique(codes[places], return_index=True)
    return places[at[np.searchsorted(found, common)]]


def _content_codes(examples: Examples) -> np.ndarray:
    hashes = examples.content_hashes
    return hashes.prefixes() if isinstance(hashes, StreamHashes) else _codes(hashes)


def _codes(names: Iterable[Hashable]) -> np.ndarray:
    """A number for each name, equal for equal ones."""
    known: dict[Hashable, int] = {}
    return np.fromiter((known.setdefault(name, len(known)) for name in names), np.int64)


def _plain_digest(text: str) -> bytes:
    return hashlib.blake2b(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _without(examples: Examples, splits: np.ndarray, found: list[Shared]) -> tuple[Examples, np.ndarray]:
    kept = np.ones(len(examples), dtype=bool)
    notes = []
    for shared in found:
        left = shared.positions[kept[shared.positions]]
        kept[left] = False
        notes.append(
            f"{_told(shared)}: left {len(left):,} {'example' if len(left) == 1 else 'examples'} out of "
            f"{_NAMES[shared.split]} (data.overlap: drop-from-training)."
        )
    remaining = examples.take(np.flatnonzero(kept))
    return replace(remaining, notes=(*examples.notes, *notes)), splits[kept]


def _told(shared: Shared) -> str:
    noun = shared.what if shared.count == 1 else f"{shared.what}s"
    differ = "differs" if shared.count == 1 else "differ"
    but = f" that {differ} in case and spaces alone" if shared.what == "text" else ""
    return f"The {_NAMES[shared.split]} and {_NAMES[shared.other]} splits share {shared.count:,} {noun}{but}"


def _refused(examples: Examples, found: list[Shared]) -> DataError:
    lines = [f"  {line}" for shared in found for line in _lines(examples, shared)]
    return DataError(
        "Expected training, validation and test to share no example, since figures would be those of what was learnt "
        "by heart. Received:\n" + "\n".join(lines),
        "Set data.overlap: drop-from-training to leave those in training out (and those in validation that are in the "
        "test), or data.overlap: allow to keep them, or mend the splits of the source.",
    )


def _lines(examples: Examples, shared: Shared) -> Iterator[str]:
    noun = shared.what if shared.count == 1 else f"{shared.what}s"
    yield f"{shared.count:,} {noun} in {_NAMES[shared.split]} and in {_NAMES[shared.other]}:"
    # By the order of the source, so that the same data give the same message.
    order = np.argsort(shared.firsts[0], kind="stable")[:_SHOWN]
    for one, other in zip(*(first[order].tolist() for first in shared.firsts), strict=True):
        of = f" (group {examples.groups[one]!r})" if shared.what == "group" and examples.groups is not None else ""
        # Of a text the id says little.
        text = f": {_beginning(examples.inputs[one])}" if examples.kind == "text" and shared.what == "content" else ""
        yield f"  {examples.ids[one]!r} and {examples.ids[other]!r}{of}{text}"
    if shared.count > _SHOWN:
        yield f"  and {shared.count - _SHOWN:,} more"


def _beginning(text: str) -> str:
    plain = " ".join(text.split())
    return repr(plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…")
