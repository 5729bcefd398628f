"""Compact columns say what tuples of the same strings say."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftsuite.data.columns import HashColumn, StringColumn, compact_paths
from ftsuite.data.same_texts import same_texts

TEXTS = st.lists(st.text(st.characters(exclude_categories=())), max_size=40)


@given(TEXTS, st.data())
def test_strings_come_back_in_every_way_of_asking(texts: list[str], data: st.DataObject) -> None:
    column = StringColumn.of(texts)
    assert list(column) == texts
    assert column == tuple(texts)
    assert tuple(texts) == column
    assert column[1:-1] == texts[1:-1]
    assert [column[place] for place in range(-len(texts), len(texts))] == texts + texts
    places = data.draw(st.lists(st.integers(-len(texts), len(texts) - 1), max_size=9)) if texts else []
    taken = column.take(places)
    assert taken == [texts[place] for place in places]
    assert taken.take(range(len(places))[::-1]) == [texts[place] for place in places[::-1]]


def test_a_column_is_not_equal_to_another_one() -> None:
    column = StringColumn.of(["a", "b"])
    assert column != ("a",)
    assert column != ("a", "c")
    assert column != "ab"


def test_places_that_there_are_not_are_refused() -> None:
    for column in (StringColumn.of(["a", "b"]), HashColumn.of([hashlib.sha256(b"").hexdigest()] * 2)):
        with pytest.raises(IndexError):
            column[2]
        for place in (2, -3):
            with pytest.raises(IndexError):
                column.take([place])


def test_hashes_are_kept_in_32_bytes_and_shown_in_hexadecimal() -> None:
    hashes = [hashlib.sha256(bytes([number])).hexdigest() for number in range(5)]
    column = HashColumn.of(hashes)
    assert column == hashes
    assert column.take([3, 1]).digests.tobytes().hex() == hashes[3] + hashes[1]
    for wrong in ("ab", "x" * 64, hashes[0].upper()):
        with pytest.raises(ValueError):
            HashColumn.of([wrong])


def test_paths_that_repeat_ids_share_their_memory() -> None:
    ids = StringColumn.of(["cat/1.jpg", "dog/2.jpg"])
    shared = compact_paths(ids, ["/data/cat/1.jpg", "/data/dog/2.jpg"])
    assert shared == ["/data/cat/1.jpg", "/data/dog/2.jpg"]
    assert shared._text is ids._text
    own = compact_paths(ids, ["/data/cat/1.jpg", "/other/2.jpg"])
    assert own == ["/data/cat/1.jpg", "/other/2.jpg"]
    assert compact_paths(StringColumn.of([]), []) == []


@given(st.lists(st.integers(0, 9), max_size=30))
def test_equal_texts_have_equal_numbers(values: list[int]) -> None:
    hashes = [hashlib.sha256(bytes([value])).hexdigest() for value in values]
    for column in (tuple(hashes), HashColumn.of(hashes), StringColumn.of(hashes)):
        same = same_texts(column)
        assert same.count == len(set(values))
        assert [values[first] for first in same.firsts[same.numbers]] == values
        assert [values.index(value) for value in values] == same.firsts[same.numbers].tolist()


def test_hashes_that_begin_alike_are_told_apart() -> None:
    digests = np.zeros((4, 32), np.uint8)
    digests[1, 31] = digests[3, 31] = 1
    assert same_texts(HashColumn(digests)).numbers[[0, 2]].tolist() == [0, 0]
    assert same_texts(HashColumn(digests)).numbers[[1, 3]].tolist() == [1, 1]
