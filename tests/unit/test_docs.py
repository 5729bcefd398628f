"""The generated pages are what the code gives now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ftsuite.registry import Registry


def test_reference_pages_are_up_to_date(repository: Path) -> None:
    if {task.distribution for task in Registry.discover().specs()} != {"ftsuite"}:
        pytest.skip("other plugins are installed here, and the pages tell of the built-in ones")
    # A process of its own: Click keeps the help option that a command had when it was first asked, and a test that
    # calls a command without its group makes that one without -h.
    arguments = [sys.executable, str(repository / "docs/build_reference.py"), "--check"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
