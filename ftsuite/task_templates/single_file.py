"""Two modules of a made package as one file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

_SPEC = "SPEC"


def joined(title: str, spec_module: str, task_module: str) -> str:
    """One module of the two: a title, the imports of both, options, task, and the spec last.

    Args:
        title: the docstring, with its quotes.
        spec_module: ends with its ``SPEC = …``.
        task_module: the code of the class.
    """
    imports: dict[str, set[str]] = {}
    spec_parts, task_parts = (_parts(text, imports) for text in (spec_module, task_module))
    options = [part for part in spec_parts if not part.startswith(_SPEC)]
    spec = [part for part in spec_parts if part.startswith(_SPEC)]
    heads = ["from __future__ import annotations", *_sections(imports)]
    body = [*options, *task_parts, *spec]
    return "\n\n".join([title, *heads]) + "\n\n\n" + "\n\n\n".join(body) + "\n"


def _parts(text: str, imports: dict[str, set[str]]) -> list[str]:
    """The statements of a module besides its docstring and its imports, which are added to `imports`."""
    lines = text.splitlines()
    parts = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom):
            imports.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imports.setdefault(f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else ""), set())
        elif not isinstance(node, ast.Expr):
            parts.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    return parts


def _sections(imports: dict[str, set[str]]) -> list[str]:
    """Imports as ruff sorts them: Python's own, then the others; whole modules before names of modules."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for module in sorted(imports, key=lambda module: (not module.startswith("import "), module)):
        if module == "__future__":
            continue
        top = module.removeprefix("import ").split(".")[0].split(" ")[0]
        line = module if module.startswith("import ") else f"from {module} import {', '.join(sorted(imports[module]))}"
        found[top in sys.stdlib_module_names].append(line)
    return ["\n".join(lines) for lines in _not_empty((found[True], found[False]))]


def _not_empty(sections: Iterable[list[str]]) -> list[list[str]]:
    return [lines for lines in sections if lines]
