"""`ftsuite task new`: what it prints, what it refuses, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import PIL.Image
import pytest
from click.testing import CliRunner, Result

from ftsuite.cli.main import cli
from ftsuite.config import load_config
from ftsuite.task_templates.kinds import KINDS


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _new(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["task", "new", *arguments])


def test_help_lists_the_kinds_with_a_line_each() -> None:
    text = _new("--help").output
    for kind in KINDS.values():
        assert any(kind.name in line and kind.help in line for line in text.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_shown_as_a_tree_with_the_next_commands(kind: str, tmp_path: Path) -> None:
    done = _new("bird-songs", "--kind", kind)
    assert done.exit_code == 0, done.output
    drawn, commands = done.output.split("\nNext:\n")
    assert drawn.startswith("bird-songs/\n├── bird-songs.yaml ")
    for path in _paths(tmp_path / "bird-songs"):
        assert path.split("/")[-1] in drawn or path.startswith("data/"), path
    assert [line.strip() for line in commands.splitlines()] == [
        "cd bird-songs && pip install -e '.[test]'",
        "ftsuite run bird-songs.yaml",
        "pytest",
    ]


def _paths(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_a_single_file_can_be_checked_at_once(tmp_path: Path) -> None:
    done = _new("quick", "--kind", "text-classification", "--here", "--out", "my trials")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "my trials").iterdir()) == ["quick-data", "quick.py", "quick.yaml"]
    command = done.output.split("\nNext:\n")[1].strip()
    assert command == "cd 'my trials' && ftsuite run quick.yaml"
    assert shlex.split(command)[1] == "my trials"


@pytest.fixture
def photos(tmp_path: Path) -> str:
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            PIL.Image.new("RGB", (64, 48), (number * 20, 90, 90)).save(tmp_path / "photos" / name / f"{number}.png")
    return f"folder:{tmp_path}/photos"


@pytest.mark.parametrize("kind", ["image-classification", "bare", "multi-label"])
def test_own_data_are_looked_at_and_none_are_made(kind: str, photos: str, tmp_path: Path) -> None:
    done = _new("quick", "--kind", kind, "--here", "--from", "folder:photos")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "quick.yaml").read_text(encoding="utf-8")
    assert f"source: {photos}" in text
    assert ("24 pictures in 2 classes" in text) == (kind != "multi-label")
    assert not (tmp_path / "quick-data").exists()
    assert _new("package", "--kind", kind, "--from", "photos").exit_code == 0
    assert not (tmp_path / "package" / "data").exists()
    # Options are left out: the single file would import Keras.
    assert load_config("quick.yaml").config.task == f"{tmp_path}/quick.py:SPEC"


@pytest.mark.parametrize("data", ["pictures", "texts"])
def test_the_kind_follows_from_data_with_classes(data: str, photos: str, tmp_path: Path) -> None:
    rows = [f"good {number},plus\nbad {number},minus" for number in range(9)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    done = _new("quick", "--here", "--json", "--from", photos if data == "pictures" else "csv:texts.csv")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["kind"] == ("image" if data == "pictures" else "text") + "-classification"


def test_the_kind_of_measured_numbers_is_asked_for(tmp_path: Path) -> None:
    rows = [f"text {number},{number}.5" for number in range(20)]
    (tmp_path / "numbers.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    done = _new("quick", "--from", "csv:numbers.csv")
    assert done.exit_code == 3 and "need --kind" in done.output and "Traceback" not in done.output


def test_own_data_must_fit_the_kind(photos: str, tmp_path: Path) -> None:
    done = _new("quick", "--kind", "text-classification", "--from", photos)
    assert done.exit_code == 2
    assert "--kind text-classification is for texts" in done.output
    assert os.listdir(tmp_path) == ["photos"]


def test_json_is_one_object(tmp_path: Path) -> None:
    (line,) = _new("quick", "--kind", "bare", "--json").stdout.splitlines()
    event = json.loads(line)
    assert event["folder"] == str(tmp_path / "quick")
    assert {"quick.yaml", "quick/task.py", "data/"} <= set(event["made"])
    assert event["next"][-1] == "pytest"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["quick"], 2, "--kind"),
        (["quick", "--from", "csv:nowhere.csv"], 2, "--from must name data that exist"),
        (["quick", "--kind", "images"], 2, "image-classification"),
        (["Quick", "--kind", "bare"], 2, "lower-case letters"),
        (["sentiment", "--kind", "bare"], 2, "which ftsuite has"),
        (["quick", "--kind", "bare", "--from", "folder:nowhere"], 2, "--from must name data that exist"),
        (["quick", "--kind", "bare", "--from", "ftp:nowhere"], 2, "A source begins with"),
        (["quick", "--kind", "bare", "--out", "/proc/nowhere"], 6, "Nothing can be written into"),
        (["quick", "--kind", "bare", "--out", "/dev/null"], 2, "is a file"),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    if "/proc/nowhere" in arguments and not Path("/proc/self").exists():
        pytest.skip("there is no such place")
    done = _new(*arguments)
    assert done.exit_code == code, done.output
    assert message in done.output
    assert "Traceback" not in done.output
    assert not os.listdir(tmp_path)


def test_what_is_there_stays(tmp_path: Path) -> None:
    assert _new("quick", "--kind", "bare").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    done = _new("quick", "--kind", "multi-label")
    assert done.exit_code == 2
    assert "nothing is written over" in done.output
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
