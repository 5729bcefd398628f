"""Holds the README to the program: commands, options, configs and links that it names exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ftsuite.cli.main import COMMANDS, cli
from ftsuite.config import shipped_configs

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
INSTALL_AND_RUN = "pip install . && ftsuite run bird-species"
INSTALL_AND_TEST = "pip install -e '.[test]' && pytest -n 2"


def _code() -> list[str]:
    """Lines of shell blocks, and code spans."""
    blocks = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + spans


def _calls() -> list[list[str]]:
    parts = [part.strip() for line in _code() for part in line.split("&&")]
    return [shlex.split(part)[1:] for part in parts if part.startswith("ftsuite ")]


def _resolve(call: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = cli
    rest = list(call)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        context = click.Context(command)
        found = command.get_command(context, rest[0])
        assert found is not None, f"README names `ftsuite {' '.join(call)}`, which is no command"
        command, rest = found, rest[1:]
    return command, rest


@pytest.mark.parametrize("line", [INSTALL_AND_RUN, INSTALL_AND_TEST])
def test_the_two_commands_are_each_one_line(line: str) -> None:
    assert README.splitlines().count(line) == 1


def test_ci_takes_the_test_command_from_here() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"sed -n '/(.*)/p' README.md", script)
    assert pattern is not None
    assert [line for line in README.splitlines() if re.search(pattern[1], line)] == [INSTALL_AND_TEST]
    assert INSTALL_AND_TEST not in script


def test_every_command_is_in_the_readme() -> None:
    named = {call[0] for call in _calls() if call}
    assert set(COMMANDS) <= named


@pytest.mark.parametrize("call", _calls(), ids=" ".join)
def test_commands_and_options_in_the_readme_exist(call: list[str]) -> None:
    command, rest = _resolve(call)
    known = {name for parameter in command.params for name in parameter.opts}
    for word in rest:
        if word.startswith("-"):
            assert word in known, f"`ftsuite {' '.join(call)}`: {word} is no option"


def test_configs_in_the_readme_are_shipped() -> None:
    named = {call[1] for call in _calls() if call[0] == "run" and len(call) > 1}
    names = {name for name in named if not name.endswith(".yaml") and name != "CONFIG"}
    assert {"bird-species"} <= names <= set(shipped_configs())


@pytest.mark.parametrize("span", sorted(set(re.findall(r"`((?:ftsuite|tests|tasks|configs)/[\w./-]+)`", README))))
def test_files_in_the_readme_exist(span: str) -> None:
    assert (REPOSITORY / span).exists()


def test_links_in_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (REPOSITORY / target).exists(), target


def test_nothing_is_left_to_do() -> None:
    assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b", README)
