"""The generated pages are what the code gives now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ftsuite.registry import Registry


def test_reference_pages_are_up_to_date(repository: Path) -> None:
    if {task.distribution for task in Registry.discover().specs()} != {"ftsuite"}:
        pytest.skip("other plugins are installed here, and the pages tell of the built-in ones")
    specification = importlib.util.spec_from_file_location("build_reference", repository / "docs/build_reference.py")
    assert specification is not None
    assert specification.loader is not None
    build = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(build)
    for name, page in build.PAGES.items():
        written = (repository / "docs/reference" / name).read_text(encoding="utf-8")
        assert written == page(), f"run: python docs/build_reference.py (docs/reference/{name} has fallen behind)"
