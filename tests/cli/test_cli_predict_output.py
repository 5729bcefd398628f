"""`ftsuite predict --output`: the files that it writes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from predict_stub import Predict

from ftsuite.runs import prediction_answers

ENDINGS = (".csv", ".jsonl", ".parquet")


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predict:
    return Predict(tmp_path / "run", monkeypatch, "text")


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return list(pyarrow.parquet.read_table(path).to_pylist())


@pytest.mark.parametrize("ending", ENDINGS)
def test_plain_texts_give_a_row_each(texts: Predict, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out{ending}"
    result = texts("a good,\nfilm", "", "bore", "--output", out)
    assert result.exit_code == 3, result.output
    assert f"Wrote 3 rows to {out}, 1 of them with an error." in result.stdout
    rows = _read(out)
    assert [row["input"] for row in rows] == ["a good,\nfilm", "", "bore"]
    assert [row["prediction"] or None for row in rows] == ["good", None, "bad"]
    assert float(rows[0]["probability"]) == float(rows[0]["probability_good"]) == 0.875
    assert float(rows[2]["probability_good"]) == 0.25
    assert rows[1]["error"] == "is empty" and not rows[0].get("error")
    if ending != ".jsonl":
        assert list(rows[0]) == ["input", "prediction", "probability", "probability_bad", "probability_good", "error"]
    assert not list(tmp_path.glob(".*partial"))


@pytest.mark.parametrize("source", ENDINGS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_keeps_its_own_columns_and_their_types(
    texts: Predict, tmp_path: Path, source: str, ending: str
) -> None:
    own = {"id": [1, 2], "text": ["good", "bad ü"], "stars": [0.5, None], "tags": [["a"], []]}
    path = tmp_path / f"in{source}"
    if source == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table(own), path)
    elif source == ".jsonl":
        lines = [dict(zip(own, row, strict=True)) for row in zip(*own.values(), strict=True)]
        path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    else:
        path.write_text('id,text,stars,tags\n1,good,0.5,"[""a""]"\n2,bad ü,,[]\n', encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert texts(path, "--output", out).exit_code == 0
    rows = _read(out)
    assert list(rows[0])[:6] == ["id", "text", "stars", "tags", "prediction", "probability"]
    assert [row["text"] for row in rows] == ["good", "bad ü"]
    assert [int(row["id"]) for row in rows] == [1, 2]
    if ending == ".csv":
        assert [json.loads(row["tags"]) for row in rows] == [["a"], []]
    elif source != ".csv":
        assert [row["id"] for row in rows] == [1, 2] and [row["stars"] for row in rows] == [0.5, None]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_column_named_like_an_answer_is_kept_beside_it(texts: Predict, tmp_path: Path, ending: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text,prediction,original_prediction,input\ngood,mine,older,kept\n", encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert texts(path, "--output", out).exit_code == 0
    (row,) = _read(out)
    assert (row["prediction"], row["original_prediction"], row["original_original_prediction"]) == (
        "good",
        "mine",
        "older",
    )
    assert row["input"] == "kept"


@pytest.mark.parametrize("ending", ENDINGS)
def test_tables_and_texts_mixed_share_one_header(texts: Predict, tmp_path: Path, ending: str) -> None:
    (tmp_path / "a.csv").write_text("text,id\ngood,1\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"review": "bad", "id": 2, "input": "x"}\n', encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert texts("words", tmp_path / "a.csv", tmp_path / "b.jsonl", "--output", out).exit_code == 0
    rows = _read(out)
    assert [row["input"] for row in rows] == ["words", "good", "bad"]
    assert [str(row.get("id") or "") for row in rows] == ["", "1", "2"]
    assert rows[2]["original_input"] == "x"


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_no_file_can_hold_does_not_stop_it(texts: Predict, tmp_path: Path, ending: str) -> None:
    path = tmp_path / "in.jsonl"
    rows = ['{"text": "good", "x": "\\ud800", "y": NaN, "z": 99999999999999999999}', '{"text": "\\udfff good"}']
    path.write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert texts(path, "--output", out).exit_code == 3
    first, second = _read(out)
    assert first["prediction"] == "good" and "surrogate" in second["error"]
    assert int(first["z"]) == 99999999999999999999
    if ending == ".jsonl":
        assert first["x"] == "\ud800" and first["y"] is None
    else:
        assert first["x"] == "\\ud800"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_large_file_goes_through_in_chunks_and_in_order(
    texts: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(prediction_answers, "TEXTS_TOGETHER", 64)
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{'good' if n % 3 else 'bad'} {n}\n" for n in range(1000)), encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert texts(path, "--output", out).exit_code == 0
    assert max(texts.run.sizes) == 64
    rows = _read(out)
    assert [row["input"].split()[1] for row in rows] == [str(n) for n in range(1000)]
    assert all((row["prediction"] == "good") == bool(n % 3) for n, row in enumerate(rows))


def test_a_file_that_exists_is_replaced_only_by_force(texts: Predict, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("text\ngood\n", encoding="utf-8")
    refused = texts("words", "--output", out)
    assert refused.exit_code == 2 and "--force" in refused.stderr
    assert out.read_text(encoding="utf-8") == "text\ngood\n" and not texts.run.sizes
    assert texts(out, "--output", out, "--force").exit_code == 0  # even where it is the input itself
    assert [row["prediction"] for row in _read(out)] == ["good"]


@pytest.mark.parametrize("name", ["out.xlsx", "out", "nowhere/out.csv", "folder.csv"])
def test_a_file_that_cannot_be_written_is_refused_at_once(texts: Predict, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    result = texts("words", "--output", tmp_path / name, "--force")
    assert result.exit_code == 2 and "Received" in result.stderr
    assert not texts.run.sizes


def test_force_without_output_is_a_usage_error(texts: Predict) -> None:
    assert texts("words", "--force").exit_code == 2


def test_a_failure_in_the_middle_leaves_the_old_file(texts: Predict, tmp_path: Path) -> None:
    out, path = tmp_path / "out.jsonl", tmp_path / "in.txt"
    out.write_text("old", encoding="utf-8")
    path.write_bytes(b"good\n\xff\n")
    assert texts("words", path, "--output", out, "--force").exit_code == 3
    assert out.read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.txt", "out.jsonl", "run"]


def test_json_with_output_prints_one_result(texts: Predict, tmp_path: Path) -> None:
    rows = texts.rows("good", "", "--output", tmp_path / "out.csv", code=3)
    assert rows[-1] == {"event": "result", "output": str(tmp_path / "out.csv"), "inputs": 2, "errors": 1}
    assert {row["event"] for row in rows[:-1]} <= {"progress"}
