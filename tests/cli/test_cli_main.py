"""The command line's frame: speed, help, and the one boundary at which every error ends."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ftsuite import __version__
from ftsuite.cli.errors import guarded, remember_run_folder
from ftsuite.cli.main import COMMANDS, LazyCommand, LazyGroup, cli
from ftsuite.cli.terminal import Terminal
from ftsuite.errors import ConfigError, DataError, DivergedError, FtsuiteError


def _ftsuite(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ftsuite", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _run(action: Callable[[], object], *arguments: str) -> Result:
    """Call `action` as a command inside the boundary."""

    @click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    def job() -> None:
        action()

    group = LazyGroup(table={"job": LazyCommand("tests:job", "A job.")}, name="ftsuite")
    group.get_command = lambda ctx, cmd_name: job  # type: ignore[method-assign]
    return CliRunner().invoke(group, ["job", *arguments])


def _raise(error: BaseException) -> Callable[[], object]:
    def action() -> object:
        raise error

    return action


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from ftsuite.cli.main import cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit as stop:\n    assert stop.code == 0\n"
        "print([name for name in sys.modules if '.' not in name or name.startswith('ftsuite.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = done.stdout.strip().splitlines()[-1]
    for name in (
        "tensorflow",
        "keras",
        "keras_hub",
        "numpy",
        "pydantic",
        "rich",
        "ruamel",
        "ftsuite.cli.list",
    ):
        assert f"'{name}'" not in modules


def test_help_shows_every_command_without_importing_it() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert name in result.output
        assert entry.summary in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_has_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"Usage: ftsuite {name}" in result.output


def test_module_and_script_are_the_same() -> None:
    assert _ftsuite("--version").stdout == f"ftsuite {__version__}\n"
    script = Path(sysconfig.get_path("scripts")) / "ftsuite"
    done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert _ftsuite("--help").stdout == done.stdout


def test_an_unknown_command_gives_the_nearest_name() -> None:
    done = _ftsuite("repot")
    assert done.returncode == 2
    assert "Did you mean 'report'?" in done.stderr
    assert "Received: 'repot'." in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["list", "runs", "--no-such-option"])
    assert result.exit_code == 2
    assert "--no-such-option" in result.stderr
    assert "Try 'ftsuite list runs --help'." in result.stderr


def test_nothing_at_all_shows_help() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2
    assert "Commands:" in result.stderr


@pytest.mark.parametrize("kind", FtsuiteError.__subclasses__())
def test_each_kind_of_error_has_its_exit_code(kind: type[FtsuiteError]) -> None:
    result = _run(_raise(kind("This is wrong. Received: 3.", "Do that.")))
    assert result.exit_code == kind.exit_code
    assert "This is wrong. Received: 3.\nDo that.\n" in result.stderr
    assert result.stdout == ""


def test_markup_in_a_message_is_shown_as_it_is() -> None:
    result = _run(_raise(DataError("Received: 'a[bold]b[/bold].jpg'.")))
    assert "'a[bold]b[/bold].jpg'" in result.stderr


def test_under_json_the_error_is_the_last_line_of_stdout() -> None:
    def action() -> None:
        Terminal(as_json=True).event("epoch", {"epoch": 1})
        raise DivergedError("The loss is not finite.", "Lower the rate.")

    result = _run(action, "--json")
    assert result.exit_code == 7
    assert [json.loads(line)["event"] for line in result.stdout.splitlines()] == ["epoch", "error"]
    assert json.loads(result.stdout.splitlines()[-1]) == {
        "event": "error",
        "kind": "diverged",
        "message": "The loss is not finite.",
        "advice": "Lower the rate.",
        "exit_code": 7,
    }
    assert result.stderr == ""


def test_a_word_after_two_dashes_is_not_the_option() -> None:
    assert _run(_raise(ConfigError("No.")), "--", "--json").stdout == ""


def test_a_defect_leaves_its_traceback_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = _run(_raise(KeyError("a_key")))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    (file,) = tmp_path.iterdir()
    assert str(file) in result.stderr
    assert "KeyError: 'a_key'" in file.read_text(encoding="utf-8")


def test_a_defect_in_a_run_leaves_its_traceback_in_the_run_folder(tmp_path: Path) -> None:
    def action() -> None:
        remember_run_folder(tmp_path)
        raise ValueError("broken")

    result = _run(action)
    assert result.exit_code == 1
    assert str(tmp_path / "traceback.txt") in result.stderr
    assert "ValueError: broken" in (tmp_path / "traceback.txt").read_text(encoding="utf-8")


def test_a_run_folder_that_is_gone_is_no_second_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def action() -> None:
        remember_run_folder(tmp_path / "gone")
        raise ValueError("broken")

    assert _run(action).exit_code == 1
    assert len(list(tmp_path.glob("ftsuite-traceback-*.txt"))) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device", "/data/model.keras"),
        PermissionError(errno.EACCES, "Permission denied", "/data"),
        type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_lack_of_memory_disk_or_permission_is_no_defect(error: BaseException) -> None:
    result = _run(_raise(error))
    assert result.exit_code == 6
    assert "traceback" not in result.output.lower()


def test_ctrl_c_exits_with_130() -> None:
    assert guarded(lambda boundary: _raise(KeyboardInterrupt())(), []) == 130


def test_a_closed_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "ftsuite", "--help"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141


def test_plain_progress_is_few_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    terminal = Terminal(clock=lambda: now[0])
    with terminal.progress("examples") as show:
        for done in range(101):
            now[0] += 0.25
            show("reading", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading: 0 of 100 examples"
    assert lines[-1] == "reading: 100 of 100 examples"
    assert len(lines) == 4


def test_everything_said_is_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    with terminal.logged_to(tmp_path / "log.txt"):
        terminal.line("a line [of text]")
        terminal.table(("name", "n"), [("a" * 150, "1")])
    terminal.line("not in the log")
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    printed = capsys.readouterr().out
    assert "a line [of text]" in log and "a line [of text]" in printed
    assert "a" * 150 in log and "a" * 150 in printed
    assert "not in the log" not in log
