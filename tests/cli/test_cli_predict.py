"""`ftsuite predict`: what may be given to it, and what it shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow
import pyarrow.parquet
import pytest
from predict_stub import Predict

from ftsuite.runs import prediction_answers
from ftsuite.runs.prediction_inputs import PlainSource


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predict:
    return Predict(tmp_path / "run", monkeypatch, "text")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predict:
    return Predict(tmp_path / "run", monkeypatch, "image-file")


def _picture(path: Path, value: int) -> Path:
    PIL.Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(path)
    return path


def test_texts_on_the_command_line_are_shown_in_a_table(texts: Predict) -> None:
    result = texts("a good film", "a\nbore " + "x" * 200)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["text", "prediction", "probability", "next"]
    assert lines[1].split() == ["a", "good", "film", "good", "0.875", "bad", "0.125"]
    assert lines[2].startswith("a bore xxx") and "…" in lines[2] and "0.750" in lines[2]


def test_json_rows_hold_the_whole_text_and_the_ranked_classes(texts: Predict) -> None:
    (row,) = texts.rows("good " * 100)
    assert row["input"] == "good " * 100
    assert (row["prediction"], row["probability"]) == ("good", 0.875)
    assert row["top"] == [{"class": "good", "probability": 0.875}, {"class": "bad", "probability": 0.125}]
    assert len(texts.rows("good", "--top", "1")[0]["top"]) == 1


def test_stdin_gives_a_text_a_line(texts: Predict) -> None:
    rows = texts.rows("-", stdin="\ufeffgood ü\r\n\n\nbad\u2028good\nnot ended".encode() + b"\n\xff\xfe\n", code=3)
    assert [row["input"] for row in rows] == ["good ü", "", "", "bad\u2028good", "not ended", ""]
    assert [row.get("error") for row in rows] == [None, "is empty", "is empty", None, None, "is not UTF-8"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_lines(texts: Predict, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "lines.TXT"
    path.write_text("good 鴨\nbad\n", encoding=encoding)
    assert [(row["input"], row["prediction"]) for row in texts.rows(path)] == [("good 鴨", "good"), ("bad", "bad")]


def test_texts_files_and_stdin_mix_in_their_order(texts: Predict, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo", encoding="utf-8")
    (tmp_path / "b.csv").write_text('text,n\n"three, ""3""",1\n', encoding="utf-8")
    rows = texts.rows("zero", tmp_path / "a.txt", tmp_path / "b.csv", "-", stdin=b"four\n")
    assert [row["input"] for row in rows] == ["zero", "one", "two", 'three, "3"', "four"]


def test_a_sentence_that_ends_like_a_file_is_a_sentence(texts: Predict) -> None:
    assert texts.rows("I could not open report.csv")[0]["prediction"] == "bad"
    long = "good " * 3000 + ".csv"
    assert texts.rows(long)[0]["input"] == long


