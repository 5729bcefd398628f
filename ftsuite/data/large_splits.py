"""The split of `ftsuite.data.splits` for very many examples: the same one, by arrays in place of an object a unit.

Draws, joining and the filling of empty classes are those described there; a property test holds the two to each other.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.same_texts import SameTexts, same_texts
from ftsuite.data.splits import SPLITS, TEST, TRAIN, VALIDATION, draw, draws

_CODES = {split: code for code, split in enumerate(SPLITS)}


def split_large(
    examples: Examples,
    free: np.ndarray,
    official: np.ndarray,
    fractions: dict[str, float],
    seed: int,
    result: np.ndarray,
) -> None:
    """Where the free rows go.

    Args:
        examples: all.
        free: ``(m,)`` positions of the rows that no official split holds in place.
        official: ``(n,)`` str, empty where a row has no official split.
        fractions: of the cuts that are made, by ``test`` and ``validation``.
        seed: of the draws.
        result: ``(n,)`` str, of whose free rows ``train``, ``validation`` and ``test`` are written.
    """
    units = _Units(examples, free, seed)
    codes = np.full(units.count, _CODES[TRAIN], np.int8)
    for split in (VALIDATION, TEST):  # who is drawn for both goes to the test
        if split in fractions:
            codes[units.draws(split) < fractions[split]] = _CODES[split]
    pinned = units.pinned(official)
    codes = np.where(pinned >= 0, pinned, codes)
    wanted = [TRAIN, *(split for split in (TEST, VALIDATION) if split in fractions)]
    if units.lacks(codes, wanted):
        _EmptyClasses(units, codes, pinned >= 0).fill(wanted)
    of_row = codes[units.of_row]
    for split, code in _CODES.items():
        result[free[of_row == code]] = split


class _Units:
    """Free rows that share a content or a group, as numbers.

    Attributes:
        count: of the units.
        of_row: ``(m,)`` the unit of each free row.
    """

    def __init__(self, examples: Examples, free: np.ndarray, seed: int) -> None:
        self._examples, self._free, self._seed = examples, free, seed
        self._contents = same_texts(examples.content_hashes)
        self._groups = None if examples.groups is None else same_texts(examples.groups)
        self.count, self.of_row = self._numbered()
        self._key_rows = self._first_rows()

    def _numbered(self) -> tuple[int, np.ndarray]:
        if self._groups is None and len(self._free) == len(self._examples):
            return self._contents.count, self._contents.numbers
        names, of_row = np.unique(self._joined(), return_inverse=True)
        return len(names), of_row

    def _joined(self) -> np.ndarray:
        """A number for each free row, equal where rows share a content or a group, directly or through others."""
        contents = self._contents.numbers[self._free]
        if self._groups is None:
            return contents
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        groups, nodes = self._groups.numbers[self._free], self._groups.count + self._contents.count
        edges = (np.ones(len(groups), np.int8), (groups, self._groups.count + contents))
        _, component = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)
        return component[groups]

    def _first_rows(self) -> np.ndarray:
        """``(units,)`` for each unit a row whose content, or whose group, names it: the first name in order."""
        rows = np.empty(self.count, np.int64)
        if self._groups is None:
            rows[self.of_row] = self._free
            return rows
        # A row of each group of each unit, and of several groups in one unit the first by name.
        pairs = np.unique(self.of_row.astype(np.int64) * self._groups.count + self._groups.numbers[self._free])
        owners, groups = np.divmod(pairs, self._groups.count)
        rows[owners] = self._groups.firsts[groups]
        several = np.flatnonzero(np.bincount(owners, minlength=self.count) > 1)
        for unit in several.tolist():
            begin, end = np.searchsorted(owners, [unit, unit + 1])
            candidates = self._groups.firsts[groups[begin:end]].tolist()
            rows[unit] = min(candidates, key=lambda row: self._group(row))
        return rows

    def _group(self, row: int) -> str:
        assert self._examples.groups is not None
        return self._examples.groups[row]

    def key(self, unit: int) -> str:
        """The name that the unit draws by."""
        row = int(self._key_rows[unit])
        if self._groups is not None:
            return f"group|{self._group(row)}"
        return f"content|{self._examples.content_hashes[row]}"

    def draws(self, cut: str) -> np.ndarray:
        """``(units,)`` numbers in [0, 1) for a cut."""
        column = self._examples.content_hashes if self._groups is None else self._examples.groups
        assert column is not None
        take = getattr(column, "take", None)
        names = take(self._key_rows) if take is not None else (column[row] for row in self._key_rows.tolist())
        return draws(self._seed, cut, "content" if self._groups is None else "group", names)

    def draw(self, unit: int, cut: str) -> float:
        """The number of one unit."""
        return draw(self._seed, cut, self.key(unit))

    def pinned(self, official: np.ndarray) -> np.ndarray:
        """``(units,)`` int8: the split that official rows of the same content or group hold a unit in, else -1."""
        codes = np.full(self.count, -1, np.int8)
        for split in (VALIDATION, TEST):  # next to both, to the test
            held = official == split
            if held.any():
                near = np.zeros(self.count, dtype=bool)
                near[self.of_row[self._beside(held)]] = True
                codes[near] = _CODES[split]
        codes[self.of_row[official[self._free] != ""]] = -1
        return codes

    def _beside(self, held: np.ndarray) -> np.ndarray:
        """``(m,)`` bool: which free rows share a content or a group with one of the rows `held` ``(n,)``."""

        def near(same: SameTexts) -> np.ndarray:
            marked = np.zeros(same.count, dtype=bool)
            marked[same.numbers[held]] = True
            return marked[same.numbers[self._free]]

        found = near(self._contents)
        return found if self._groups is None else found | near(self._groups)

    @cached_property
    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Every unit beside every label that it holds, ``(p,)`` each, by unit."""
        labels = self._examples.labels[self._free].astype(np.int64)
        count = int(labels.max(initial=0)) + 1
        owners, held = np.divmod(np.unique(self.of_row.astype(np.int64) * count + labels), count)
        return owners, held

    def lacks(self, codes: np.ndarray, wanted: list[str]) -> bool:
        """Whether a class has no example of a split that it should have one of."""
        labels = self._examples.labels[self._free]
        present = [np.unique(labels[codes[self.of_row] == _CODES[split]]) for split in SPLITS]
        every = np.unique(np.concatenate(present))
        return any(len(present[_CODES[split]]) < len(every) for split in wanted)


