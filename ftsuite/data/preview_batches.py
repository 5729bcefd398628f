"""A few examples as training will see them, in chosen epochs: from the same pipeline, with the same keys."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.balanced_sampling import EpochOrder
from ftsuite.data.pipeline import Pipeline


@dataclass(frozen=True)
class ChosenPipeline(Pipeline):
    """A pipeline whose every epoch is one batch of the same examples, augmented as that epoch of a run augments them.

    What is mixed is mixed among them alone: a run mixes within its own batches.

    Attributes:
        chosen: ``(n,)`` int64 positions, none twice.
    """

    chosen: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, pipeline: Pipeline, chosen: np.ndarray) -> ChosenPipeline:
        """The pipeline of a run, for some of its examples."""
        kept = {each.name: getattr(pipeline, each.name) for each in fields(Pipeline) if each.init}
        return cls(**{**kept, "batch_size": len(chosen)}, chosen=np.asarray(chosen, dtype=np.int64))

    def order(self, examples: Examples, epoch: int) -> EpochOrder:
        """The chosen examples."""
        return EpochOrder(self.chosen, np.zeros(len(self.chosen), np.int64))


def training_views(pipeline: Pipeline, training: Examples, chosen: np.ndarray, epoch: int) -> tuple[Any, np.ndarray]:
    """What some training examples become in an epoch.

    Args:
        pipeline: of the run.
        training: its training split.
        chosen: ``(n,)`` positions in it, none twice.
        epoch: counted from 0 through all stages.

    Returns:
        Features as the training model gets them, as NumPy arrays, and targets ``(n, num_classes)`` float32; both in the
        order of `chosen`.
    """
    few = ChosenPipeline.of(pipeline, chosen)
    features, targets, _ = next(few.training_epoch(training, epoch).as_numpy_iterator())
    given = few.batch_positions(training, epoch, 0)
    by_position = np.argsort(given)
    back = by_position[np.searchsorted(given, chosen, sorter=by_position)]
    return _taken(features, back), targets[back]


def whole_views(pipeline: Pipeline, examples: Examples, chosen: np.ndarray) -> Any:
    """What some examples become where nothing is augmented, in the order of `chosen`, as NumPy arrays."""
    few = ChosenPipeline.of(pipeline, chosen)
    batches = few.fixed_batches(examples.take(chosen))
    features = next(batches.dataset.as_numpy_iterator())
    return _taken(features, np.argsort(batches.order))


def spread_over_classes(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Positions of so many examples, one of each class before a second of any: ``(at most count,)`` int64.

    Args:
        labels: ``(n,)`` integers.
        count: at least 1.
        seed: which examples are taken, and which classes where there are more than `count`.
    """
    random = np.random.default_rng([seed, 0x9E])
    order = random.permutation(len(labels))
    shuffled = np.asarray(labels)[order]
    by_class = np.argsort(shuffled, kind="stable")
    grouped = shuffled[by_class]
    turn = np.empty(len(labels), dtype=np.int64)
    turn[by_class] = np.arange(len(labels)) - np.searchsorted(grouped, grouped, side="left")
    chosen = order[np.argsort(turn, kind="stable")[:count]]
    return np.asarray(chosen[np.argsort(np.asarray(labels)[chosen], kind="stable")], dtype=np.int64)


def _taken(features: Any, rows: np.ndarray) -> Any:
    if isinstance(features, dict):
        return {name: array[rows] for name, array in features.items()}
    return features[rows]
