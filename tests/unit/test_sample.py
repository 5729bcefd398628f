from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig, SampleSize
from ftsuite.data.sample import sample_examples
from ftsuite.data.splits import split_examples
from ftsuite.errors import ConfigError, DataError


def examples_of(counts: list[int], splits: bool = False) -> Examples:
    labels = np.repeat(np.arange(len(counts)), counts)
    contents = tuple(hashlib.sha256(str(number).encode()).hexdigest() for number in range(len(labels)))
    official = np.where(np.arange(len(labels)) % 4 == 3, "test", "train") if splits else None
    return Examples(contents, contents, labels, tuple(f"c{n}" for n in range(len(counts))), contents, "text", official)


def sampled(examples: Examples, size: int | str, seed: int = 0) -> Examples:
    return sample_examples(examples, SampleSize.parse(size), seed)


@pytest.mark.parametrize("splits", [False, True])
def test_larger_samples_hold_smaller_ones(splits: bool) -> None:
    examples = examples_of([100, 31, 7, 1], splits)
    smaller: set[str] = set()
    for size in range(4, 140):
        own = set(sampled(examples, size).ids)
        assert len(own) == size
        assert smaller < own
        smaller = own


def test_each_class_and_official_split_has_its_share() -> None:
    few = sampled(examples_of([400, 200, 4], splits=True), "10%")
    assert np.bincount(few.labels).tolist() == pytest.approx([40, 20, 1], abs=1)
    assert few.splits is not None
    assert np.count_nonzero(few.splits == "test") == pytest.approx(15, abs=1)
    least = sampled(examples_of([400, 200, 4], splits=True), 3)
    assert np.bincount(least.labels).tolist() == [1, 1, 1]
    assert least.splits is not None
    assert set(least.splits.tolist()) == {"train"}


def test_the_choice_is_by_content_and_seed_and_keeps_the_order() -> None:
    examples = examples_of([50, 50])
    first = sampled(examples, 20)
    assert sampled(examples, "20%").ids == first.ids
    assert sampled(examples, 20, seed=1).ids != first.ids
    backwards = examples.take(np.arange(len(examples))[::-1])
    assert set(sampled(backwards, 20).ids) == set(first.ids)
    positions = [examples.ids.index(one) for one in first.ids]
    assert positions == sorted(positions)
    assert first.notes[-1].startswith("A sample of 20 of 100 examples (data.sample: 20)")
    # An example is in the same split with a sample and without.
    cut = {"validation_fraction": 0.2, "test_fraction": 0.2, "seed": 0}
    whole = dict(zip(examples.ids, split_examples(examples, **cut).tolist(), strict=True))  # type: ignore[arg-type]
    own = dict(zip(first.ids, split_examples(first, **cut).tolist(), strict=True))  # type: ignore[arg-type]
    assert sum(whole[one] != split for one, split in own.items()) <= 2  # a class without a test takes the nearest


def test_nothing_to_do_and_too_few() -> None:
    examples = examples_of([5, 5])
    assert sample_examples(examples, None, 0) is examples
    assert sampled(examples, 10) is examples
    assert sampled(examples, "100%") is examples
    with pytest.raises(DataError, match=r"at least 2\. Received: 1%, which is 1 of 10") as caught:
        sampled(examples, "1%")
    assert "sample: 20" in caught.value.advice
    doubled = replace(examples, content_hashes=(examples.content_hashes[0],) * 10)
    assert len(sampled(doubled, 4)) == 4


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "", "0%", "101%", "ten", "%", "1e2%", None])
def test_sizes_that_are_none(value: object) -> None:
    with pytest.raises(ConfigError, match="sample"):
        SampleSize.parse(value)


def test_sizes_as_a_config_writes_them() -> None:
    for value in (500, "10%", "0.5%"):
        data = DataConfig.model_validate({"source": "a", "sample": value})
        assert data.model_dump(mode="json")["sample"] == value
