"""`ftsuite config new`: the file that it writes, where, and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ftsuite.cli.config_new_place import target_of
from ftsuite.cli.main import cli
from ftsuite.config import load_config
from ftsuite.registry import Registry
from tests.unit.looked_at import pictures, sentences, table


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def _new(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["config", "new", "--from", *map(str, arguments)])


def _loaded(path: str | Path) -> Any:
    return load_config(str(path), options_model=Registry.discover().options_model)


def test_a_folder_becomes_a_config_that_passes_its_check(here: Path) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})
    result = _new("folder:photos")
    assert result.exit_code == 0, result.output
    assert "17, 40 x 30 pixels" in result.stdout
    assert "2: cat 9, dog 8" in result.stdout
    assert result.stdout.splitlines()[-1] == "  ftsuite run photos.yaml"
    assert CliRunner().invoke(cli, ["config", "check", "photos.yaml"]).output == "OK photos.yaml\n"
    assert _loaded("photos.yaml").config.data.source == "folder:photos"
    assert sorted(os.listdir(here)) == ["photos", "photos.yaml"]


def test_paths_are_right_wherever_the_file_is_written(here: Path, tmp_path: Path) -> None:
    table(here / "my texts.csv", ["text", "label"], [[text, "ab"[i % 2]] for i, text in enumerate(sentences(40))])
    (tmp_path / "jobs").mkdir()
    assert _new("my texts.csv").exit_code == 0
    assert _loaded("my-texts.yaml").config.data.source == "csv:my texts.csv"
    assert _new("csv:my texts.csv", "--out", tmp_path / "jobs" / "a.yaml").exit_code == 0
    assert _loaded(tmp_path / "jobs" / "a.yaml").config.data.source == f"csv:{here}/my texts.csv"
    assert _new(here / "my texts.csv", "--out", "b.yml").exit_code == 0
    assert _loaded("b.yml").config.data.source == f"csv:{here}/my texts.csv"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("folder:my photos/", "my-photos.yaml"),
        ("archive:a/birds.tar.gz", "birds.yaml"),
        ("b.csv", "b.yaml"),
        ("tfds:mnist:3.0.1", "mnist.yaml"),
        ("tfds:./tf/mnist/3.0.1", "mnist.yaml"),
        ("field-guide", "field-guide.yaml"),
        ("csv:--.csv", "job.yaml"),
        ("asset:imdb-reviews", "imdb-reviews.yaml"),
    ],
)
def test_the_file_is_named_like_the_data(source: str, name: str) -> None:
    assert str(target_of(source, None, False)) == name


def test_nothing_is_written_over_without_force(here: Path) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})
    (here / "photos.yaml").write_text("mine")
    result = _new("photos")
    assert result.exit_code == 2
    assert "'photos.yaml', which is there already" in result.stderr and "--force" in result.stderr
    assert (here / "photos.yaml").read_text() == "mine"
    assert _new("photos", "--force").exit_code == 0
    assert _loaded("photos.yaml").config.task == "image-classification"


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("photos.txt", "must end with .yaml"),
        ("none/a.yaml", "whose folder does not exist"),
        ("photos/a.yaml", "outside of the data"),
        ("photos/cat/a.yaml", "outside of the data"),
        ("folder.yaml", "which is a folder"),
    ],
)
def test_places_that_cannot_be_written_to_are_refused(here: Path, out: str, told: str) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})
    (here / "folder.yaml").mkdir()
    result = _new("photos", "--out", out, "--force")
    assert (result.exit_code, told in result.stderr) == (2, True), result.output
    assert not list(here.rglob("*.yml")) and not [path for path in here.rglob("*.yaml") if path.is_file()]


def test_the_folder_that_one_stands_in_is_not_written_into(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})
    monkeypatch.chdir(here / "photos")
    result = _new("folder:.")
    assert result.exit_code == 2
    assert f"--out {here}/photos.yaml" in result.stderr
    assert _new("folder:.", "--out", "../photos.yaml").exit_code == 0
    assert _loaded("../photos.yaml").config.data.source == f"folder:{here}/photos"


def test_json_is_one_object(here: Path) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 3})
    (here / "photos/cat/x.txt").write_text("x")
    lines = _new("photos", "--json").stdout.splitlines()
    assert len(lines) == 1
    told = json.loads(lines[0])
    assert (told["event"], told["path"], told["examples"]) == ("result", f"{here}/photos.yaml", 12)
    assert told["classes"] == {"cat": 9, "dog": 3}
    assert [one["place"] for one in told["unusable"]] == ["cat/x.txt"]
    again = _new("photos", "--json")
    assert again.exit_code == 2
    assert json.loads(again.stdout)["kind"] == "config"


def test_task_backbone_and_columns_can_be_given(here: Path) -> None:
    rows = [[text, "ab"[i % 2], "xyz"[i % 3]] for i, text in enumerate(sentences(60))]
    table(here / "t.csv", ["text", "label", "other"], rows)
    chosen = ["--task", "sentiment", "--backbone", "bert_tiny_en_uncased", "--label-column", "other"]
    assert _new("t.csv", *chosen).exit_code == 0
    config = _loaded("t.yaml").config
    assert (config.task, config.backbone.name, config.data.label_column) == ("sentiment", *chosen[3::2])
    wrong = _new("t.csv", "--task", "image-classification", "--force")
    assert (wrong.exit_code, "one of texts" in wrong.stderr) == (2, True)
    unknown = _new("t.csv", "--task", "sentimnt", "--force")
    assert (unknown.exit_code, "Did you mean 'sentiment'?" in unknown.stderr) == (2, True)
    empty = _new("t.csv", "--backbone", "", "--force")
    assert (empty.exit_code, "backbone.name" in empty.stderr) == (2, True)
    assert _loaded("t.yaml").config.task == "sentiment", "what was there stays"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("nowhere", 3),
        ("folder:nowhere", 3),
        ("nope:x", 2),
        ("csv:", 2),
        ("", 2),
        ("one", 3),
        ("empty", 3),
        ("asset:no", 2),
    ],
)
def test_errors_have_their_exit_codes_and_write_nothing(here: Path, source: str, code: int) -> None:
    pictures(here / "one", {"cat": 5})
    (here / "empty").mkdir()
    result = _new(source)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("error: ")
    assert not list(here.glob("*.yaml"))


def test_two_sources_are_a_usage_error(here: Path) -> None:
    result = _new("a", "--from", "b")
    assert (result.exit_code, "may be a list" in result.stderr) == (2, True)


def test_a_read_only_folder_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", "photos.yaml")

    monkeypatch.setattr(Path, "write_text", refuse)
    result = _new("photos")
    assert (result.exit_code, "Not permitted" in result.stderr) == (6, True)


def test_the_command_imports_neither_keras_nor_tensorflow(here: Path) -> None:
    pictures(here / "photos", {"cat": 9, "dog": 8})
    program = (
        "import sys\nfrom ftsuite.cli.main import cli\n"
        "try:\n    cli(['config', 'new', '--from', 'photos', '--json'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print([m for m in ('keras', 'tensorflow', 'jax', 'sklearn', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