def test_a_file_that_is_not_there_is_not_taken_for_a_text(texts: Predict, tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("text\nx\n", encoding="utf-8")
    result = texts(tmp_path / "review.csv")
    assert result.exit_code == 3
    assert "review.csv" in result.stderr and "reviews.csv" in result.stderr and "stdin" in result.stderr


@pytest.mark.parametrize("name", ["photos", "photo.png", "reviews"])
def test_a_file_or_folder_that_holds_no_texts_is_not_taken_for_a_text(
    texts: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "reviews").write_text("good\n", encoding="utf-8")
    _picture(tmp_path / "photo.png", 9)
    result = texts(name)
    assert result.exit_code == 3
    assert ".csv" in result.stderr and f"Received: {name!r}" in result.stderr and "stdin" in result.stderr
    assert texts.rows("-", stdin=name.encode())[0]["input"] == name


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_table_is_separated_by_what_its_header_shows_as_in_training(
    texts: Predict, tmp_path: Path, mark: str
) -> None:
    (tmp_path / "t.csv").write_text(f"id{mark}text\n1{mark}good, really\n", encoding="utf-8")
    assert [row["input"] for row in texts.rows(tmp_path / "t.csv")] == ["good, really"]


@pytest.mark.parametrize(
    ("header", "row", "chosen"),
    [
        ("id,Review,label", "1,good,x", "good"),
        ("id,words", "1,good", "good"),
        ("content,text", "bad,good", "good"),
    ],
)
def test_the_column_is_found_by_its_name_or_because_it_is_the_only_one_with_strings(
    texts: Predict, tmp_path: Path, header: str, row: str, chosen: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert texts.rows(path)[0]["input"] == chosen


def test_a_column_can_be_named_and_one_that_is_not_there_is_an_error(texts: Predict, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"body": "good", "title": "bad"}\n{"late": "good too"}\n', encoding="utf-8")
    assert texts.rows(path, "--column", "body", code=3)[0]["prediction"] == "good"
    assert [row.get("error") for row in texts.rows(path, "--column", "late", code=3)] == ["is empty", None]
    wrong = texts(path, "--column", "bodi")
    assert wrong.exit_code == 2
    assert "nearest is 'body'" in wrong.stderr and "'body', 'title', 'late'" in wrong.stderr
    unnamed = texts(path)
    assert unnamed.exit_code == 2
    assert "'body', 'title', 'late'" in unnamed.stderr and "--column" in unnamed.stderr
    assert texts("a text", "--column", "body").exit_code == 2


def test_unusable_rows_say_why_and_the_others_are_predicted(texts: Predict, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = [
        '{"text": "good"}',
        "{torn",
        "[1]",
        '{"text": null}',
        '{"text": 5}',
        '{"text": "\\ud800"}',
        '{"text": "x"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = texts.rows(path, code=3)
    assert [row.get("prediction") for row in rows] == ["good", None, None, None, None, None, "bad"]
    errors = [row["error"] for row in rows if "error" in row]
    for error, words in zip(errors, ("line 2 is no JSON", "list", "empty", "int", "surrogate"), strict=True):
        assert words in error


def test_a_row_of_csv_with_another_number_of_values_or_a_bad_quote_is_told(texts: Predict, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('text,n\ngood,1\ngood\n"good"x,2\ngood,3\n', encoding="utf-8")
    rows = texts.rows(path, code=3)
    assert [row.get("prediction") for row in rows] == ["good", None, None, "good"]
    assert "line 3 has 1 values" in rows[1]["error"]
    assert "line 4" in rows[2]["error"]


def test_a_wrong_byte_is_found_before_anything_is_predicted(texts: Predict, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"good\n" * 500_000 + "It was “fine”".encode("cp1252"))
    result = texts(path)
    assert result.exit_code == 3
    assert "0x93" in result.stderr and "iconv -f cp1252" in result.stderr
    assert not texts.run.sizes


@pytest.mark.parametrize("content", [b"", b"text\n"])
def test_nothing_to_predict_is_an_error(texts: Predict, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    result = texts(tmp_path / "t.csv", "--column", "text") if content else texts("-", stdin=b"")
    assert result.exit_code == 3
    assert "at least one input" in result.stderr


@pytest.mark.parametrize(("content", "words"), [("", "which is empty"), ("id,review\n", "at least one input")])
def test_an_empty_table_is_told_as_one(texts: Predict, tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    result = texts(tmp_path / "t.csv")
    assert result.exit_code == 3
    assert words in result.stderr and "column" not in result.stderr.split("which")[-1]


def test_a_torn_parquet_file_is_named(texts: Predict, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["good"] * 100}), path)
    assert len(texts.rows(path)) == 100
    path.write_bytes(path.read_bytes()[:-20])
    assert texts(path).exit_code == 3


def test_inputs_are_read_and_answered_in_chunks(texts: Predict) -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        while True:  # has no end: whoever wants it whole never answers
            taken += 1
            yield "good" if taken % 2 else "bad"

    chunks = prediction_answers.answer_inputs(texts.run, [PlainSource(lines, True)])  # type: ignore[arg-type]
    first, second = next(chunks), next(chunks)
    assert len(first) == len(second) == prediction_answers.TEXTS_TOGETHER
    assert taken == 2 * prediction_answers.TEXTS_TOGETHER
    assert [answer.input.shown for answer in second[:2]] == ["good", "bad"]


def test_pictures_come_as_files_folders_lines_and_tables(pictures: Predict, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    bright, dark = _picture(folder / "bright.png", 200), _picture(folder / "dark.png", 10)
    (tmp_path / "list.txt").write_text("pictures/dark.png\n", encoding="utf-8")
    (tmp_path / "list.csv").write_text("id,path\n7,pictures/bright.png\n8,\n", encoding="utf-8")
    stdin = f"{bright}\n".encode()
    rows = pictures.rows(bright, folder, tmp_path / "list.txt", tmp_path / "list.csv", "-", stdin=stdin, code=3)
    assert [(row["input"], row.get("prediction")) for row in rows] == [
        (str(bright), "good"),
        (str(bright), "good"),
        (str(dark), "bad"),
        ("pictures/dark.png", "bad"),
        ("pictures/bright.png", "good"),
        ("", None),
        (str(bright), "good"),
    ]


def test_a_bad_picture_gets_a_row_and_an_empty_folder_is_an_error(pictures: Predict, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    rows = pictures.rows(tmp_path / "bad.jpg", _picture(tmp_path / "good.png", 255), code=3)
    assert "bad.jpg" in rows[0]["error"] and rows[1]["prediction"] == "good"
    (tmp_path / "empty").mkdir()
    assert pictures(tmp_path / "empty").exit_code == 3


def test_a_run_that_adapted_an_encoder_says_what_to_do_with_it(texts: Predict) -> None:
    (texts.folder / "model.keras").unlink()
    assert "--resume" in texts("x").stderr
    (texts.folder / "metrics.json").write_text("{}", encoding="utf-8")
    (texts.folder / "encoder").mkdir()
    result = texts("x")
    assert result.exit_code == 5
    assert "--backbone" in result.stderr and str(texts.folder / "encoder") in result.stderr


def test_a_run_of_an_unknown_kind_is_refused(texts: Predict) -> None:
    (texts.folder / "environment.json").write_text('{"data": {"kind": "sound"}}', encoding="utf-8")
    result = texts("x")
    assert result.exit_code == 5 and "'sound'" in result.stderr
    (texts.folder / "environment.json").write_text("{}", encoding="utf-8")
    assert texts("x").exit_code == 5


# A shell has its background jobs ignore Ctrl-C, and what they start inherits that.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {tests!r})
from pathlib import Path
import ftsuite.runs.load
from predict_stub import StubRun
from ftsuite.cli.main import cli
run = StubRun("text")
ftsuite.runs.load.load_run = lambda reference: run
cli.main(["predict", *sys.argv[1:]])
"""


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    program = PROGRAM.format(tests=str(Path(__file__).parent))
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, str(folder), *arguments]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder.parent)


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_leaves_ends_it_quietly(texts: Predict, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "long.txt").write_text("a good film\n" * 20_000, encoding="utf-8")
    with _start(texts.folder, "long.txt", *options) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) == 141, errors
    assert b"Traceback" not in errors


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_it_with_130_and_leaves_no_file(texts: Predict, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    with _start(texts.folder, "-", "--output", "out.csv") as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"good\n" * 5000)
        process.stdin.flush()
        line = process.stderr.readline()  # the first progress: it is in the middle of its work
        assert b"Predicting" in line
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        assert process.wait(timeout=60) == 130, errors
    assert b"Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == before
