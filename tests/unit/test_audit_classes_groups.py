"""Checks of class counts and of groups, their short forms for a run, and groups by a pattern of ids."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.audit.class_counts import check_class_counts, effective_classes
from ftsuite.data.audit.groups import check_groups
from ftsuite.data.sources.pattern_groups import grouped_by_pattern
from ftsuite.data.splits import split_examples
from ftsuite.errors import ConfigError
from ftsuite.runs.audit_notes import audit_notes


def _examples(counts: dict[str, int], ids: list[str] | None = None) -> Examples:
    labels = np.repeat(np.arange(len(counts)), list(counts.values()))
    names = tuple(ids or (f"{label}/{place}" for place, label in enumerate(labels)))
    return Examples(names, names, labels, tuple(counts), names, "text")


def test_small_and_uneven_classes_are_told_with_their_examples() -> None:
    examples = _examples({"many": 40, "few": 3, "one": 1})
    splits = np.full(44, "train")
    found = {finding.check: finding for finding in check_class_counts(examples, splits, ["none"])}
    assert set(found) == {"empty-classes", "one-example-classes", "small-classes", "uneven-classes"}
    assert found["empty-classes"].severity == "error"
    assert found["one-example-classes"].flagged[0].positions == (43,)
    assert found["small-classes"].flagged[0].positions == (40, 41, 42)
    assert found["uneven-classes"].severity == "warning"
    assert found["uneven-classes"].figures["ratio"] == 40


def test_a_class_that_is_tested_and_never_trained_is_an_error() -> None:
    examples = _examples({"a": 6, "b": 6})
    splits = np.array(["train"] * 6 + ["test"] * 6)
    (finding,) = check_class_counts(examples, splits)
    assert (finding.check, finding.severity) == ("classes-missing-from-splits", "error")
    assert finding.figures == {"train": ["b"], "test": ["a"]}


def test_even_classes_in_all_splits_are_nothing_to_tell() -> None:
    examples = _examples({"a": 8, "b": 10})
    assert check_class_counts(examples, np.array(["train", "test"] * 9)) == []


@pytest.mark.parametrize(("counts", "expected"), [([5, 5, 5, 5], 4.0), ([10, 0], 1.0), ([99, 1], 1.0576)])
def test_effective_number_of_classes(counts: list[int], expected: float) -> None:
    assert effective_classes(np.array(counts)) == pytest.approx(expected, abs=1e-3)


def test_groups_on_both_sides_of_official_splits_are_an_error() -> None:
    examples = replace(
        _examples({"a": 4, "b": 4}),
        groups=("g1", "g1", "g2", "\x00alone", "g3", "g3", "g2", "\x00alone"),
    )
    splits = np.array(["train", "test", "train", "train", "train", "train", "validation", "test"])
    (finding,) = check_groups(examples, splits)
    assert (finding.severity, finding.figures) == ("error", {"groups": 3, "crossing": 2, "test_examples": 1})
    assert [flagged.positions for flagged in finding.flagged] == [(1, 0), (6, 2)], "the test's come first"
    assert check_groups(replace(examples, groups=None), splits) == []


def test_ids_name_groups_that_a_split_keeps_together() -> None:
    ids = [f"{bird}/video{video}_frame{frame}.jpg" for bird in "ab" for video in range(8) for frame in range(5)]
    examples = grouped_by_pattern(_examples({"a": 40, "b": 40}, [*ids[:-1], "b/alone.jpg"]), r"^(.+)_frame\d+")
    assert examples.groups is not None
    assert examples.groups[:6] == ("a/video0",) * 5 + ("a/video1",)
    assert examples.groups[-1] == "\x00b/alone.jpg"
    assert any("does not fit 1 of 80 ids" in note for note in examples.notes)
    splits = split_examples(examples, validation_fraction=0.2, test_fraction=0.3, seed=0)
    assert check_groups(examples, splits) == []
    assert len(set(splits.tolist())) == 3


def test_a_pattern_that_fits_no_id_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"fits none of 2, such as 'a/1'.*"):
        grouped_by_pattern(_examples({"a": 2}, ["a/1", "a/2"]), r"^(patient\d+)_")


def test_a_group_that_takes_no_part_in_the_match_leaves_its_example_alone() -> None:
    examples = grouped_by_pattern(_examples({"a": 3}, ["p1_x", "y", "p1_z"]), r"(p\d)?_?[xyz]")
    assert examples.groups == ("p1", "\x00y", "p1")


def test_every_kind_of_source_takes_a_pattern_and_a_manifest() -> None:
    for source in ("folder:x", "csv:x", "jsonl:x", "parquet:x", "tfds:x", "asset:x", "field-guide"):
        data = DataConfig(source=source, group_pattern="^(.)", manifest="m.csv")
        assert (data.group_pattern, data.manifest) == ("^(.)", "m.csv")


def test_notes_of_a_run_tell_each_thing_once_and_soon() -> None:
    counts = {"Blue Jay": 400, "blue jey": 1} | {f"bird {chr(97 + k % 26) * 6}{k // 26 * 'x'}": 50 for k in range(190)}
    examples = _examples(counts)
    examples = replace(examples, groups=tuple(f"g{at // 3}" for at in range(len(examples))))
    splits = np.where(np.arange(len(examples)) % 5 == 0, "test", "train")
    began = time.process_time()
    notes = audit_notes(examples, splits)
    assert time.process_time() - began < 5, "about 0.2 s of a processor"
    assert len(notes) == 3
    for part in (
        "'Blue Jay' and 'blue jey'",
        "1 class holds one example",
        "groups have examples in more than one split",
    ):
        assert sum(part in note for note in notes) == 1
