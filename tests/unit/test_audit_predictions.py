"""Predictions of a cross-validation for the audit of labels: matched by content, and refused where they do not fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.held_out import log_scores
from ftsuite.errors import ArtifactError, ConfigError, DataError, FtsuiteError
from ftsuite.runs.audit_predictions import FoldPredictions, fold_predictions
from tests.made_folds import write_folds

NAMES = ("crow", "jay", "wren")
COUNT = 30


def examples_of(count: int = COUNT) -> Examples:
    ids = tuple(f"row {number}" for number in range(count))
    hashes = tuple(f"{number:064x}" for number in range(count))
    return Examples(ids, ids, np.arange(count) % 3, NAMES, hashes, "text")


def probabilities_of(examples: Examples, seed: int = 0) -> np.ndarray:
    draws = np.random.default_rng(seed).random((len(examples), len(examples.class_names)), dtype=np.float32)
    shares: np.ndarray = draws / draws.sum(axis=1, keepdims=True)
    return shares


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folds(tmp_path / "folds", examples_of(), probabilities_of(examples_of()))


def read(folder: Path, examples: Examples, *, empty: tuple[str, ...] = ()) -> FoldPredictions:
    return fold_predictions([str(folder)], examples, empty)


def refused(kind: type[FtsuiteError], folder: Path, examples: Examples, *said: str) -> None:
    with pytest.raises(kind) as stop:
        read(folder, examples)
    for part in said:
        assert part in str(stop.value)
    assert "Received: " in stop.value.message
    assert stop.value.advice


def test_every_example_has_the_scores_of_the_fold_that_tested_it(folder: Path) -> None:
    found = read(folder, examples_of())
    assert found.held_out.covered.all()
    assert found.held_out.scores == pytest.approx(log_scores(probabilities_of(examples_of())), abs=1e-5)
    assert (found.dependent, found.sources[0].count, found.sources[0].seed) == (0, 3, 0)
    facts = found.facts()
    assert (facts["covered"], facts["not_covered"]) == (COUNT, 0)
    assert "Labels of 30 of 30 examples" in found.note()
    assert "features alone" not in found.note()


def test_rows_that_moved_and_classes_in_another_order_are_matched_by_content_and_name(folder: Path) -> None:
    order = np.random.default_rng(1).permutation(COUNT)
    turned = examples_of().take(order)
    turned = replace(
        turned, ids=tuple(f"new {at}" for at in range(COUNT)), class_names=NAMES[::-1], labels=2 - turned.labels
    )
    found = read(folder, turned)
    assert found.held_out.scores == pytest.approx(log_scores(probabilities_of(examples_of()))[order, ::-1], abs=1e-5)


def test_examples_that_came_since_are_not_covered_and_told_of(folder: Path) -> None:
    found = read(folder, examples_of(COUNT + 4))
    assert found.held_out.covered.tolist() == [True] * COUNT + [False] * 4
    assert (found.held_out.scores[COUNT:] == 0).all()
    assert "No fold tested the other 4: features alone judged them." in found.note()


def test_examples_that_went_are_not_missed(folder: Path) -> None:
    assert read(folder, examples_of(20)).held_out.covered.all()


def test_an_example_whose_group_the_fold_trained_on_is_not_covered(folder: Path) -> None:
    groups = tuple("pair" if at < 2 else f"alone {at}" for at in range(COUNT))
    found = read(folder, replace(examples_of(), groups=groups))
    assert found.held_out.covered.tolist() == [False] * 2 + [True] * (COUNT - 2)
    assert found.dependent == 2
    assert "2 were tested by a fold that had trained on their copies or their group" in found.note()


def test_copies_share_the_prediction_of_their_content(folder: Path) -> None:
    hashes = (*examples_of().content_hashes, f"{4:064x}")
    more = examples_of(COUNT + 1)
    doubled = replace(more, content_hashes=hashes, labels=np.append(examples_of().labels, 0))
    found = read(folder, doubled)
    assert found.held_out.covered[-1]
    assert (found.held_out.scores[-1] == found.held_out.scores[4]).all()


def test_two_cross_validations_are_averaged_where_both_have_tested(folder: Path, tmp_path: Path) -> None:
    part = write_folds(tmp_path / "part", examples_of(15), probabilities_of(examples_of(15), 7), folds=5, seed=7)
    found = fold_predictions([str(folder), str(part)], examples_of(), ())
    first, second = log_scores(probabilities_of(examples_of())), log_scores(probabilities_of(examples_of(15), 7))
    assert found.held_out.scores[:15] == pytest.approx((first[:15] + second) / 2, abs=1e-5)
    assert found.held_out.scores[15:] == pytest.approx(first[15:], abs=1e-5)
    assert [source.seed for source in found.sources] == [0, 7]


def test_an_empty_class_of_now_may_have_had_a_column(folder: Path) -> None:
    two = examples_of().take(np.flatnonzero(np.arange(COUNT) % 3 < 2))
    two = replace(two, class_names=NAMES[:2])
    assert read(folder, two, empty=("wren",)).held_out.scores.shape == (20, 2)
    refused(DataError, folder, two, "has 'wren' besides", "ftsuite run birds --folds 3")


def test_other_labels_are_refused_with_examples(folder: Path) -> None:
    labels = examples_of().labels.copy()
    labels[[3, 4, 5, 6, 7]] = (labels[[3, 4, 5, 6, 7]] + 1) % 3
    refused(DataError, folder, replace(examples_of(), labels=labels), "5 bear another label now",
            "row 3 (then 'crow', now 'jay')", "and 2 more")  # fmt: skip


def test_other_classes_and_other_contents_are_refused(folder: Path) -> None:
    refused(DataError, folder, replace(examples_of(), class_names=("crow", "jay", "finch")), "lacks 'finch'", "'wren'")
    others = replace(examples_of(), content_hashes=tuple(f"{at + 900:064x}" for at in range(COUNT)))
    refused(DataError, folder, others, "none of the 30 here")


def test_files_of_different_runs_and_contents_tested_twice_are_refused(folder: Path) -> None:
    shutil.copy(folder / "fold-2" / "predictions.parquet", folder / "fold-1")
    refused(ArtifactError, folder, examples_of(), "of one run", "fold 1")
    shutil.copy(folder / "fold-2" / "split.json", folder / "fold-1")
    refused(ArtifactError, folder, examples_of(), "folds 1 and 2")


@pytest.mark.parametrize("name", ["fold-2/predictions.parquet", "fold-3/split.json", "folds.json"])
def test_missing_and_torn_files_are_refused(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError):
        read(folder, examples_of())
    (folder / name).unlink()
    with pytest.raises(ArtifactError):
        read(folder, examples_of())


def test_what_is_no_finished_cross_validation_is_refused(folder: Path, tmp_path: Path) -> None:
    refused(ArtifactError, folder / "fold-1", examples_of(), "folder of a cross-validation", "--folds 5")
    refused(ArtifactError, tmp_path / "nowhere", examples_of(), "nowhere")
    told = json.loads((folder / "folds.json").read_text(encoding="utf-8"))
    (folder / "folds.json").write_text(json.dumps({**told, "complete": False}), encoding="utf-8")
    refused(ArtifactError, folder, examples_of(), "not all finished", "--resume")
    (folder / "folds.json").write_text(json.dumps({**told, "runs": []}), encoding="utf-8")
    refused(ArtifactError, folder, examples_of(), "lists its runs")


def test_the_same_folder_twice_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="once more"):
        fold_predictions([str(folder), f"{folder}/"], examples_of(), ())
