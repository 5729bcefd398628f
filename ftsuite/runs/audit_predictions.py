"""The predictions of cross-validations for an audit of labels: of the same data, by models that did not see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.audit.held_out import HeldOut, joined, log_scores
from ftsuite.data.audit.units import units_of
from ftsuite.data.split_file import RecordedSplit, read_split
from ftsuite.errors import ArtifactError, ConfigError, DataError
from ftsuite.report.predictions import Predictions, read_predictions
from ftsuite.runs import folder as folders
from ftsuite.runs.fold_source import FoldSource, fold_source

_SHOWN = 3


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of one or more cross-validations of the audited data.

    Attributes:
        held_out: their scores.
        sources: where they come from.
        dependent: examples that a fold tested after it had trained on another one of their group, not covered for that.
    """

    held_out: HeldOut
    sources: tuple[FoldSource, ...]
    dependent: int

    def facts(self) -> dict[str, object]:
        """What the record of an audit says of them."""
        covered = int(self.held_out.covered.sum())
        return {
            "folders": [source.facts() for source in self.sources],
            "covered": covered,
            "not_covered": len(self.held_out.covered) - covered,
            "dependent": self.dependent,
            "told": self.note(),
        }

    def note(self) -> str:
        """One sentence or more for a person."""
        covered, count = int(self.held_out.covered.sum()), len(self.held_out.covered)
        names = " and ".join(str(source.folder) for source in self.sources)
        parts = [
            f"Labels of {covered:,} of {count:,} examples were judged by the predictions of {names} together with the "
            "features of the frozen backbone."
        ]
        if covered < count:
            parts.append(f"No fold tested the other {count - covered:,}: features alone judged them.")
        if self.dependent:
            parts.append(
                f"Of those, {self.dependent:,} were tested by a fold that had trained on their copies or their group."
            )
        return " ".join(parts)


def fold_predictions(references: Sequence[str], examples: Examples, empty_classes: Sequence[str]) -> FoldPredictions:
    """Read the test predictions of cross-validations and match them with the examples by content.

    Ids take no part beyond a fold's own folder, so files may have been renamed and rows moved.

    Args:
        references: folders of finished cross-validations, or ``last``; at least one.
        examples: that are audited, every class of them with one at least.
        empty_classes: names of classes without any.

    Raises:
        ConfigError: the same folder twice.
        ArtifactError: no finished cross-validation, or a file of one that is missing, torn, or of another run.
        DataError: other classes, other labels or other contents than the examples have.
    """
    sources = [fold_source(reference) for reference in references]
    resolved = [source.folder.resolve() for source in sources]
    if len(set(resolved)) != len(resolved):
        raise ConfigError(
            f"--predictions needs different cross-validations. Received: {sources[0].folder} and the same once more.",
            "Name each folder once; another one comes of `ftsuite run CONFIG --folds 5 --set seed=1`.",
        )
    index, units = _Index(examples), units_of(examples)
    read = [_of_source(source, examples, index, units, empty_classes) for source in sources]
    held_out = joined([part for part, _ in read])
    dependent = np.any([flags for _, flags in read], axis=0) & ~held_out.covered
    return FoldPredictions(held_out, tuple(sources), int(dependent.sum()))


class _Index:
    """Where each content stands, and under which labels."""

    def __init__(self, examples: Examples) -> None:
        self.positions: dict[str, list[int]] = {}
        for position, content in enumerate(examples.content_hashes):
            self.positions.setdefault(content, []).append(position)

    def rows(self, contents: Sequence[str]) -> np.ndarray:
        """Positions of all examples with one of the contents."""
        found = [position for content in contents for position in self.positions.get(content, ())]
        return np.asarray(found, dtype=np.int64)


