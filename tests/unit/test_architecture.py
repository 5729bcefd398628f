"""Holds the layers: who may import whom, who may touch TensorFlow, how long a file may be.

It reads syntax trees and imports nothing of ftsuite, so it sees imports inside functions too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# A module imports only from lower levels and from its own part.
LEVELS = {
    "errors": 0,
    "quiet": 0,
    "backend": 1,
    "config": 1,
    "assets": 1,
    "contract": 2,
    "api": 2,
    "registry": 2,
    "data": 3,
    "models": 3,
    "optim": 3,
    "families": 4,
    "training": 4,
    "evaluation": 4,
    "export": 4,
    "report": 4,
    "runs": 5,
    "compare": 5,
    "testing": 5,
    "task_templates": 5,
    "cli": 6,
    "__main__": 7,
}
# `import ftsuite` is the public face: anyone may import the package, and it may reach `runs` (lazily).
FACE = "__init__"
SAME_LEVEL_ALLOWED = {
    ("api", "contract"),  # the contract on one screen, and its pieces
    ("contract", "api"),
    ("registry", "api"),  # the registry checks what the contract says
    ("report", "evaluation"),  # a report shows figures, and computes none of its own
    ("compare", "runs"),
    ("task_templates", "runs"),  # a config for data that the author has is that of `config new`
    ("testing", "runs"),
}
WITHOUT_KERAS_BELOW = 3
KERAS = {"keras", "keras_hub", "tensorflow", "tensorflow_text", "tensorflow_datasets", "jax", "torch"}
TENSORFLOW_PLACES = {
    "ftsuite.data": "input pipelines are tf.data on every backend",
    "ftsuite.export": "SavedModel and LiteRT are TensorFlow's formats",
    "ftsuite.training.distribution": "tf.distribute",
    "ftsuite.training.seeds": "determinism of operations is a switch of the backend",
    "ftsuite.models.text_serving": "strings exist in TensorFlow alone",
    "ftsuite.runs.environment": "the record of a run names TensorFlow's devices",
}
PLUGIN_MAY_IMPORT = ("ftsuite.api", "ftsuite.data", "ftsuite.families", "ftsuite.models")
FORBIDDEN_FILE_NAMES = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}
FORBIDDEN_CLASS_ENDINGS = ("Manager", "Helper", "Utils")
LONGEST_FILE_LINES = 400


class Import(NamedTuple):
    """One imported module, as a dotted name, with the line and whether it runs when the file is imported."""

    name: str
    line: int
    at_import: bool


def _files(*roots: str) -> list[Path]:
    return sorted(path for root in roots for path in (REPOSITORY / root).rglob("*.py"))


def _module(path: Path) -> str:
    parts = list(path.relative_to(REPOSITORY).with_suffix("").parts)
    if parts[0] == "tasks":
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def _part(module: str) -> str:
    return module.split(".")[1] if "." in module else FACE


def _type_checking_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _lines_in_functions(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _imports(source: str, module: str) -> Iterator[Import]:
    tree = ast.parse(source)
    later = _type_checking_lines(tree) | _lines_in_functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, node.lineno not in later)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], base]).rstrip(".")
            if base == "ftsuite":  # `from ftsuite import assets` imports the part, not only the package
                for alias in node.names:
                    yield Import(f"ftsuite.{alias.name}", node.lineno, node.lineno not in later)
            else:
                yield Import(base, node.lineno, node.lineno not in later)


each_file = pytest.mark.parametrize(
    "path", _files("ftsuite", "tasks"), ids=lambda path: str(path.relative_to(REPOSITORY))
)


def layer_violations(source: str, module: str) -> list[str]:
    """What one file of ftsuite imports against the layers."""
    part = _part(module)
    level = LEVELS.get(part, 0)
    wrong = []
    for found in _imports(source, module):
        top = found.name.split(".")[0]
        if top == "ftsuite" and part != FACE:
            target = found.name.split(".")[1] if "." in found.name else FACE
            if target == part or target not in LEVELS or (part, target) in SAME_LEVEL_ALLOWED:
                continue
            if LEVELS[target] >= level:
                wrong.append(f"{module}:{found.line} imports {found.name}, which is not below it")
        elif top in KERAS and part != FACE and level < WITHOUT_KERAS_BELOW:
            wrong.append(f"{module}:{found.line} imports {found.name} below level {WITHOUT_KERAS_BELOW}")
        elif top.startswith("ftsuite_") and top != "ftsuite_configs":
            wrong.append(f"{module}:{found.line} imports the plugin {top}; plugins are found by entry points")
    return wrong


def tensorflow_violations(source: str, module: str) -> list[str]:
    """Where one file of ftsuite imports TensorFlow itself outside the places that may."""
    if any(module == place or module.startswith(place + ".") for place in TENSORFLOW_PLACES):
        return []
    names = {"tensorflow", "tensorflow_text", "tensorflow_datasets"}
    found = [i for i in _imports(source, module) if i.name.split(".")[0] in names]
    return [f"{module}:{i.line} imports {i.name}; write it with keras.ops" for i in found]


def test_every_part_has_a_level() -> None:
    parts = {_part(_module(path)) for path in _files("ftsuite")} - {FACE}
    assert parts <= set(LEVELS), f"give a level to {sorted(parts - set(LEVELS))}"


def test_modules_import_only_from_lower_levels() -> None:
    wrong = [
        line for path in _files("ftsuite") for line in layer_violations(path.read_text(encoding="utf-8"), _module(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_tensorflow_stays_in_its_places() -> None:
    wrong = [
        line
        for path in _files("ftsuite")
        for line in tensorflow_violations(path.read_text(encoding="utf-8"), _module(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_commands_import_nothing_heavy_before_they_are_called() -> None:
    heavy = KERAS | {"sklearn", "scipy", "pyarrow", "matplotlib", "pandas", "cv2", "rich"}
    parts = {"data", "models", "optim", "training", "evaluation", "export", "report", "runs", "compare"}
    wrong = []
    for path in _files("ftsuite/cli"):
        for found in _imports(path.read_text(encoding="utf-8"), _module(path)):
            is_heavy = found.name.split(".")[0] in heavy or (
                found.name.startswith("ftsuite.") and found.name.split(".")[1] in parts
            )
            if found.at_import and is_heavy:
                wrong.append(f"{path.name}:{found.line} imports {found.name} outside a function")
    assert not wrong, "\n".join(wrong)


def test_plugins_use_only_the_contract() -> None:
    wrong = []
    for path in _files("tasks"):
        module = _module(path)
        for found in _imports(path.read_text(encoding="utf-8"), module):
            mine = found.name.split(".")[0] == module.split(".")[0]
            allowed = ".".join(found.name.split(".")[:2]) in PLUGIN_MAY_IMPORT
            if found.name.split(".")[0].startswith("ftsuite") and not (mine or allowed):
                wrong.append(f"{module}:{found.line} imports {found.name}")
            if path.name == "__init__.py" and found.at_import and found.name.split(".")[0] in KERAS:
                wrong.append(f"{module}:{found.line} imports {found.name}; a SPEC imports no Keras")
    assert not wrong, "\n".join(wrong)


@each_file
def test_files_are_short_and_named_for_what_they_do(path: Path) -> None:
    assert path.name not in FORBIDDEN_FILE_NAMES
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_FILE_LINES
    classes = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.endswith(FORBIDDEN_CLASS_ENDINGS)]


@each_file
def test_every_function_is_annotated(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if bare or node.returns is None:
            wrong.append(f"line {node.lineno}: {node.name} ({', '.join(bare) or 'its result'})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ftsuite.config.schema", "from ftsuite.api import Examples"),
        ("ftsuite.data.pipeline", "def f():\n    from ftsuite import models"),
        ("ftsuite.models.heads", "import ftsuite.optim.rules"),
        ("ftsuite.registry", "def f():\n    import keras"),
        ("ftsuite.quiet", "from ftsuite.cli.terminal import Terminal"),
        ("ftsuite.data.pipeline", "from ..models import heads"),
        ("ftsuite.runs.plan", "import ftsuite_image_classification"),
    ],
)
def test_the_rule_finds_violations(module: str, source: str) -> None:
    assert len(layer_violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ftsuite.data.pipeline", "from ftsuite.api import Examples\nimport tensorflow as tf"),
        ("ftsuite.models.heads", "from ftsuite.models.blocks import Block"),
        ("ftsuite.cli.list", "from ftsuite import __version__"),
        ("ftsuite.__init__", "def f():\n    from ftsuite.runs import load_run"),
    ],
)
def test_the_rule_leaves_the_rest_alone(module: str, source: str) -> None:
    assert layer_violations(source, module) == []


def test_the_tensorflow_rule_finds_violations() -> None:
    assert tensorflow_violations("def f():\n    import tensorflow as tf", "ftsuite.models.heads")
    assert not tensorflow_violations("import tensorflow as tf", "ftsuite.data.sources.folder")