class _EmptyClasses:
    """Gives classes without an example of a split the unit whose draw was nearest; changes `codes`."""

    def __init__(self, units: _Units, codes: np.ndarray, pinned: np.ndarray) -> None:
        self._units, self._codes, self._pinned = units, codes, pinned
        self._owners, self._labels = units.labels
        count = int(self._labels.max(initial=0)) + 1
        cells = self._labels * len(SPLITS) + codes[self._owners]
        self._counts = np.bincount(cells, minlength=count * len(SPLITS)).reshape(count, len(SPLITS))
        self._by_label = np.argsort(self._labels, kind="stable")
        self._ends = np.cumsum(np.bincount(self._labels, minlength=count))

    def fill(self, wanted: list[str]) -> None:
        """Give each class one unit of every wanted split, training first, as far as it has units to give."""
        present = self._counts.sum(axis=1) > 0
        lacking = present & (self._counts[:, [_CODES[split] for split in wanted]] == 0).any(axis=1)
        # Of other classes a split may be emptied only to be filled again below, where they are that class themselves.
        for label in np.flatnonzero(lacking).tolist():
            for place, split in enumerate(wanted):
                if not self._counts[label, _CODES[split]]:
                    self._lend(label, split, {_CODES[later] for later in wanted[place + 1 :]})

    def _lend(self, label: int, split: str, later: set[int]) -> None:
        begin = int(self._ends[label - 1]) if label else 0
        own = self._owners[self._by_label[begin : int(self._ends[label])]].tolist()
        movable = [unit for unit in own if self._may_leave(unit, label, later)]
        if movable:
            unit = min(movable, key=lambda one: (self._distance(one, split), self._units.key(one)))
            for other in self._labels_of(unit):
                self._counts[other, self._codes[unit]] -= 1
                self._counts[other, _CODES[split]] += 1
            self._codes[unit] = _CODES[split]

    def _labels_of(self, unit: int) -> list[int]:
        begin, end = np.searchsorted(self._owners, [unit, unit + 1])
        return self._labels[begin:end].tolist()

    def _may_leave(self, unit: int, label: int, later: set[int]) -> bool:
        code = int(self._codes[unit])
        alone = {other for other in self._labels_of(unit) if self._counts[other, code] == 1}
        return not self._pinned[unit] and (not alone or (alone == {label} and code in later))

    def _distance(self, unit: int, split: str) -> float:
        if split == TRAIN:
            return -max(self._units.draw(unit, TEST), self._units.draw(unit, VALIDATION))
        return self._units.draw(unit, split)
