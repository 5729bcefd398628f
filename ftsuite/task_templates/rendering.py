"""The files of a new task, as texts."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from ftsuite import __version__
from ftsuite.api import API_VERSION
from ftsuite.config import dump_yaml
from ftsuite.task_templates.kinds import Kind
from ftsuite.task_templates.names import Names
from ftsuite.task_templates.single_file import joined


def package_files(names: Names, kind: Kind, author: str, source: str | None = None) -> Mapping[str, str]:
    """The files of a package by their paths, but for its data.

    Args:
        names: of the task.
        kind: of the task.
        author: for its metadata; empty where unknown.
        source: what its config trains on; None for the generated data.
    """
    words = _words(names, kind, source or kind.source.replace("PATH", "data"))
    words |= {
        "author": author,
        "config": f"{names.task}.yaml",
        "factory": f"{names.package}.task:{names.class_name}",
        "task": names.task,
        "example": source is None,
    }
    made = {
        "pyproject.toml": "pyproject.toml.jinja",
        "README.md": "README.md.jinja",
        ".gitignore": "gitignore.jinja",
        f"{names.task}.yaml": kind.template("config"),
        f"{names.package}/__init__.py": kind.template("spec"),
        f"{names.package}/task.py": kind.template("task"),
        f"tests/test_{names.package}.py": "test.jinja",
    }
    return {path: _rendered(template, words) for path, template in made.items()}


def single_files(names: Names, kind: Kind, source: str | None = None) -> Mapping[str, str]:
    """One Python file with the whole task, and the config that runs it, by their paths.

    Args:
        names: as of `package_files`.
        kind: as of `package_files`.
        source: as of `package_files`.
    """
    file, config = f"{names.package}.py", f"{names.task}.yaml"
    words = _words(names, kind, source or kind.source.replace("PATH", data_folder(names)))
    words |= {
        "config": config,
        "factory": f"{names.package}:{names.class_name}",
        "task": f"./{file}:SPEC",
        "example": source is None,
    }
    title = (
        f'"""{names.task}, a task in one file: `ftsuite run {config}` runs it.\n\n'
        f"That config names it as `task: ./{file}:SPEC`.\n"
        f"A package of it, which others can install: `ftsuite task new {names.task} --kind {kind.name}`.\n"
        '"""'
    )
    code = joined(title, _rendered(kind.template("spec"), words), _rendered(kind.template("task"), words))
    return {file: code, config: _rendered(kind.template("config"), words)}


def data_folder(names: Names) -> str:
    """The folder of the generated data beside a single file."""
    return f"{names.task}-data"


def _words(names: Names, kind: Kind, source: str) -> dict[str, Any]:
    return {
        "name": names.task,
        "package": names.package,
        "class": names.class_name,
        "options": names.options_name,
        "distribution": names.distribution,
        "summary": kind.summary,
        "data_words": kind.data_words,
        "source": dump_yaml({"source": source}).removeprefix("source:").strip(),
        "api_version": API_VERSION,
        "version": __version__,
    }


def _rendered(template: str, words: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=False,  # code and text, no HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["toml"] = _toml_text
    return environment.get_template(template).render(words)


def _resource(name: str) -> str:
    return Path(str(importlib.resources.files("ftsuite.task_templates"))).joinpath(name).read_text(encoding="utf-8")


def _toml_text(text: str) -> str:
    """A basic string of TOML: JSON's escapes are among TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
