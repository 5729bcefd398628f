"""Reads the code blocks of a page with what is said of them, and compares what a command printed with what is shown.

A comment before a block says how it is treated; without one a ``console`` block is run by the default tests:

    <!-- run: slow -->            by the slow tests; so are the page's other blocks then, in their order
    <!-- run: never, REASON -->   by no test
    <!-- run as: COMMAND -->      another command in place of the block's only one, such as the same with less data
    <!-- exit code: 2 -->         of the block's last command, where it is not 0
    <!-- numbers vary -->         any number will do where one is shown
    <!-- given: photos -->        makes what `given_files.py` has by that name, before the block
    <!-- file: NAME -->           the block is written to that file, before the blocks after it

The command ``cd FOLDER`` changes the folder of all that follow on its page.

A ``yaml`` block is checked as a config, or as a part of one that extends bird-species.

In an output, a line ``...`` stands for any lines, and ``...`` within a line for any text. Runs of spaces are one space,
the time and hash in the name of a run folder are any, and lines of progress, a bar on a terminal, are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(
    r"(?P<said>(?:^[ ]*<!--[^\n]*-->\n+)*)"
    r"^(?P<indent>[ ]*)```[ ]*(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_SAID = re.compile(r"<!--\s*(run as|run|exit code|given|file|numbers vary)(?::\s*(.*?))?\s*-->")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")
_PROGRESS = re.compile(r"^\w[\w ]*: [\d,]+ of [\d,]+$", re.MULTILINE)
_RUN_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True)
class Command:
    """A command and the output that the page shows for it."""

    text: str
    output: str


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """``quick``, ``slow`` or ``never``."""
        return self.said.get("run", "quick").partition(",")[0]

    @property
    def reason(self) -> str:
        """Why no test runs it."""
        return self.said.get("run", "").partition(",")[2].strip()

    @property
    def commands(self) -> list[Command]:
        """Its commands; a line that begins with ``> `` goes on with the command before it."""
        found: list[tuple[list[str], list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(([line[2:]], []))
            elif line.startswith("> ") and found and not found[-1][1]:
                found[-1][0].append(line[2:])
            elif found:
                found[-1][1].append(line)
            elif line.strip():
                raise ValueError(f"{self.page}:{self.line}: output before the first command: {line!r}")
        return [Command("\n".join(command), "\n".join(output)) for command, output in found]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path, page: str = "") -> list[Block]:
    """All fenced blocks of a page, in their order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        indent = match["indent"]
        lines = [line.removeprefix(indent) for line in match["text"].splitlines()]
        said = {name: value or "" for name, value in _SAID.findall(match["said"])}
        number = text.count("\n", 0, match.start("language")) + 1
        found.append(Block(page or path.name, number, match["language"], "\n".join(lines) + "\n", said))
    return found


def matches(shown: str, printed: str, numbers_vary: bool = False) -> bool:
    """Whether a printed output is one that the shown one stands for."""
    return re.fullmatch(_pattern(shown, numbers_vary), _plain(_PROGRESS.sub("", printed), numbers_vary)) is not None


def _pattern(shown: str, numbers_vary: bool) -> str:
    parts = []
    for line in _plain(shown, numbers_vary).splitlines():
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*?".join(re.escape(part) for part in line.split("...")) + r"\n")
    return "".join(parts)


def _plain(text: str, numbers_vary: bool) -> str:
    text = _RUN_NAME.sub("RUN", text)
    if numbers_vary:
        text = _NUMBER.sub("0", text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line)
