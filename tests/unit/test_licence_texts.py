from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import sklearn.feature_extraction.text
from ruamel.yaml import YAML

from ftsuite import assets
from ftsuite.api import Examples
from ftsuite.data.sources.asset import load_asset
from ftsuite.data.sources.licence_families import THRESHOLD, licence_families, name_stem
from ftsuite.data.sources.licence_texts import read_licence, read_licences
from ftsuite.errors import DataError, ResourceError
from tests.found_pictures import note_with

BODY = " ".join(f"clause{number}" for number in range(60))


def licence(folder: Path, key: str, category: str, text: str, extra: str = "") -> Path:
    path = folder / f"{key}.LICENSE"
    path.write_text(f"---\nkey: {key}\nshort_name: {key}\ncategory: {category}\n{extra}---\n\n{text}\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def examples() -> Examples:
    try:
        assets.ensure("licence-texts")
    except ResourceError as error:
        pytest.skip(f"needs the licence texts: {error}")
    began = time.perf_counter()
    loaded = load_asset("licence-texts")
    assert time.perf_counter() - began < 60  # about 6 seconds where nothing else runs
    return loaded


@pytest.fixture(scope="module")
def family_of(examples: Examples) -> dict[str, str]:
    assert examples.groups is not None
    return dict(zip(examples.ids, examples.groups, strict=True))


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("gpl-2.0-plus", "gpl"),
        ("gpl-3.0", "gpl"),
        ("lgpl-2.1-plus", "lgpl"),
        ("apache-2.0-linking-exception", "apache"),
        ("cc-by-nc-sa-3.0-de", "cc"),
        ("bsd-simplified-intel", "bsd"),
        ("mit-old-style", "mit"),
        ("mitre", "mitre"),
        ("ms-net-library-2016-05", "ms-net-library"),
        ("gco-v3.0", "gco"),
        ("etalab-2.0-fr", "etalab"),
        ("cc0-1.0", "cc0"),
        ("scola-fr", "scola"),
        ("dbad", "dbad"),
        ("996-icu-1.0", "996-icu"),
        ("plus", "plus"),
    ],
)
def test_name_stems(key: str, stem: str) -> None:
    assert name_stem(key) == stem


def test_families_join_names_with_texts() -> None:
    changed = BODY.replace("clause7 ", "clause-7b ")
    texts = ["first version", changed, "something else entirely", BODY, "second, quite new version"]
    keys = ["own-1.0", "other-bsd", "alone", "bsd-new", "own-2.0-plus"]
    assert licence_families(keys, texts) == ("own", "bsd", "alone", "bsd", "own")


