"""The pages of the documentation and their blocks, read once."""

from __future__ import annotations

from pathlib import Path

from console_blocks import BLOCK, blocks_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Written by docs/build_reference.py from the code itself, or run whole: tests of their own hold these.
HELD_ELSEWHERE = {"reference/commands.md", "reference/config.md", "reference/plans.md", "new-job.md"}
PAGES = sorted({path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - HELD_ELSEWHERE)
BLOCKS = {page: blocks_of(DOCS / page, page) for page in PAGES}
ALL = [block for blocks in BLOCKS.values() for block in blocks]


def outside_blocks(page: str) -> str:
    """The text of a page without its blocks."""
    return BLOCK.sub("", (DOCS / page).read_text(encoding="utf-8"))
