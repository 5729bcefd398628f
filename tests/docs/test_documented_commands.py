"""What the documentation shows is what happens: its commands are run and their outputs compared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documentation import ALL, BLOCKS
from run_commands import forget_modules, run_blocks

# A block that no test runs says why. This number only falls, or rises for a good reason.
MOST_NEVER_RUN = 15


def _pages_with(when: str) -> list[str]:
    runnable = (block for block in ALL if block.language in ("console", "python") and "file" not in block.said)
    return sorted({block.page for block in runnable if block.when == when})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # a page may install a plugin
    yield tmp_path
    forget_modules(tmp_path)


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
