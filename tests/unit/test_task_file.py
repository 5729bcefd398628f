"""A task in a single file: where its path is taken from, what is refused, and what a run keeps of it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.config.task_file import TaskFile, parse_task_file
from ftsuite.errors import ConfigError, FtsuiteError, PluginError
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.task_file import COPY

TASK = """
from ftsuite.api import Options, TaskSpec

class Own(Options):
    steps: int = 3

print("a task says hello")
SPEC = TaskSpec(name="mine", summary="", options=Own, factory="mine:make", api_version=1)
OTHER = TaskSpec(name="other", summary="", options=Options, factory="mine:make", api_version=1)

def make(options, seed):
    raise ValueError(f"made with {options.steps}")
"""
CONFIG = """
task: {task}
data: {{source: "folder:photos"}}
backbone: {{name: efficientnet_lite0_imagenet}}
"""


def _load(config: Path, *overrides: str) -> LoadedConfig:
    return load_config(config, overrides, options_model=Registry.discover().options_model)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "mine.py").write_text(TASK, encoding="utf-8")
    path = tmp_path / "jobs" / "job.yaml"
    path.write_text(CONFIG.format(task="../mine.py:SPEC"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("image-classification", None),
        ("./mine.py", TaskFile("./mine.py", "SPEC")),
        ("mine.py:OTHER", TaskFile("mine.py", "OTHER")),
        ("C:\\tasks\\mine.py:OTHER", TaskFile("C:\\tasks\\mine.py", "OTHER")),
        ("./mine", TaskFile("./mine", "SPEC")),
        ("", None),
    ],
)
def test_what_a_task_names(text: str, found: TaskFile | None) -> None:
    assert parse_task_file(text) == found


def test_the_path_is_taken_from_the_config_and_kept_absolute(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    resolved = _load(job).resolved()
    assert resolved["task"] == f"{job.parents[1]}/mine.py:SPEC"
    assert resolved["options"] == {"steps": 3}


def test_an_override_takes_it_from_the_current_folder(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(job.parents[1])
    assert _load(job, "task=mine.py:OTHER").config.task == f"{job.parents[1]}/mine.py:OTHER"


def test_options_are_checked_by_the_file(job: Path) -> None:
    with pytest.raises(ConfigError, match=r"options.steps must be a whole number"):
        _load(job, "options.steps=many")


def test_the_factory_may_go_by_the_name_of_the_file(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = Registry.discover().spec(_load(job).config.task)
    with pytest.raises(PluginError, match="made with 5"):
        spec.create(spec.options(steps=5), seed=0)  # type: ignore[call-arg]
    assert capsys.readouterr().out == "", "stdout is the command's own"


def test_a_changed_file_is_run_anew(job: Path) -> None:
    _load(job)
    (job.parents[1] / "mine.py").write_text(TASK.replace("= 3", "= 4"), encoding="utf-8")
    assert _load(job).resolved()["options"] == {"steps": 4}


def test_safe_mode_runs_no_file(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_PLUGINS", "none")
    with pytest.raises(FtsuiteError, match="In safe mode"):
        _load(job)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 +", r"SyntaxError: .*line 1"),
        ("\n\nimport no_such_module", r"No module named 'no_such_module' \(line 3\)"),
        ("import sys\nsys.exit('bye')", r"SystemExit: bye \(line 2\)"),
        ("x = 1", "must hold a TaskSpec called 'SPEC'"),
        ("SPEC = 1", "SPEC of .*mine.py must be an ftsuite.api.TaskSpec. Received: int"),
        (TASK.replace("SPEC =", "MINE ="), "It holds mine.py:MINE and mine.py:OTHER."),
        (TASK.replace("api_version=1", "api_version=99"), "was written for version 99 of the plugin contract"),
        (TASK.replace("options=Own", "options=dict"), "broken: its spec's options must be a subclass"),
        (TASK.replace('factory="mine:make"', "factory=None"), "broken: its spec's factory must be text"),
        ("\0", "cannot be run"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(job: Path, code: str, message: str) -> None:
    (job.parents[1] / "mine.py").write_text(textwrap.dedent(code), encoding="utf-8")
    with pytest.raises(FtsuiteError, match=message):
        _load(job)


@pytest.mark.parametrize("task", ["./missing.py:SPEC", "./mine", "../jobs"])
def test_a_file_that_is_not_there_is_told(job: Path, task: str) -> None:
    job.write_text(CONFIG.format(task=task), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"job.yaml:2:7: A task is the name of an installed one, or a Python file"):
        _load(job)


def test_a_run_keeps_the_file_and_is_not_gone_on_with_by_another(job: Path, tmp_path: Path) -> None:
    folder = begin(_load(job), tmp_path / "run", resume=False)
    code = job.parents[1] / "mine.py"
    assert (folder / COPY).read_bytes() == code.read_bytes()
    assert begin(_load(folder / "config.resolved.yaml"), folder, resume=True) == folder
    code.write_text(TASK + "\n# changed\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="which was changed since"):
        begin(_load(job), folder, resume=True)
