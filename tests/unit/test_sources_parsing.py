from __future__ import annotations

from pathlib import Path

import pytest

from ftsuite.data.sources import Source, resolve_source
from ftsuite.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("folder:a/b", "folder", "a/b"),
        ("folder: a b ", "folder", "a b"),
        ("csv:x:y.csv", "csv", "x:y.csv"),
        ("tfds:caltech_birds2011:0.2.0", "tfds", "caltech_birds2011:0.2.0"),
        ("asset:movie-reviews", "asset", "movie-reviews"),
        (" field-guide ", "field-guide", ""),
    ],
)
def test_kinds(text: str, kind: str, rest: str) -> None:
    assert resolve_source(text) == Source(kind, rest)


def test_the_home_folder_is_expanded(tmp_path: Path) -> None:
    assert resolve_source("folder:~/birds").path == tmp_path / "home" / "birds"
    (tmp_path / "home" / "birds").mkdir(parents=True)
    assert resolve_source("~/birds").path == tmp_path / "home" / "birds"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("A.CSV", "csv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.parquet", "parquet"),
    ],
)
def test_a_bare_path_is_taken_for_what_it_is(name: str, kind: str) -> None:
    Path(name).write_text("x")
    assert resolve_source(name) == Source(kind, name)


def test_a_bare_folder_even_one_that_ends_like_a_table() -> None:
    Path("birds.csv").mkdir()
    assert resolve_source("birds.csv").kind == "folder"
    Path("field-guide").mkdir()
    assert resolve_source("field-guide").kind == "field-guide"
    assert resolve_source("./field-guide").kind == "folder"


@pytest.mark.parametrize("name", ["birds.zip", "birds.tar", "birds.tar.gz", "birds.TGZ", "birds.tar.xz"])
def test_archives_are_told_by_their_endings(name: str) -> None:
    with pytest.raises(DataError, match="exists"):
        resolve_source(name)
    Path(name).write_bytes(b"")
    assert resolve_source(name) == Source("archive", name)


@pytest.mark.parametrize("name", ["birds.7z", "birds.rar", "birds.tar.zst"])
def test_archives_that_are_not_read(name: str) -> None:
    for exists in (False, True):
        if exists:
            Path(name).write_bytes(b"")
        with pytest.raises(ConfigError, match="zip or tar") as caught:
            resolve_source(name)
        assert "Unpack it" in caught.value.advice


def test_folders_are_what_their_own_files_say() -> None:
    for files, kind in (
        (("dataset_info.json", "features.json"), "tfds"),
        (("dataset_dict.json",), "huggingface"),
        (("state.json", "dataset_info.json"), "huggingface"),
        (("data/train-00000-of-00001.parquet",), "huggingface"),
        (("a/1.png",), "folder"),
    ):
        folder = Path("-".join(files).replace("/", "_"))
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"")
        assert resolve_source(str(folder)).kind == kind


@pytest.mark.parametrize("text", ["foldr:x", "folder:", "", "tfds:", "field_guide", "Field-Guide"])
def test_what_cannot_be_understood_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match="Received"):
        resolve_source(text)


def test_the_nearest_kind_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_source("foldr:x")
    assert "folder" in caught.value.advice
    with pytest.raises(ConfigError, match="'field-guide'"):
        resolve_source("field_guide")


def test_a_path_that_is_not_there_gets_a_neighbour() -> None:
    Path("photographs").mkdir()
    with pytest.raises(DataError) as caught:
        resolve_source("photograhps")
    assert "'photographs'" in caught.value.advice
    with pytest.raises(DataError) as caught:
        resolve_source("nowhere/birds")
    assert "nowhere' does not exist" in caught.value.advice


def test_a_file_of_another_kind() -> None:
    Path("notes.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"\.csv, \.jsonl or \.parquet"):
        resolve_source("notes.txt")
