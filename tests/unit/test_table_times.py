from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.assigned_splits import assigned_splits
from ftsuite.data.sources import load_examples
from ftsuite.errors import ConfigError, DataError
from tests.found_pictures import note_with, picture


def configured(path: Path | str, **settings: Any) -> DataConfig:
    return DataConfig.model_validate({"source": str(path), "time_column": "seen", **settings})


def load(path: Path, **settings: Any) -> Examples:
    return load_examples(configured(path, **settings), seed=0)


def reviews(path: Path, times: list[Any]) -> Path:
    rows = [f"text {index},{'pos' if index % 2 else 'neg'},{time}" for index, time in enumerate(times)]
    path.write_text("\n".join(["text,label,seen", *rows]) + "\n", encoding="utf-8")
    return path


def test_the_newest_rows_of_a_csv_are_the_test(tmp_path: Path) -> None:
    times = [f"2024-{12 - index:02}-01" for index in range(12)]
    path = reviews(tmp_path / "a.csv", times)
    data = configured(path, test_fraction=0.25, validation_fraction=0.25)
    examples, splits, facts = assigned_splits(load_examples(data, seed=0), data, 0)
    assert splits.tolist() == ["test"] * 3 + ["validation"] * 2 + ["train"] * 7
    assert facts == {"time": {"column": "seen", "validation_from": "2024-08-01", "test_from": "2024-10-01"}}
    assert "from 2024-10-01 on for the test (25.0%)" in note_with(examples, "forward in time")


def test_times_follow_their_rows_where_ids_repeat_and_files_are_bad(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    rows = ["a.png,jay,1", "torn.png,jay,2", "a.png,wren,3", "b.png,jay,", "c.png,wren,5"]
    path = tmp_path / "birds.csv"
    path.write_text("\n".join(["image,label,seen", *rows]) + "\n", encoding="utf-8")
    examples = load(path, bad_files="skip")
    assert examples.ids == ("a.png", "a.png#2", "c.png")
    assert examples.times is not None
    assert examples.times.tolist() == [1, 3, 5]
    assert "birds.csv line 5 has no time in column 'seen'" in note_with(examples, "Left out 2 of 5")


def test_what_is_no_time_is_told_with_file_and_row(tmp_path: Path) -> None:
    path = reviews(tmp_path / "a.csv", ["2024-01-01", "yesterday", "2024-01-03", "2024-02-30"])
    with pytest.raises(DataError) as caught:
        load(path)
    told = caught.value.message
    assert "a.csv line 3: has no ISO 8601 date or time and no number in column 'seen': 'yesterday'" in told
    assert "a.csv line 5" in told
    with pytest.raises(DataError, match=r"a date .* in a\.csv line 2, and a number in a\.csv line 3"):
        load(reviews(tmp_path / "a.csv", ["2024-01-01", "2024", "2024-01-03"]))


def test_parquet_and_json_lines_give_times_as_they_are(tmp_path: Path) -> None:
    moments = [datetime.datetime(2024, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3)]
    table = pyarrow.table({"text": ["a", "b", "c"], "label": ["x", "y", "x"], "seen": moments})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    examples = load(tmp_path / "a.parquet")
    assert examples.times is not None
    assert examples.times.dtype == np.dtype("datetime64[us]")
    lines = [f'{{"text": "{name}", "label": "{name}", "seen": {1.5 * at}}}' for at, name in enumerate("abc")]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    examples = load(tmp_path / "a.jsonl")
    assert examples.times is not None
    assert examples.times.tolist() == [0.0, 1.5, 3.0]


def test_a_time_column_goes_with_a_table_without_splits_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label,seen,split\none,x,1,train\ntwo,y,2,test\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no splits of its own"):
        load(path)
    picture(tmp_path / "photos" / "jay" / "a.png")
    with pytest.raises(ConfigError, match="goes with a table"):
        load(tmp_path / "photos")
    with pytest.raises(ConfigError, match="the nearest is 'seen'"):
        load(path, time_column="sen")
