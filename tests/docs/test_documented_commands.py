"""What the documentation shows is what happens: its commands are run and their outputs compared."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from console_blocks import Block, blocks_of
from given_files import GIVEN
from run_commands import run_blocks

from ftsuite.cli.main import cli
from ftsuite.config import load_config, shipped_configs
from ftsuite.registry import Registry

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Written by docs/build_reference.py from the code itself, which a test of its own compares.
GENERATED = {"reference/commands.md", "reference/config.md", "reference/plans.md"}
PAGES = sorted(set(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")) - GENERATED)
BLOCKS = {page: blocks_of(DOCS / page, page) for page in PAGES}
ALL = [block for blocks in BLOCKS.values() for block in blocks]
RUNNABLE = [block for block in ALL if block.language in ("console", "python") and "file" not in block.said]
# A block that no test runs says why. This number only falls, or rises for a good reason.
MOST_NEVER_RUN = 20
# Commands that pages tell of and that are not there yet.
COMING = {"task"}


def _pages_with(when: str) -> list[str]:
    return sorted({block.page for block in RUNNABLE if block.when == when})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", _pages_with("quick"))
def test_quick_commands_do_what_their_page_shows(page: str, here: Path) -> None:
    assert run_blocks(BLOCKS[page], slow=False) > 0


@pytest.mark.slow
@pytest.mark.parametrize("page", _pages_with("slow"))
def test_slow_commands_do_what_their_page_shows(page: str, here: Path) -> None:
    assert run_blocks(BLOCKS[page], slow=True) > 0


def test_blocks_that_are_never_run_say_why_and_are_few() -> None:
    never = [block for block in ALL if block.when == "never"]
    assert all(len(block.reason.split()) >= 3 for block in never), [str(block) for block in never]
    assert len(never) <= MOST_NEVER_RUN, [str(block) for block in never]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_is_one_that_is_checked(block: Block) -> None:
    assert block.language in ("console", "python", "yaml", "json", "text", "toml", "csv"), "a block needs a language"
    assert block.when in ("quick", "slow", "never")
    assert set(block.said.get("given", "photos").split()) <= set(GIVEN)
    if block.language == "console":
        assert block.commands


def _calls() -> Iterator[Any]:
    for block in ALL:
        for command in block.commands if block.language == "console" else ():
            for part in command.text.replace("&&", "|").split("|"):
                words = shlex.split(part, comments=True)
                while words and "=" in words[0]:  # a variable of the environment before a command
                    words = words[1:]
                if words[:1] == ["ftsuite"]:
                    coming = pytest.mark.xfail(words[1] in COMING, reason="not there yet", strict=True)
                    yield pytest.param(block, words[1:], marks=coming, id=f"{block} {shlex.join(words)}")


@pytest.mark.parametrize(("block", "call"), list(_calls()))
def test_commands_options_and_configs_exist(block: Block, call: list[str]) -> None:
    command: click.Command = cli
    rest = list(call)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"{block}: `ftsuite {' '.join(call)}` is no command"
        command, rest = found, rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help", "--version"}
    assert {word for word in rest if word.startswith("--")} <= known, f"{block}: `ftsuite {' '.join(call)}`"
    if command.name == "run" and rest and rest[0].isidentifier():
        assert rest[0] in shipped_configs()


@pytest.mark.parametrize(
    "block", [block for block in ALL if block.language == "yaml" and block.when != "never"], ids=str
)
def test_configs_and_parts_of_them_are_right(block: Block, tmp_path: Path) -> None:
    whole = "file" in block.said
    path = tmp_path / "part.yaml"
    path.write_text(("" if whole else "extends: bird-species\n") + block.text, encoding="utf-8")
    load_config(path, [], options_model=Registry.discover().options_model)


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "python"], ids=str)
def test_python_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_the_plugin_of_the_tutorial_has_less_than_40_lines() -> None:
    files = [block for block in BLOCKS["tutorials/task-plugin.md"] if block.said.get("file", "").endswith(".py")]
    lines = [line for block in files for line in block.text.splitlines() if line.strip() and not line.startswith('"""')]
    assert 20 < len(lines) < 40