def test_a_folder_of_licences(tmp_path: Path) -> None:
    for letter in "abcdefghijkl":
        licence(tmp_path, f"free{letter}", "Permissive", f"free{letter} as{letter} air{letter}")
        licence(tmp_path, f"shut{letter}", "Commercial", f"pay{letter} me{letter} now{letter}")
    licence(tmp_path, "gift", "Permissive", BODY)
    licence(tmp_path, "gratis", "Permissive", f"{BODY} indeed")
    licence(tmp_path, "shutm-2.0", "Commercial", "---\nPay or leave\n---", "language: de\n")
    licence(tmp_path, "vague", "Unstated License", "who knows")
    licence(tmp_path, "hollow", "Permissive", "  \n ")
    found = read_licences(tmp_path)
    assert found.class_names == ["Commercial", "Permissive"]
    rows = {row.id: row for row in found.rows}
    assert len(rows) == 27
    assert rows["shutm-2.0"].input == "---\nPay or leave\n---"
    assert rows["shutm-2.0"].group == "shutm"
    assert rows["gift"].group == rows["gratis"].group == "gift"
    assert any("1 of 29 licences without a text: 'hollow'" in note for note in found.notes)
    assert any("1 licences are in another language" in note for note in found.notes)
    assert any("Left out 1 examples" in note and "'Unstated License'" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"no front matter", "three dashes"),
        (b"---\nkey: a\ncategory: b\nno end", "no second line"),
        (b"---\nkey: a\n---\ntext", "no 'category'"),
        (b"---\ncategory: b\n---\ntext", "no 'key'"),
        (b"---\nkey: b\ncategory: c\n---\ntext", "its key is 'b'"),
        (b"---\nkey: a\ncategory: \xff\n---\ntext", "cannot be read"),
        (b"", "three dashes"),
    ],
)
def test_a_file_that_is_no_licence(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "a.LICENSE"
    path.write_bytes(content)
    with pytest.raises(DataError, match=fault) as caught:
        read_licence(path)
    assert "ftsuite assets pull --force licence-texts" in caught.value.advice


def test_a_folder_without_licences(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds none"):
        read_licences(tmp_path)


def test_the_data_set(examples: Examples) -> None:
    counts = np.bincount(examples.labels).tolist()
    assert dict(zip(examples.class_names, counts, strict=True)) == {
        "CLA": 17,
        "Commercial": 111,
        "Copyleft": 161,
        "Copyleft Limited": 389,
        "Free Restricted": 98,
        "Patent License": 20,
        "Permissive": 906,
        "Proprietary Free": 475,
        "Public Domain": 36,
        "Source-available": 74,
    }
    assert examples.kind == "text"
    assert all(text.strip() == text and text for text in examples.inputs)
    assert len(set(examples.ids)) == len(examples) == 2287
    assert "21 of 2,310" in note_with(examples, "without a text")


def test_front_matter_reads_as_a_yaml_reader_reads_it(examples: Examples) -> None:
    yaml = YAML(typ="safe", pure=True)
    folder = assets.ensure("licence-texts")
    for key in examples.ids[::40]:
        fields, text = read_licence(folder / f"{key}.LICENSE")
        front, _, body = (folder / f"{key}.LICENSE").read_text("utf-8")[4:].partition("\n---\n")
        loaded = yaml.load(front)
        assert {name: loaded[name] for name in fields} == fields
        assert text == body.strip()


def test_known_families_are_whole_and_none_is_a_giant(examples: Examples, family_of: dict[str, str]) -> None:
    families = Counter(family_of.values())
    assert 1200 < len(families) < 1500
    largest, size = families.most_common(1)[0]
    assert size < 0.1 * len(examples)
    assert f"{len(families):,} licence families" in note_with(examples, "licence families, which a split keeps")
    assert f"{largest!r}, holds {size}" in note_with(examples, "licence families, which a split keeps")
    for first_word in ("gpl", "agpl", "lgpl", "apache", "cc", "bsd", "mit", "mpl", "x11", "gfdl"):
        own = {family for key, family in family_of.items() if re.match(rf"{first_word}-", key)}
        assert len(own) == 1, first_word
    # By their texts alone: the Mozilla licence, the BSD licence and GPL's text under other names.
    assert family_of["monetdb-1.1"] == family_of["mpl-1.1"]
    assert family_of["sun-bsd-no-nuclear"] == family_of["bsd-new"]
    assert family_of["mongodb-sspl-1.0"] == family_of["agpl-3.0"] == family_of["gpl-3.0"]
    assert len({family_of[key] for key in ("gpl-3.0", "apache-2.0", "bsd-new", "cc-by-4.0", "mpl-2.0")}) == 5


def test_no_alike_texts_are_in_different_families(examples: Examples) -> None:
    vectorizer = sklearn.feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    vectors = vectorizer.fit_transform(examples.inputs)
    assert examples.groups is not None
    groups = np.asarray(examples.groups)
    some = np.arange(0, len(examples), 4)
    rows, columns = np.nonzero((vectors[some] @ vectors.T).toarray() >= THRESHOLD)
    assert len(rows) > 2 * len(some)
    assert (groups[some[rows]] == groups[columns]).all()


def test_stems_are_never_torn_apart(family_of: dict[str, str]) -> None:
    families: dict[str, set[str]] = defaultdict(set)
    for key, family in family_of.items():
        families[name_stem(key)].add(family)
    assert all(len(own) == 1 for own in families.values())
