from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.unlabelled import read_texts
from ftsuite.data.split_file import matching_splits, read_split, split_counts, write_split
from ftsuite.data.splits import split_examples
from ftsuite.data.text_stream import StreamColumn, StreamTexts, TextFile, find_failure
from ftsuite.errors import ArtifactError, ConfigError, DataError
from tests.found_pictures import note_with


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def load(path: Path, streaming: bool = True, **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": f"jsonl:{path}", "streaming": streaming, **settings}), 0)


def reviews(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"text": f"review {i} é", "label": ["neg", "pos"][i % 2], **more} for i in range(count)]


def test_texts_are_read_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = load(lines(tmp_path / "a.jsonl", reviews(50)))
    read: list[int] = []
    original = TextFile.text
    monkeypatch.setattr(TextFile, "text", lambda self, row: read.append(row) or original(self, row))
    part = examples.take([40, 3, 7]).take([2, 0])
    assert isinstance(part.inputs, StreamTexts)
    assert len(part) == len(part.inputs) == 2
    assert part.labels.tolist() == [1, 0]
    assert not read
    assert list(part.inputs) == ["review 7 é", "review 40 é"]
    assert read == [7, 40]
    assert part.inputs[-1] == "review 40 é"
    assert part.ids == ("line 8", "line 41")
    assert examples.inputs[10:12] == ["review 10 é", "review 11 é"]
    with pytest.raises(IndexError):
        _ = examples.inputs[50]
    with pytest.raises(IndexError):
        examples.take([50])


def test_it_is_what_memory_would_hold(tmp_path: Path) -> None:
    rows: list[Any] = [*reviews(30), {"text": "again", "label": " pos "}, {"text": "again", "label": "neg"}]
    path = lines(tmp_path / "a.jsonl", rows)
    # A byte order mark, Windows line ends, blank lines, and no line end at the end of the file.
    path.write_bytes(b"\xef\xbb\xbf\r\n" + path.read_bytes().replace(b"\n", b"\r\n\r\n").rstrip())
    streamed, held = load(path), load(path, streaming=False)
    assert list(streamed.inputs) == list(held.inputs)
    assert list(streamed.content_hashes) == list(held.content_hashes)
    assert streamed.labels.tolist() == held.labels.tolist()
    assert streamed.labels.dtype == held.labels.dtype
    assert streamed.class_names == held.class_names == ("neg", "pos")
    assert streamed.splits is held.splits is None
    assert streamed.ids[:2] == ["line 2", "line 4"]
    left_out = "under more than one class"
    assert list(streamed.notes) == [note for note in held.notes if left_out not in note]
    assert len(held.notes) == 4


def test_official_splits(tmp_path: Path) -> None:
    sides = ["train", "val", "TEST", ""]
    rows = [{"text": f"text {i % 37}", "label": i % 3, "split": sides[i % 4]} for i in range(80)]
    path = lines(tmp_path / "a.jsonl", rows)
    streamed, held = load(path), load(path, streaming=False)
    assert streamed.splits is not None
    assert held.splits is not None
    assert streamed.splits.tolist() == held.splits.tolist()
    assert "share" in note_with(streamed, "train and test")
    assert sorted(note for note in streamed.notes if "repeat" not in note) == sorted(
        note for note in held.notes if "repeat" not in note and "more than one class" not in note
    )
    other = lines(tmp_path / "b.jsonl", [*rows, {"text": "x", "label": 1, "split": "fold 1"}])
    assert load(other).splits is None
    assert "'fold 1'" in note_with(load(other), "'split' was not used")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"text": "a"}, "line 4: has no label in column 'label'"),
        ({"text": " ", "label": "pos"}, "line 4: is empty in column 'text'"),
        ({"text": 3, "label": "pos"}, "line 4: holds int and no text"),
    ],
)
def test_bad_rows_are_named_and_can_be_left_out(tmp_path: Path, row: Any, words: str) -> None:
    path = lines(tmp_path / "a.jsonl", [*reviews(3), row, *reviews(30), row])
    with pytest.raises(DataError) as streamed:
        load(path)
    with pytest.raises(DataError) as held:
        load(path, streaming=False)
    assert streamed.value.message == held.value.message
    assert words in streamed.value.message
    skipped, kept = load(path, bad_files="skip"), load(path, streaming=False, bad_files="skip")
    assert len(skipped) == 33
    assert note_with(skipped, "Left out 2 of 35") == note_with(kept, "Left out 2 of 35")


