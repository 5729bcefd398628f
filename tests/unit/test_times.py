from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ftsuite.data.forward_splits import forward_splits
from ftsuite.data.times import LOCAL, NUMBER, ZONED, Moment, parse_time, time_array, time_text
from ftsuite.errors import DataError

DAY = 86_400_000_000
_UTC = datetime.UTC


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("1970-01-02", Moment(LOCAL, DAY)),
        (" 1970-01-02T00:00 ", Moment(LOCAL, DAY)),
        ("1970-01-02 00:00:00.000001", Moment(LOCAL, DAY + 1)),
        ("1970-01-02T00:00:00Z", Moment(ZONED, DAY)),
        ("1970-01-02T01:00:00+01:00", Moment(ZONED, DAY)),
        ("1969-12-31", Moment(LOCAL, -DAY)),
        ("1970-W01-5", Moment(LOCAL, DAY)),
        ("2021", Moment(NUMBER, 2021)),
        ("-3", Moment(NUMBER, -3)),
        ("1700000000.5", Moment(NUMBER, 1700000000.5)),
        (1700000000123456789, Moment(NUMBER, 1700000000123456789)),
        (decimal.Decimal("2.5"), Moment(NUMBER, 2.5)),
        (datetime.date(1970, 1, 2), Moment(LOCAL, DAY)),
        (datetime.datetime(1970, 1, 2), Moment(LOCAL, DAY)),
        (datetime.datetime(1970, 1, 2, tzinfo=_UTC), Moment(ZONED, DAY)),
    ],
)
def test_times_are_read_in_every_form(value: Any, moment: Moment) -> None:
    assert parse_time(value) == moment


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2021-13-01", "01/02/2021", "nan", "inf", "1e999", True, None, float("nan"), 2**70, [2021], b"2021"],
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert parse_time(value) is None


def test_forms_that_have_no_order_are_told_with_their_places() -> None:
    moments = [parse_time("2021"), parse_time("2022-01-01")]
    with pytest.raises(DataError, match=r"Received: a number in a\.csv line 2, and a date .* in a\.csv line 3\."):
        time_array([moment for moment in moments if moment], ["a.csv line 2", "a.csv line 3"], "seen")
    zones = [moment for moment in map(parse_time, ("2021-01-01T00:00", "2021-01-01T00:00Z")) if moment]
    with pytest.raises(DataError, match=r"without a zone .* and a time with a zone"):
        time_array(zones, ["one", "two"], "seen")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2024-03-01", "2024-03-01"),
        ("2024-03-01T12:30", "2024-03-01T12:30:00"),
        ("2024-03-01T12:30:00.25", "2024-03-01T12:30:00.250000"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00"),
        ("2024", 2024),
        ("0.5", 0.5),
    ],
)
def test_a_time_is_written_as_short_as_it_may_be(written: str, text: object) -> None:
    moment = parse_time(written)
    assert moment is not None
    assert time_text(time_array([moment], ["here"], "seen")[0]) == text


def split(times: list[float], validation: float = 0.2, test: float = 0.2) -> list[str]:
    splits, _ = forward_splits(np.asarray(times), validation_fraction=validation, test_fraction=test)
    return [name[1] for name in splits.tolist()]  # the second letter of train, validation and test


def test_the_newest_are_the_test_and_those_before_them_validation() -> None:
    assert "".join(split([5, 4, 3, 2, 1, 6, 7, 8, 9, 10])) == "rrrrraaaee".replace("aaa", "raa")
    _, cuts = forward_splits(np.arange(10), validation_fraction=0.2, test_fraction=0.2)
    assert cuts == {"validation_from": 6, "test_from": 8}


def test_rows_of_equal_time_stay_together_at_the_nearest_cut() -> None:
    assert "".join(split([1, 1, 1, 2, 2, 3, 3, 3, 3, 3])) == "rrraaeeeee"
    assert "".join(split([1, 2, 3])) == "rae"
    assert "".join(split([1] * 50 + [2] + [3])) == "r" * 50 + "ae"


@pytest.mark.parametrize("times", [[1], [1, 1, 2, 2]])
def test_fewer_than_three_times_cannot_be_split(times: list[float]) -> None:
    with pytest.raises(DataError, match="at least 3 different times"):
        split(times)


@given(
    st.lists(st.integers(-5, 60), min_size=3, max_size=80),
    st.sampled_from([0.05, 0.2, 0.5, 0.9]),
    st.sampled_from([0.05, 0.2, 0.5, 0.9]),
    st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_no_side_reaches_into_the_time_of_another(
    times: list[int], validation: float, test: float, random: object
) -> None:
    assume(len(set(times)) >= 3)
    splits, cuts = forward_splits(np.asarray(times), validation_fraction=validation, test_fraction=test)
    of = {name: [time for time, side in zip(times, splits, strict=True) if side == name] for name in set(splits)}
    assert set(of) == {"train", "validation", "test"}
    assert max(of["train"]) < min(of["validation"]) == cuts["validation_from"]
    assert max(of["validation"]) < min(of["test"]) == cuts["test_from"]
    order = list(range(len(times)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled, _ = forward_splits(np.asarray(times)[order], validation_fraction=validation, test_fraction=test)
    assert shuffled.tolist() == splits[order].tolist()


@given(st.integers(20, 300), st.sampled_from([0.1, 0.2, 0.4]), st.sampled_from([0.1, 0.15, 0.3]))
def test_shares_are_those_asked_for_where_times_differ(count: int, test: float, validation: float) -> None:
    splits, _ = forward_splits(np.arange(count), validation_fraction=validation, test_fraction=test)
    tested = np.count_nonzero(splits == "test")
    assert abs(tested - count * test) <= 0.5 + 1e-6
    assert abs(np.count_nonzero(splits == "validation") - (count - tested) * validation) <= 0.5 + 1e-6
