"""The examples in the docstrings of the plugin contract do what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "ftsuite.api",
    "ftsuite.contract.examples",
    "ftsuite.contract.hooks",
    "ftsuite.contract.metrics",
    "ftsuite.contract.models",
    "ftsuite.contract.report_parts",
    "ftsuite.contract.spec",
    "ftsuite.data.targets",
    "ftsuite.families",
    "ftsuite.models.answers",
    "ftsuite.task_templates.names",
    "ftsuite.task_templates.tree",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name: str) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert tried, f"{name} shows no example"
    assert not failed, "the differences are printed above"
