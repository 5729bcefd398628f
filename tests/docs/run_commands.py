"""Runs the commands of a page: those of ftsuite in this process, which saves their start, others in a shell."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from console_blocks import Block, Command, matches
from given_files import GIVEN

from ftsuite.cli.main import cli

_SHELL = re.compile(r"[|<>;&$`*?\n]")


class DiffersError(AssertionError):
    """A command printed something else than its page shows, or ended otherwise."""


def run_blocks(blocks: Iterable[Block], *, slow: bool) -> int:
    """Run the blocks of one page in the current folder, in their order; returns how many commands were run.

    Raises:
        DiffersError: naming the first block whose command does not do what the page shows.
    """
    count = 0
    for block in blocks:
        if block.when == "never" or (block.when == "slow" and not slow):
            continue
        if "given" in block.said:
            GIVEN[block.said["given"]]()
        if "file" in block.said:
            Path(block.said["file"]).write_text(block.text, encoding="utf-8")
            forget_modules(Path.cwd())
        elif block.language == "console":
            count += _run_block(block)
        elif block.language == "python":
            exec(compile(block.text, str(block), "exec"), {"__name__": "documentation"})
            count += 1
    return count


def forget_modules(folder: Path) -> None:
    """Let what is imported from a folder be read anew, as by the next command of a reader."""
    here = f"{folder.resolve()}{os.sep}"
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(here):
            del sys.modules[name]


def _run_block(block: Block) -> int:
    commands = block.commands
    if "run as" in block.said:
        (shown,) = commands
        commands = [Command(block.said["run as"], shown.output)]
    for command in commands:
        expected = int(block.said.get("exit code", "0")) if command is commands[-1] else 0
        code, printed = run(command.text)
        if code != expected:
            raise DiffersError(f"{block}: `{command.text}` ended with {code}, not {expected}:\n{printed}")
        if command.output.strip() and not matches(command.output, printed, "numbers vary" in block.said):
            raise DiffersError(f"{block}: `{command.text}` printed\n{printed}\nand the page shows\n{command.output}")
    return len(commands)


def run(command: str) -> tuple[int, str]:
    """Exit code, and stdout and stderr together."""
    if command.startswith("cd "):
        os.chdir(command.removeprefix("cd "))
        return 0, ""
    if not command.startswith("ftsuite ") or _SHELL.search(command):
        return _in_a_shell(command)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            cli.main(shlex.split(command)[1:], prog_name="ftsuite")
        except SystemExit as end:
            return int(end.code or 0), printed.getvalue()
    raise AssertionError("unreachable: the command line always ends by SystemExit")


def _in_a_shell(command: str) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "ftsuite"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ftsuite "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, shell=True, env=environment, text=True, check=False, **pipes)
    return done.returncode, done.stdout
