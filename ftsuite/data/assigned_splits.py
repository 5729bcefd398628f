"""The one door to splits: drawn, forward in time, or of a fold, with what two sides share settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.folds import fold_splits, foldable_examples
from ftsuite.data.forward_splits import forward_note, forward_splits
from ftsuite.data.overlap import settle_overlap
from ftsuite.data.splits import split_examples
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.config import DataConfig, FoldsConfig


def assigned_splits(examples: Examples, data: DataConfig, seed: int) -> tuple[Examples, np.ndarray, Mapping[str, Any]]:
    """The split of every example, as the config's ``data`` section asks for it.

    Args:
        examples: all of the source's, duplicates left out where they are to be.
        data: the section.
        seed: the run's.

    Returns:
        The examples that take part, with notes; ``(n,)`` str of ``train``, ``validation`` and ``test``; and what
        split.json says of how the split was made.

    Raises:
        ConfigError: no fold is chosen, or the source gave no times.
        DataError: too few examples, or splits that share some.
    """
    facts: dict[str, Any] = {} if examples.groups is None else {"grouped": True}
    if data.folds is not None:
        examples, splits = _of_fold(examples, data, data.folds, seed)
        return examples, splits, {**facts, "folds": data.folds.model_dump()}
    if data.time_column is not None:
        if examples.times is None:
            raise ConfigError(
                "Expected the task to load times for data.time_column. Received: examples without any.",
                "Remove data.time_column: this source or this task knows of no times.",
            )
        if examples.splits is not None:
            raise ConfigError(
                "Expected data.time_column to split examples that have no splits of their own. Received: official "
                "splits beside times.",
                "Remove data.time_column, or the splits of the source.",
            )
        splits, cuts = forward_splits(
            examples.times, validation_fraction=data.validation_fraction, test_fraction=data.test_fraction
        )
        note = forward_note(examples, splits, cuts, data.time_column)
        examples = replace(examples, notes=(*examples.notes, note))
        facts["time"] = {"column": data.time_column, **cuts}
    else:
        splits = split_examples(
            examples, validation_fraction=data.validation_fraction, test_fraction=data.test_fraction, seed=seed
        )
    examples, splits = settle_overlap(examples, splits, data.overlap)
    return examples, splits, facts


def _of_fold(examples: Examples, data: DataConfig, folds: FoldsConfig, seed: int) -> tuple[Examples, np.ndarray]:
    if folds.held_out is None:
        raise ConfigError(
            "Expected data.folds.held_out to say which fold is tested. Received: null",
            f"Write a number from 1 to {folds.count}, or `--set data.folds=null`; `ftsuite run` alone runs every fold.",
        )
    examples, note = foldable_examples(examples)
    splits = fold_splits(
        examples,
        count=folds.count,
        held_out=folds.held_out,
        validation_fraction=data.validation_fraction,
        seed=seed,
    )
    told = (f"Fold {folds.held_out} of {folds.count} is the test.", *([note] if note else []))
    return replace(examples, notes=(*examples.notes, *told)), splits
