"""The plugin contract is what tests/golden/contract.txt says: no change of it goes unnoticed.

After a change on purpose, decide by the docstring of `ftsuite.contract.spec.API_VERSION` whether the version goes up,
then `python tests/unit/test_contract_names.py` writes the file anew: read the difference before it is kept.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import ftsuite.api
import ftsuite.families

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "contract.txt"
# Bring their own members, which are none of the contract's.
_FOREIGN = ("builtins", "pydantic", "abc", "enum", "typing")


def contract() -> list[str]:
    """A line for each public name, field, argument and method."""
    lines = [f"API_VERSION = {ftsuite.api.API_VERSION}"]
    for name in sorted(_public(ftsuite.api)):
        value = getattr(ftsuite.api, name)
        lines += [f"api.{name}", *_members(name, value)]
    return [*lines, *(f"families.{name}" for name in ftsuite.families.__all__)]


def _public(module: ModuleType) -> list[str]:
    """What plugins may import: what the module defines or names again on purpose."""
    source = inspect.getsource(module)
    kept = [name for name in vars(module) if not name.startswith("_")]
    return [
        name
        for name in kept
        if f"import {name} as {name}" in source or f"class {name}(" in source or f"\n{name} = " in source
    ]


def _members(name: str, value: Any) -> Iterator[str]:
    if not inspect.isclass(value) or value.__module__.startswith(_FOREIGN):
        return
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
            yield f"  {name}.{field.name}: {field.type}{default}"
    else:  # fields of named tuples, and attributes
        for field_name, annotation in inspect.get_annotations(value).items():
            yield f"  {name}.{field_name}: {getattr(annotation, '__forward_arg__', annotation)}"
    for member in sorted(vars(value)):
        found = inspect.getattr_static(value, member)
        if member.startswith("_") and member != "__init__":
            continue
        if inspect.isfunction(found) and not (member == "__init__" and dataclasses.is_dataclass(value)):
            needed = ", which a task must write" if getattr(found, "__isabstractmethod__", False) else ""
            yield f"  {name}.{member}{inspect.signature(found)}{needed}"
        elif isinstance(found, property):
            yield f"  {name}.{member} -> {inspect.signature(found.fget).return_annotation}"  # type: ignore[arg-type]


def test_the_contract_is_the_one_that_is_known() -> None:
    assert contract() == GOLDEN.read_text(encoding="utf-8").splitlines(), __doc__


def test_a_change_would_be_noticed() -> None:
    lines = contract()
    assert "api.Task" in lines
    assert any(line.startswith("  Task.load(self, data: 'DataConfig'") for line in lines)
    assert any(line.startswith("  Examples.targets: ") for line in lines)
    assert any("Task.decode" in line and line.endswith("which a task must write") for line in lines)


def test_the_contract_fits_on_one_screen() -> None:
    assert len(inspect.getsource(ftsuite.api).splitlines()) <= 110


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(contract()) + "\n", encoding="utf-8")