def test_only_the_first_of_many_bad_rows_are_named(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [*reviews(3), *[{"text": "", "label": "pos"}] * 45])
    with pytest.raises(DataError, match=r"45 of 48 that cannot") as caught:
        load(path)
    assert "… and 25 more" in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"text": "a", "label": 1}\n{"text": \n', "JSON object a line.*line 2"),
        (b'{"text": "a", "label": 1}\n["a"]\n', "JSON object a line.*line 2"),
        (b'{"text": "a", "label": 1}\n{"text": "\xe9", "label": 2}\n', "byte 0xe9 .*line 2|bytes such as 0xe9"),
        ('{"text": "a", "label": 1}\n'.encode("utf-16"), "most likely UTF-16"),
        ('{"text": "a", "label": 1}\n'.encode("utf-16-le"), "most likely UTF-16"),
        (b'{"text": "a", "label": ["x"]}\n', "one class name a row"),
        (b'{"text": "a", "label": 0.5}\n', r"the number 0\.5"),
        (b'{"text": "a", "label": "x"}\n', "at least two classes"),
        (b"\n \n", "at least one row"),
        (b"", "at least one row"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_malformed_files(tmp_path: Path, content: bytes, words: str, late: bool) -> None:
    path = tmp_path / "a.jsonl"
    if late and content.startswith(b'{"text": "a", "label": 1}\n'):  # behind the rows that columns are chosen by
        content = b'{"text": "a", "label": 1}\n' * 1500 + content
        words = words.replace("line 2", "line 1502")
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        load(path)


def test_what_cannot_be_streamed(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"text": "a", "image": "a.png", "label": 1, "case": 1}])
    with pytest.raises(ConfigError, match="Received: pictures"):
        load(path, image_column="image")
    with pytest.raises(ConfigError, match="which column"):
        load(path)
    with pytest.raises(ConfigError, match=r"without data\.group_column"):
        load(path, text_column="text", group_column="case")
    with pytest.raises(ConfigError, match=r"data\.duplicates: keep"):
        load(path, text_column="text", duplicates="drop")
    with pytest.raises(ConfigError, match="nearest is 'label'"):
        load(path, text_column="text", label_column="lable")
    table = tmp_path / "a.csv"
    table.write_text("text,label\na,b\n")
    with pytest.raises(ConfigError, match="JSON lines only"):
        load_examples(DataConfig(source=str(table), streaming=True), 0)
    with pytest.raises(DataError, match="jsonl file that exists"):
        load(tmp_path / "gone.jsonl")


def test_a_file_that_changes_meanwhile_is_found(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", reviews(20))
    examples = load(path)
    content = path.read_bytes()
    with path.open("r+b") as file:  # in place: another letter in the sixth row
        file.seek(content.index(b"review 5"))
        file.write(b"REVIEW")
    assert examples.inputs[4] == "review 4 é"
    assert find_failure(examples.inputs) is None
    with pytest.raises(DataError, match="another text in line 6") as caught:
        _ = examples.inputs[5]
    assert find_failure(examples.take([1]).inputs) is caught.value
    assert find_failure(("a",)) is None
    # Under another name, or deleted, it stays what it was.
    path.unlink()
    assert examples.inputs[4] == "review 4 é"
    path.write_text("else")
    assert examples.inputs[4] == "review 4 é"


def test_several_threads_may_read_at_once(tmp_path: Path) -> None:
    examples = load(lines(tmp_path / "a.jsonl", reviews(400)))
    wrong: list[int] = []

    def read(start: int) -> None:
        for row in range(start, 400, 4):
            if examples.inputs[row] != f"review {row} é":
                wrong.append(row)

    threads = [threading.Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nothing_is_left_open_or_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = lines(tmp_path / "a.jsonl", reviews(20))
    before = set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else set()
    examples = load(path)
    assert list(folder.iterdir()) == []
    assert examples.inputs[3] == "review 3 é"
    del examples
    gc.collect()
    if before:
        assert len(set(os.listdir("/proc/self/fd"))) <= len(before)


def test_the_split_is_that_of_memory(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"text": f"text {i * 7919 % 1500}", "label": i % 3} for i in range(2000)])
    streamed, held = load(path), load(path, streaming=False)
    fractions = {"validation_fraction": 0.15, "test_fraction": 0.2}
    sides = split_examples(streamed, **fractions, seed=3)
    assert sides.tolist() == split_examples(held, **fractions, seed=3).tolist()
    assert set(sides.tolist()) == {"train", "validation", "test"}
    assert split_examples(streamed, **fractions, seed=4).tolist() != sides.tolist()


