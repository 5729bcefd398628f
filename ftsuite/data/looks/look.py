"""What a first look finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """Columns of a table that its user names; None where they are to be found out."""

    input_column: str | None = None
    label_column: str | None = None


@dataclass(frozen=True)
class PictureLook:
    """What a sample of pictures is like.

    Attributes:
        looked_at: how many were opened.
        height: of the picture of median area, in pixels.
        width: likewise.
        elongation: longer side over shorter, 90th percentile.
        grey_share: share of the pictures without colour channels.
    """

    looked_at: int
    height: int
    width: int
    elongation: float
    grey_share: float


@dataclass(frozen=True)
class TextLook:
    """What a sample of texts is like; tokens are estimated.

    Attributes:
        looked_at: how many were read.
        words_median: words between spaces.
        tokens_mean: special ones included.
        tokens_95: 95th percentile.
        foreign_share: share of the letters that are not of the Latin alphabet.
    """

    looked_at: int
    words_median: float
    tokens_mean: float
    tokens_95: int
    foreign_share: float


@dataclass(frozen=True)
class Hint:
    """A setting that may be wanted and that the data alone cannot decide: a key of ``data``, its value, and why."""

    key: str
    value: str
    why: str


@dataclass(frozen=True)
class Look:
    """What a first look at a source found.

    Attributes:
        kind: of the source: ``folder``, ``csv``, …
        modality: ``image`` or ``text``.
        class_names: in the order of the model's outputs.
        counts: of each split (``train``, ``validation``, ``test``, or empty where there is none) by class.
        columns: keys of ``data`` to the columns of a table that were taken.
        columns_by_content: those of them that no usual name told.
        other_labels: columns that could hold the classes as well.
        bad: what was found that cannot be used: place and reason.
        skips: whether a run needs ``data.bad_files: skip``, for `bad` or for classes without examples.
        empty: class names without examples.
        shared: contents that stand in several official splits.
        repeated: examples that repeat another one's content, as far as that was looked at.
        pictures: of a sample, for pictures.
        texts: of a sample, for texts.
        hints: settings to think about.
        notes: sentences of the source.
    """

    kind: str
    modality: str
    class_names: tuple[str, ...]
    counts: Mapping[str, Counter[str]]
    columns: Mapping[str, str]
    columns_by_content: tuple[str, ...] = ()
    other_labels: tuple[str, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()
    skips: bool = False
    empty: tuple[str, ...] = ()
    shared: int = 0
    repeated: int = 0
    pictures: PictureLook | None = None
    texts: TextLook | None = None
    hints: tuple[Hint, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def per_class(self) -> dict[str, int]:
        """All examples of each class, of all splits."""
        return {name: sum(own[name] for own in self.counts.values()) for name in self.class_names}

    @property
    def trainable(self) -> dict[str, int]:
        """The examples of each class that are not of an official validation or test split."""
        free = [own for split, own in self.counts.items() if split in ("", "train")]
        return {name: sum(own[name] for own in free) for name in self.class_names}

    @property
    def total(self) -> int:
        """All examples."""
        return sum(self.per_class.values())

    @property
    def imbalance(self) -> float:
        """How many times the examples of the smallest class the largest one has, to train on."""
        counts = self.trainable.values()
        return max(counts) / max(min(counts), 1)

    def split_total(self, split: str) -> int:
        """The examples of one split."""
        return sum(self.counts.get(split, Counter()).values())
