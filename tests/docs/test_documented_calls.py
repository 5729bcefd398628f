"""What the documentation names exists, also where no test runs it: commands, options, configs and their keys."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from console_blocks import Block
from documentation import ALL, BLOCKS, PAGES, outside_blocks
from given_files import GIVEN

from ftsuite.cli.main import cli
from ftsuite.config import load_config, shipped_configs
from ftsuite.registry import Registry

MISSPELT = "bird-spcies"  # shown to have its error
# The config of the tutorial's own task is checked where the task is made: by the commands of its page.
OWN_TASK = re.compile("^task: fashion$", re.MULTILINE)
CONFIGS = [
    block for block in ALL if block.language == "yaml" and block.when != "never" and not OWN_TASK.search(block.text)
]


def _calls() -> Iterator[Any]:
    """Every call of ftsuite in a block or in a line."""
    texts = [(str(block), command.text) for block in ALL if block.language == "console" for command in block.commands]
    texts += [(page, span) for page in PAGES for span in re.findall(r"`(ftsuite [^`]+)`", outside_blocks(page))]
    for place, text in dict.fromkeys(texts):
        for part in text.replace("&&", "|").split("|"):
            words = shlex.split(part, comments=True)
            while words and "=" in words[0]:  # a variable of the environment before a command
                words = words[1:]
            if words[:1] == ["ftsuite"]:
                yield pytest.param(words[1:], id=f"{place} {shlex.join(words)}")


@pytest.mark.parametrize("call", list(_calls()))
def test_commands_options_and_configs_exist(call: list[str]) -> None:
    command: click.Command = cli
    rest = list(call)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"{rest[0]} is no command"
        command, rest = found, rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help", "--version"}
    assert {word for word in rest if word.startswith("--")} <= known
    if command.name == "run" and rest and re.fullmatch(r"[a-z][a-z0-9-]*", rest[0]) and rest[0] != MISSPELT:
        assert rest[0] in shipped_configs()


@pytest.mark.parametrize("block", CONFIGS, ids=str)
def test_configs_and_parts_of_them_are_right(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "part.yaml"
    path.write_text(("" if "file" in block.said else "extends: bird-species\n") + block.text, encoding="utf-8")
    load_config(path, [], options_model=Registry.discover().options_model)


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "python"], ids=str)
def test_python_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_the_plugin_of_the_tutorial_has_less_than_40_lines() -> None:
    files = [block for block in BLOCKS["tutorials/task-plugin.md"] if block.said.get("file", "").endswith(".py")]
    lines = [line for block in files for line in block.text.splitlines() if line.strip() and not line.startswith('"""')]
    assert 20 < len(lines) < 40


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_is_one_that_is_checked(block: Block) -> None:
    assert block.language in ("console", "python", "yaml", "json", "text", "toml", "csv"), "a block needs a language"
    assert block.when in ("quick", "slow", "never")
    assert block.said.get("given", "photos") in GIVEN
    if block.language == "console":
        assert block.commands


@pytest.mark.parametrize("page", PAGES)
def test_no_code_hides_from_the_tests(page: str) -> None:
    lines = outside_blocks(page).splitlines()
    assert not [line for line in lines if re.match(r"\s*(\$ |~~~|```|ftsuite \w+ \S*--|    (pip|ftsuite) )", line)]
