"""Ids, labels, splits and hashes of field-guide pictures."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from ftsuite.data.field_guide import FieldGuide, content_hash, examples, parse_example_id
from ftsuite.errors import DataError


def test_examples_lists_every_species_in_every_split() -> None:
    listed = examples(7, {"train": 3, "test": 2})
    assert len(listed.ids) == len(set(listed.ids)) == 24 * 5
    assert listed.ids[0] == "train/northern-cardinal/00000"
    assert listed.labels.dtype == np.int64
    assert np.bincount(listed.labels).tolist() == [5] * 24
    assert sorted(set(listed.splits.tolist())) == ["test", "train"]
    assert all(identifier.split("/")[0] == split for identifier, split in zip(listed.ids, listed.splits, strict=True))
    assert listed.class_names == FieldGuide.load().class_names


def test_labels_follow_the_species_in_the_id() -> None:
    listed = examples(0, {"validation": 1})
    for identifier, label in zip(listed.ids, listed.labels, strict=True):
        assert parse_example_id(identifier)[1].name == listed.class_names[label]


def test_content_hash_is_that_of_the_seed_and_the_id() -> None:
    listed = examples(5, {"train": 1})
    expected = hashlib.sha256(f"field-guide-v1/5/{listed.ids[3]}".encode()).hexdigest()
    assert listed.content_hashes[3] == expected == content_hash(5, listed.ids[3])
    assert content_hash(6, listed.ids[3]) != expected


def test_asking_for_more_changes_none_of_the_others() -> None:
    few, many = examples(1, {"train": 2}), examples(1, {"train": 5, "test": 1})
    hashes = dict(zip(many.ids, many.content_hashes, strict=True))
    assert all(hashes[one] == its_hash for one, its_hash in zip(few.ids, few.content_hashes, strict=True))


@pytest.mark.parametrize(
    "identifier",
    [
        "", "northern-cardinal", "train/northern-cardinal/12", "train/northern-cardinal/-0001",
        "train/northern-cardinal/000012", "train/Northern Cardinal/00012", "train/northern-cardinal/00012/",
        "train/northern-cardinal/00012\n", "dev/northern-cardinal/00012", "../northern-cardinal/00012",
    ],
)  # fmt: skip
def test_bad_ids_are_refused(identifier: str) -> None:
    with pytest.raises(DataError, match="Received"):
        parse_example_id(identifier)


def test_an_unknown_species_gets_the_nearest_one_named() -> None:
    with pytest.raises(DataError, match="northern-cardinal"):
        parse_example_id("train/northern-cardnal/00001")


@pytest.mark.parametrize("counts", [{"dev": 3}, {"train": -1}])
def test_bad_counts_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(DataError, match="Received"):
        examples(0, counts)