def _of_source(
    source: FoldSource, examples: Examples, index: _Index, units: np.ndarray, empty_classes: Sequence[str]
) -> tuple[HeldOut, np.ndarray]:
    """The scores of one cross-validation, and which examples a fold tested that had trained on their like."""
    classes = len(examples.class_names)
    scores, covered = np.zeros((len(examples), classes), np.float32), np.zeros(len(examples), dtype=bool)
    dependent = np.zeros(len(examples), dtype=bool)
    tested: dict[str, int] = {}
    changed: list[str] = []
    for number, fold in source.folds():
        predictions = read_predictions(fold / folders.PREDICTIONS).of_split("test")
        split = read_split(fold / folders.SPLIT)
        columns = _columns(predictions, examples, empty_classes, source)
        seen = np.zeros(int(units.max(initial=-1)) + 1, dtype=bool)
        seen[units[index.rows(_contents(split, "train", "validation"))]] = True
        values = log_scores(predictions.probabilities[:, columns])
        for row, content in _tested_contents(predictions, split, source, number):
            if tested.setdefault(content, number) != number:
                raise _tested_twice(source, tested[content], number)
            at = index.positions.get(content, [])
            if not at:
                continue
            label = predictions.class_names[int(predictions.labels[row])]
            if label not in {examples.class_names[int(examples.labels[one])] for one in at}:
                now = examples.class_names[int(examples.labels[at[0]])]
                changed.append(f"{examples.ids[at[0]]} (then {label!r}, now {now!r})")
            held = ~seen[units[at]]
            covered[at], dependent[at] = held, ~held
            scores[at] = np.where(held[:, None], values[row], 0.0)
    _require_labels(source, changed, tested)
    if not covered.any():
        raise DataError(
            f"Expected predictions of examples of these data. Received: {source.folder}, whose {len(tested):,} tested "
            f"contents are none of the {len(examples):,} here, or none that a fold held out.",
            f"Name a cross-validation of the same data: {source.again()}",
        )
    return HeldOut(scores, covered), dependent


def _contents(split: RecordedSplit, *names: str) -> list[str]:
    chosen = np.isin(split.splits, names)
    return [content for content, one in zip(split.content_hashes, chosen, strict=True) if one]


def _tested_contents(
    predictions: Predictions, split: RecordedSplit, source: FoldSource, number: int
) -> Iterator[tuple[int, str]]:
    """Rows of a fold's predictions with their content; those of one content have one prediction, the first's."""
    contents: Mapping[str, str] = {
        identifier: content
        for identifier, content, side in zip(split.ids, split.content_hashes, split.splits.tolist(), strict=True)
        if side == "test"
    }
    if set(contents) != set(predictions.ids):
        raise ArtifactError(
            f"Expected {folders.SPLIT} and {folders.PREDICTIONS} of one run. Received: those of fold {number} in "
            f"{source.folder}, which list {len(contents):,} and {len(set(predictions.ids)):,} examples of the test, "
            "or others.",
            "Take the folder from its backup, or run the folds again.",
        )
    return ((row, contents[identifier]) for row, identifier in enumerate(predictions.ids))


def _columns(
    predictions: Predictions, examples: Examples, empty_classes: Sequence[str], source: FoldSource
) -> list[int]:
    """Which column of probabilities each class of the examples has."""
    theirs, ours = set(predictions.class_names), set(examples.class_names)
    missing, strange = sorted(ours - theirs), sorted(theirs - ours - set(empty_classes))
    if missing or strange:
        parts = [
            *([f"lacks {_some([repr(name) for name in missing])}"] if missing else []),
            *([f"has {_some([repr(name) for name in strange])} besides"] if strange else []),
        ]
        raise DataError(
            f"Expected predictions of the {len(ours)} classes of these data. Received: {source.folder}, "
            f"which {' and '.join(parts)}.",
            f"Name a cross-validation of the same classes: {source.again()}",
        )
    return [predictions.class_names.index(name) for name in examples.class_names]


def _require_labels(source: FoldSource, changed: Sequence[str], tested: Mapping[str, int]) -> None:
    if changed:
        raise DataError(
            f"Expected the labels that the folds were trained with. Received: {source.folder}, of whose "
            f"{len(tested):,} tested examples {len(changed):,} bear another label now: {_some(changed)}.",
            f"Labels have changed since; run the folds again: {source.again()}",
        )


def _tested_twice(source: FoldSource, first: int, second: int) -> ArtifactError:
    return ArtifactError(
        f"Expected every content to be tested in one fold. Received: {source.folder}, where folds {first} and "
        f"{second} tested one and the same.",
        f"Run the folds again: {source.again()}",
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
