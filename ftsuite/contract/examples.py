"""Labelled examples, as a task loads them and the suite splits, batches and judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Collected:
    """What would have stopped a run while its examples were loaded, collected in place of an error.

    Attributes:
        bad_files: ``(id, path, reason)`` of files and rows that cannot be used.
        refusals: a sentence for everything else that a run would refuse.
    """

    bad_files: tuple[tuple[str, str, str], ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examples:
    """Labelled examples without their pixels or tokens: parallel columns, all of length n.

    Attributes:
        ids: stable and unique, for instance a path relative to the source's folder.
        inputs: the path of a picture, a text, the id of a picture that the field guide draws, or the name of a record.
            Like `ids`, `content_hashes` and `groups` a tuple, or a sequence with a `take` of its own whose strings are
            made when they are asked for (`ftsuite.data.columns`).
        labels: ``(n,)`` int64, an index into `class_names`.
        class_names: names in the order of the model's outputs.
        content_hashes: sha256 (hexadecimal) of each example's content.
        kind: what `inputs` holds: ``image-file``, ``text`` or ``field-guide``.
        splits: ``(n,)`` of ``train``, ``validation``, ``test`` or empty, where the source has official splits.
        groups: examples of one group never lie on both sides of a split.
        decoders: ``(n,)`` uint8, 0 where TensorFlow decodes the picture and 1 where Pillow must.
        times: ``(n,)`` datetime64[us], int64 or float64, for a split forward in time; None where none is asked for.
        notes: what was skipped or repaired on the way, a sentence each.
        sources: ``(n,)`` int16, which of several sources each example is of, in the order of ``data.source``; None
            where there is one.
        sample_weights: ``(n,)`` float32 with mean 1, how often training shows each example in an epoch, on average;
            None for once each.
        collected: what would have stopped a run; None where it was not collected, so that none of it is there.
        targets: ``(n, outputs)`` float32, what a model is to answer where that is not one class of several: numbers, or
            1 for each label that applies. `labels` and `class_names` then only say what splits are stratified by.
        target_names: a name for each column of `targets`.

    >>> cats = Examples(
    ...     ids=("tom.png", "rex.png"),
    ...     inputs=("/pictures/tom.png", "/pictures/rex.png"),
    ...     labels=np.array([0, 1]),
    ...     class_names=("cat", "dog"),
    ...     content_hashes=("6d1a", "90fe"),
    ...     kind="image-file",
    ... )
    >>> len(cats), cats.output_names
    (2, ('cat', 'dog'))
    >>> aged = replace(cats, targets=np.array([[3.0], [7.5]], np.float32), target_names=("age_years",))
    >>> aged.output_names, aged.take([1]).targets.tolist()
    (('age_years',), [[7.5]])
    """

    ids: Sequence[str]
    inputs: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    content_hashes: Sequence[str]
    kind: str
    splits: np.ndarray | None = None
    groups: Sequence[str] | None = None
    decoders: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sources: np.ndarray | None = None
    sample_weights: np.ndarray | None = None
    collected: Collected | None = None
    targets: np.ndarray | None = None
    target_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def output_names(self) -> tuple[str, ...]:
        """A name for each output of the model: those of the targets, or of the classes."""
        return self.class_names if self.targets is None else self.target_names

    def take(self, positions: Sequence[int] | np.ndarray) -> Examples:
        """The examples at the given positions, in that order."""
        array = np.asarray(positions, dtype=np.int64)
        return replace(
            self,
            ids=_taken(self.ids, array),
            inputs=_taken(self.inputs, array),
            labels=self.labels[array],
            content_hashes=_taken(self.content_hashes, array),
            splits=None if self.splits is None else self.splits[array],
            groups=None if self.groups is None else _taken(self.groups, array),
            decoders=None if self.decoders is None else self.decoders[array],
            sources=None if self.sources is None else self.sources[array],
            sample_weights=None if self.sample_weights is None else self.sample_weights[array],
            times=None if self.times is None else self.times[array],
            targets=None if self.targets is None else self.targets[array],
        )


def _taken(column: Sequence[str], positions: np.ndarray) -> Sequence[str]:
    take = getattr(column, "take", None)
    return take(positions) if take is not None else tuple(column[i] for i in positions)
