from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.errors import ConfigError, DataError
from tests.found_pictures import note_with, picture


def load(path: Path, **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": str(path), **settings}), seed=0)


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_a_csv_of_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", '\ufefftext,label,source\n"fine, and\nlong",pos,x\nbad,neg,y\n\nfine too,pos,x\n')
    examples = load(path)
    assert examples.kind == "text"
    assert examples.inputs == ("fine, and\nlong", "bad", "fine too")
    assert examples.class_names == ("neg", "pos")
    assert examples.labels.tolist() == [1, 0, 1]
    assert examples.decoders is None
    assert "'text', 'label'" in note_with(examples, "usual names")


def test_ids_of_texts_do_not_depend_on_where_rows_stand(tmp_path: Path) -> None:
    head = "text,label\n"
    before = load(write(tmp_path / "a.csv", head + "one,a\ntwo,b\ntwo,b\n"))
    after = load(write(tmp_path / "b.csv", head + "new,a\ntwo,b\none,a\ntwo,b\n"))
    assert len(set(before.ids)) == 3
    assert set(before.ids) < set(after.ids)


def test_pictures_are_relative_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "data" / "img" / "a.png")
    far = picture(tmp_path / "far" / "b.png")
    rows = [("img/a.png", "jay", "nest 1"), (str(far), "wren", ""), ("img/a.png", "jay", "nest 2")]
    text = "file,species,nest\n" + "".join(f"{','.join(row)}\n" for row in rows)
    path = write(tmp_path / "data" / "birds.csv", text)
    monkeypatch.chdir(tmp_path / "far")
    examples = load(path, image_column="file", label_column="species", group_column="nest")
    assert examples.kind == "image-file"
    assert examples.ids == ("img/a.png", str(far), "img/a.png#2")
    assert examples.inputs[0] == str(tmp_path / "data" / "img" / "a.png")
    assert examples.groups is not None
    assert examples.groups[0] == "nest 1"
    assert len(set(examples.groups)) == 3
    assert examples.decoders is not None


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_other_tables(tmp_path: Path, kind: str) -> None:
    rows = [{"review": "one", "label": 10}, {"review": "two", "label": 9}, {"review": "three", "label": 10}]
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        write(path, "\n\n".join(json.dumps(row) for row in rows))
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    examples = load(path, text_column="review")
    assert examples.inputs == ("one", "two", "three")
    assert examples.class_names == ("9", "10")


def test_labels_of_other_types(tmp_path: Path) -> None:
    rows = [{"text": str(index), "label": label} for index, label in enumerate([True, False, True])]
    assert load(write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))).class_names == (
        "false",
        "true",
    )
    floats = [{"text": str(index), "label": label} for index, label in enumerate([1.0, 0.0])]
    assert load(write(tmp_path / "b.jsonl", "\n".join(map(json.dumps, floats)))).class_names == ("0", "1")
    measured = [{"text": "a", "label": 0.25}, {"text": "b", "label": 1.0}]
    with pytest.raises(DataError, match=r"the number 0\.25"):
        load(write(tmp_path / "c.jsonl", "\n".join(map(json.dumps, measured))))
    spaced = load(write(tmp_path / "d.csv", "text,label\na,x\nb, x \nc,y\n"))
    assert spaced.class_names == ("x", "y")
    assert "1 labels without the spaces" in note_with(spaced, "spaces around")


def test_bad_rows_are_named_with_their_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\ngood,a\n,b\n  ,b\nfine,\nalso,b\n")
    with pytest.raises(DataError) as caught:
        load(path)
    for words in (
        "3 of 5",
        "a.csv line 3: is empty in column 'text'",
        "line 4: is empty",
        "line 5: has no label",
    ):
        assert words in caught.value.message
    assert len(load(path, bad_files="skip")) == 2


@pytest.mark.parametrize("column", ["text", "label", "nest"])
def test_half_a_character_is_told_before_anything_is_to_be_written(column: str, tmp_path: Path) -> None:
    rows = [{"text": f"text {number}", "label": "ab"[number % 2], "nest": str(number)} for number in range(6)]
    rows[3][column] += "\ud800"
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=f"line 4: holds half a character .* in column '{column}'"):
        load(path, group_column="nest")
    assert len(load(path, group_column="nest", bad_files="skip")) == 5