def test_split_json_of_a_stream(tmp_path: Path) -> None:
    examples = load(lines(tmp_path / "a.jsonl", reviews(300)))
    sides = split_examples(examples, validation_fraction=0.2, test_fraction=0.2, seed=0)
    path = tmp_path / "split.json"
    write_split(path, examples, sides)
    recorded = read_split(path)
    assert recorded.ids == tuple(examples.ids)
    assert recorded.ids == examples.ids
    assert recorded.content_hashes == examples.content_hashes
    assert matching_splits(path, examples).tolist() == recorded.splits.tolist() == sides.tolist()
    assert split_counts(path) == {name: sides.tolist().count(name) for name in ("test", "train", "validation")}
    for other in (
        examples.take(range(299)),
        examples.take([*range(299), 298]),
        load(lines(tmp_path / "b.jsonl", reviews(301))),
    ):
        with pytest.raises(ArtifactError, match="data has changed"):
            matching_splits(path, other)
    content = path.read_text()
    for torn in (content[: len(content) // 2], "", "[1]", content.replace('"format":1', '"format":7')):
        path.write_text(torn)
        with pytest.raises(ArtifactError, match=r"split\.json"):
            matching_splits(path, examples)
    path.unlink()
    with pytest.raises(ArtifactError, match="can be read"):
        matching_splits(path, examples)


class TestUnlabelled:
    @pytest.mark.parametrize("limit", [0, 10**9])
    @pytest.mark.parametrize("kind", ["jsonl", "txt"])
    def test_lazy_or_not_the_texts_are_the_same(
        self, tmp_path: Path, kind: str, limit: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ftsuite.data.sources.unlabelled.STREAMED_FROM_BYTES", limit)
        path = tmp_path / f"a.{kind}"
        if kind == "txt":
            path.write_bytes("\ufefffirst\r\n\r\n  \nsecond é\nthird".encode())
        else:
            lines(path, [{"text": "first"}, {"text": ""}, {"other": 1}, {"text": "second é"}, {"text": "third"}])
        texts = read_texts(path, kind)
        assert isinstance(texts, StreamColumn) == (limit == 0)
        assert list(texts) == ["first", "second é", "third"]
        assert texts[1] == "second é"

    def test_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("body;id\none;1\n;2\ntwo;3\n")
        assert read_texts(path, "csv", "body") == ("one", "two")
        with pytest.raises(ConfigError, match="text_column"):
            read_texts(path, "csv")
        with pytest.raises(ConfigError, match="nearest is 'body'"):
            read_texts(path, "csv", "bodi")
        path.write_text("body\none\n")
        assert read_texts(path, "csv") == ("one",)

    def test_refusals(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_text("\n \n")
        with pytest.raises(DataError, match="at least one text"):
            read_texts(path, "txt")
        with pytest.raises(ConfigError, match="Remove text_column"):
            read_texts(path, "txt", "text")
        with pytest.raises(ConfigError, match="one of csv"):
            read_texts(path, "docx")
        with pytest.raises(DataError, match="file that exists"):
            read_texts(tmp_path / "gone.txt", "txt")


_LOAD = """
    import json, sys
    from pathlib import Path
    from ftsuite.config import DataConfig
    from ftsuite.data.sources.jsonl_stream import load_jsonl_stream
    from ftsuite.data.split_file import matching_splits, write_split
    from ftsuite.data.splits import split_examples
    from ftsuite.runs.memory import peak_memory_bytes
    import numpy as np
    {imports}

    def peak_mib():
        return peak_memory_bytes() / 2**20

    path = Path(sys.argv[1])
    data = DataConfig(source=f"jsonl:{{path}}", streaming=True)
    {warm}
    before = peak_mib()
    examples = load_jsonl_stream(path, data)
    splits = split_examples(examples, validation_fraction=0.1, test_fraction=0.1, seed=0)
    target = path.with_name("split.json")
    write_split(target, examples, splits)
    assert (matching_splits(target, examples) == splits).all()
    training = examples.take(np.flatnonzero(splits == "train"))
    texts = sum(len(text) for text in training.inputs)
    {train}
    print(json.dumps({{"rows": len(examples), "characters": texts, "growth": peak_mib() - before}}))
"""


def measured(path: Path, rows: int, words: int, **code: str) -> dict[str, float]:
    """Write a file, load it in a process of its own, and give what that says of its memory in MiB."""
    rng = np.random.default_rng(0)
    vocabulary = [f"word{number}" for number in range(1000)]
    with path.open("w") as file:
        for number in range(rows):
            text = f"row {number} " + " ".join(vocabulary[i] for i in rng.integers(0, 1000, words))
            file.write(json.dumps({"text": text, "label": ["neg", "pos"][number % 2]}) + "\n")
    parts = {"imports": "", "warm": "", "train": "", **{name: textwrap.dedent(part) for name, part in code.items()}}
    script = textwrap.dedent(_LOAD).format(**parts)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    found = measured(path, rows=6000, words=1500)
    assert path.stat().st_size > 50 * 2**20
    assert found["characters"] > 40 * 2**20
    assert found["growth"] < 12


@pytest.mark.slow
def test_200_mb_train_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    train = """
    for features, targets, weights in pipeline.training_epoch(training, 0):
        steps = globals().get("steps", 0) + 1
    assert steps == len(training) // 16
    for features in pipeline.evaluation(training).dataset.take(100):
        pass
    """
    warm = """
    from dataclasses import replace
    few = tuple(["word " * 120] * 2048)
    from ftsuite.api import Examples
    held = Examples(few, few, np.zeros(2048, np.int64), ("neg", "pos"), few, "text")
    reader = TextReader(ToyTextEncoder(128))
    pipeline = Pipeline(reader, lambda f, t, k: (f, t), 2, 16, 0, encode=reader.encode)
    for _ in pipeline.training_epoch(held, 0):
        pass
    """
    imports = """
    from ftsuite.data.pipeline import Pipeline
    from ftsuite.data.text import TextReader
    from tests.toy_text_encoder import ToyTextEncoder
    """
    found = measured(path, rows=200_000, words=125, imports=imports, warm=warm, train=train)
    assert path.stat().st_size > 200e6
    assert found["rows"] == 200_000
    assert found["growth"] < 100
