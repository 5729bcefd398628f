"""Write docs/check-task.md from what the checks say of themselves: python docs/build_check_task.py"""

from __future__ import annotations

from pathlib import Path

from ftsuite.testing.table_of_checks import guide

if __name__ == "__main__":
    (Path(__file__).parent / "check-task.md").write_text(guide(), encoding="utf-8")
