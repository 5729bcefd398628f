"""From a config's name or path to the text of its file."""

from __future__ import annotations

import importlib
import importlib.resources
import os
from collections.abc import Mapping
from pathlib import Path

from ftsuite.config.words import listed, nearest, shorten
from ftsuite.errors import ArtifactError, ConfigError

PACKAGE = "ftsuite_configs"
SUFFIXES = (".yaml", ".yml")
LARGEST_FILE_BYTES = 1024 * 1024


def shipped_configs() -> Mapping[str, Path]:
    """The configs that are installed with ftsuite, by name.

    Raises:
        ArtifactError: the package that holds them is not installed.
    """
    return {path.stem: path for path in sorted(package_folder().glob("*.yaml"))}


def package_folder() -> Path:
    """The folder of the configs, and of `plans/`, that are installed with ftsuite.

    Raises:
        ArtifactError: the package that holds them is not installed.
    """
    try:
        return Path(str(importlib.resources.files(PACKAGE)))
    except ModuleNotFoundError as error:
        raise ArtifactError(
            f"The configs that belong to ftsuite must be installed with it. Received: no package {PACKAGE}",
            "Install ftsuite with pip (`pip install .` in its checkout), or name a config by its path.",
        ) from error


def is_path(reference: str) -> bool:
    """Whether a reference is written as a path, not as the name of a shipped config."""
    return reference.endswith(SUFFIXES) or "/" in reference or os.sep in reference


def find_config(reference: str | Path, beside: str | None = None) -> str:
    """The file that a reference means, as an error message shall show it.

    Args:
        reference: a path, or the name of a shipped config.
        beside: a file from whose folder a relative path is taken, instead of the current directory.

    Raises:
        ConfigError: there is no such config.
    """
    text = os.fspath(reference)
    if not text.strip():
        raise ConfigError("A config is a path or a name. Received: nothing", "`ftsuite list configs` shows the names.")
    path = text if beside is None else os.path.normpath(os.path.join(os.path.dirname(beside), text))
    if isinstance(reference, Path) or is_path(text):
        if not os.path.lexists(path):
            raise ConfigError(f"There is no config at this path. Received: {shorten(path)}", _advice(text, path))
        return path
    shipped = shipped_configs()
    if text in shipped:
        return str(shipped[text])
    if os.path.isfile(path):
        return path
    raise ConfigError(
        f"A config is a path or one of {listed(list(shipped), 'and') if shipped else '(none is shipped)'}. "
        f"Received: {shorten(text)}",
        _advice(text, path),
    )


def read_config(path: str) -> str:
    """The text of a config file, without a byte order mark.

    Raises:
        ConfigError: it cannot be read, is too large for a config or is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: a config is a YAML file. Received: a folder", _files_in(Path(path))) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"{path}: the config cannot be read. Received: {reason}", "Check the path and its permissions."
        ) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigError(
            f"{path}: a config has at most {LARGEST_FILE_BYTES} bytes. Received: more",
            "This is some other file: name the YAML file of the config.",
        )
    return _decode(path, content)


def _decode(path: str, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(
            f"{path}:1:1: a config is UTF-8 text. Received: UTF-16 text",
            "Save the file as UTF-8 in your editor.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        byte = error.object[error.start]
        raise ConfigError(
            f"{path}:{line}:{column}: a config is UTF-8 text. Received: the byte 0x{byte:02x}",
            "Save the file as UTF-8; if it is no text file, name another one.",
        ) from error


def _advice(text: str, path: str) -> str:
    try:
        names = shipped_configs()
    except ArtifactError:
        names = {}
    stem = Path(text).stem if text.endswith(SUFFIXES) else Path(text).name
    if stem in names and is_path(text):
        return f"`{stem}` without a path is the name of the config that belongs to ftsuite."
    for suffix in SUFFIXES:
        if os.path.isfile(f"{path}{suffix}"):
            return f"Did you mean `{path}{suffix}`?"
    near = nearest(stem, names)
    if near is not None:
        return f"Did you mean `{near}`? `ftsuite list configs` shows the names."
    folder = Path(path).parent
    close = nearest(Path(path).name, _yaml_names(folder))
    if close is not None:
        return f"Did you mean `{folder / close}`?"
    return "`ftsuite list configs` shows the names; a path ends with .yaml."


def _files_in(folder: Path) -> str:
    names = _yaml_names(folder)
    return f"It holds {listed(names, 'and', most=8)}." if names else "Name a file that ends with .yaml."


def _yaml_names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.suffix in SUFFIXES)
    except OSError:
        return []