def test_bad_pictures_of_a_table(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    text = "image,label\na.png,x\nb.png,y\ngone.png,x\nhttps://example.org/c.jpg,y\n"
    with pytest.raises(DataError) as caught:
        load(write(tmp_path / "a.csv", text))
    assert "gone.png: does not exist" in caught.value.message
    assert "line 5: names a web address" in caught.value.message


def test_official_splits_of_a_table(tmp_path: Path) -> None:
    text = "text,label,split\na,x,train\nb,y,Train\nc,x,val\nd,y,test\ne,x,\n"
    examples = load(write(tmp_path / "a.csv", text))
    assert examples.splits is not None
    assert examples.splits.tolist() == ["train", "train", "validation", "test", ""]
    other = load(write(tmp_path / "b.csv", text.replace("Train", "fold 1")))
    assert other.splits is None
    assert "'fold 1'" in note_with(other, "'split' was not used")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"label_column": "lable"}, "nearest is 'label'"),
        ({"text_column": "body"}, "text_column"),
        ({"text_column": "text", "image_column": "image"}, "Received both"),
        ({}, "which column"),
    ],
)
def test_columns_that_cannot_be_chosen(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    path = write(tmp_path / "a.csv", "text,image,label\na,b.png,x\n")
    with pytest.raises(ConfigError, match=words):
        load(path, **settings)


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators_are_seen_in_the_header(tmp_path: Path, mark: str, word: str) -> None:
    rows = [["text", "label"], ["fine, really", "pos"], [f'"a {mark} b"', "neg"]]
    examples = load(write(tmp_path / "a.csv", "".join(mark.join(row) + "\n" for row in rows)))
    assert examples.inputs == ("fine, really", f"a {mark} b")
    assert examples.class_names == ("neg", "pos")
    assert note_with(examples, word) == f"Read a.csv with {note_with(examples, word)[16:]}"


def test_a_comma_in_the_header_stays_the_separator(tmp_path: Path) -> None:
    examples = load(write(tmp_path / "a.csv", 'text,label,"a;b"\nx;y,pos,1\nz|z,neg,2\n'))
    assert examples.inputs == ("x;y", "z|z")
    assert not [note for note in examples.notes if "between its values" in note]
    # Quotes hide what is no separator: the header has one column, and no guess is made.
    with pytest.raises(ConfigError, match="Received columns: 'text;label'"):
        load(write(tmp_path / "b.csv", '"text;label"\na\n'))
    with pytest.raises(DataError, match=r"2 values.*Received: 1 in") as caught:
        load(write(tmp_path / "c.csv", "text;label\nno separator\n"))
    assert "';'" in caught.value.advice


FRENCH = (
    "text,label\n\"Ce film était génial, j'ai adoré l'été à Paris\",pos\n"
    "Une œuvre très ennuyeuse \u2013 le scénario est raté,neg\n"
)
GERMAN = "text;label\nDer Film war schön und großartig;gut\nÜber die Länge müssen wir reden, für mich öde;schlecht\n"
SAMPLES = {
    "cp1252": FRENCH,
    "latin-1": "text,label\nLa película fue aburrida y el niño lloró,neg\n¿Por qué? Mañana será otro día,pos\n",
    "cp1251": "text,label\nФильм был отличный и мне очень понравилось,pos\nОчень скучный и длинный сюжет,neg\n",  # noqa: RUF001
    "gb18030": "text,label\n这部电影非常好看我很喜欢,pos\n剧情无聊浪费时间,neg\n",
    "cp1250": "text,label\nFilm był świetny i bardzo mi się podobał,pos\nŹle napisany scenariusz żałuję,neg\n",
    "cp1253": "text,label\nΗ ταινία ήταν υπέροχη και μου άρεσε πολύ,pos\nΒαρετή ιστορία,neg\n",  # noqa: RUF001
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_encodings_that_show_clearly_are_read(tmp_path: Path, name: str, kind: str) -> None:
    content = SAMPLES[name]
    if kind == "jsonl":
        held = load(write(tmp_path / "whole.csv", content))
        rows = zip(held.inputs, held.labels.tolist(), strict=True)
        content = "".join(json.dumps({"text": t, "label": n}, ensure_ascii=False) + "\n" for t, n in rows)
    wanted = load(write(tmp_path / f"utf8.{kind}", content))
    path = write(tmp_path / f"a.{kind}", content.encode(name))
    examples = load(path)
    assert examples.inputs == wanted.inputs
    assert examples.class_names == wanted.class_names
    said = {"latin-1": "cp1252"}.get(name, name)
    assert note_with(examples, "detected") == f"Read a.{kind} as {said}, detected from its bytes; it is not UTF-8."
    assert not [note for note in wanted.notes if "Read " in note]


def test_german_of_a_spreadsheet(tmp_path: Path) -> None:
    examples = load(write(tmp_path / "a.csv", GERMAN.replace("\n", "\r\n").encode("cp1252")))
    assert examples.inputs[0] == "Der Film war schön und großartig"
    assert "cp1252" in note_with(examples, "detected")
    assert "semicolons" in note_with(examples, "between its values")


def test_curly_quotes_in_english(tmp_path: Path) -> None:
    great = "It\u2019s a \u201cgreat\u201d movie \u2013 really"
    text = f"text,label\n{great},pos\nDon\u2019t miss it…,pos\nbad,neg\n"
    assert (
        load(write(tmp_path / "a.csv", text.encode("cp1252"))).inputs[0]
        == "It\u2019s a \u201cgreat\u201d movie \u2013 really"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    examples = load(write(tmp_path / "a.csv", FRENCH.encode(encoding)))
    assert examples.inputs[0] == "Ce film était génial, j'ai adoré l'été à Paris"
    assert bool([note for note in examples.notes if "first bytes" in note]) == (encoding != "utf-8-sig")
    with pytest.raises(DataError, match="UTF-16, as its first bytes say"):
        load(write(tmp_path / "b.csv", FRENCH.encode("utf-16")[:-1]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        # A reading as Turkish, Romanian or French is as good as another.
        (
            "text,label\nFilm çok güzeldi \u015fahane,a\nS\u0131k\u0131c\u0131 bir hikâye,b\n".encode("cp1254"),
            "most likely cp12",
        ),
        # Portuguese without another tilde, or Hungarian
        ("text,label\nerd\u0151 el\u0151tt,a\nsz\u0151l\u0151,b\n".encode("cp1250"), "most likely"),
        (FRENCH.encode() * 3 + b"caf\xe9,pos\n", "byte 0xe9 that is not, in line 10"),
        (FRENCH.encode("utf-16-le"), "most likely UTF-16LE without"),
        (FRENCH.encode("utf-16-be"), "most likely UTF-16BE without"),
    ],
)
def test_encodings_that_cannot_be_told_are_errors(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        load(write(tmp_path / "a.csv", content))
    assert "UTF-8" in caught.value.advice


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "text,label\na,b,c\n", "Received: 3 in .*, line 2"),
        ("a.csv", b"text,label\ncaf\xe9 \xc3\xa9t\xc3\xa9,x\n", "byte 0xe9 that is not, in line 2"),
        ("a.csv", "text,text,label\n", "twice"),
        ("a.csv", "text,label\n", "at least one row"),
        ("a.csv", "", "at least one row"),
        ("a.csv", 'text,label\n"a,b\n', "well-formed CSV.*line"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": \n', "line 2"),
        ("a.jsonl", '["a"]\n', "JSON object a line.*line 1"),
        ("a.jsonl", '{"text": "a", "label": ["x"]}\n', "one class name a row"),
        ("a.parquet", b"no parquet", "Parquet file"),
    ],
)
def test_malformed_tables(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load(write(tmp_path / name, content))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "birds.csv", "x")
    with pytest.raises(DataError) as caught:
        load_examples(DataConfig(source=f"csv:{tmp_path}/bird.csv"), 0)
    assert "birds.csv" in caught.value.advice
    with pytest.raises(DataError, match="csv file that exists"):
        load_examples(DataConfig(source=f"csv:{tmp_path}"), 0)
