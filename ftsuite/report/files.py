"""Reading a run folder's files; one that is missing or torn is an error that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ftsuite.errors import ArtifactError

_MADE_BY_RUN = "It is written by `ftsuite run`; finish the run with `ftsuite run CONFIG --out FOLDER --resume`."


def torn(path: Path, expected: str, received: object) -> ArtifactError:
    """Return the error for a file that is there but is not what it should be."""
    return ArtifactError(
        f"Expected {expected} in {path}. Received: {received}",
        f"The file is torn or was edited; delete it and repeat the run, or restore it. {_MADE_BY_RUN}",
    )


def read_text(path: Path) -> str:
    """Return a file's text (UTF-8).

    Raises:
        ArtifactError: the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ArtifactError(
            f"Expected the file {path.name} in the run folder {path.parent}. Received: no such file",
            f"The run has not ended, or the folder is not a run folder. {_MADE_BY_RUN}",
        ) from None
    except UnicodeDecodeError as error:
        raise torn(path, "text in UTF-8", f"byte {error.start} is none") from error
    except OSError as error:
        raise ArtifactError(
            f"Expected to read {path}. Received: {error.strerror or error}",
            "Check that the file is a plain file and that you may read it.",
        ) from error


def read_json(path: Path) -> Any:
    """Return the value of a JSON file.

    Raises:
        ArtifactError: the file is missing or not JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise torn(path, "JSON", f"{error.msg} at line {error.lineno}") from error


def read_object(path: Path) -> dict[str, Any]:
    """Return the value of a JSON file that holds an object.

    Raises:
        ArtifactError: the file is missing, not JSON, or holds something else.
    """
    return as_object(read_json(path), path, "a JSON object")


def read_yaml(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text and the value of a YAML 1.2 file that holds a mapping.

    Raises:
        ArtifactError: the file is missing, not YAML, or holds something else.
    """
    text = read_text(path)
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise torn(path, "YAML", str(error).splitlines()[0]) from error
    return text, as_object(value, path, "a YAML mapping")


def as_object(value: Any, path: Path, expected: str) -> dict[str, Any]:
    """Return the value if it is a dict with string keys.

    Raises:
        ArtifactError: it is something else; `expected` says what should be there.
    """
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise torn(path, expected, type(value).__name__)
    return value
