"""Where a new config is written, and how it names its data from there."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pydantic

from ftsuite.config import LoadedConfig, load_config, parse_source
from ftsuite.config.locate import SUFFIXES
from ftsuite.config.paths import absolute, absolute_source
from ftsuite.config.source import SourceReference
from ftsuite.errors import ConfigError

_ENDINGS = re.compile(r"(\.tar)?\.(csv|tsv|jsonl|ndjson|parquet|arrow|zip|tar|tgz|tbz2|txz|gz|bz2|xz)$", re.IGNORECASE)
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def target_of(source: str, out: Path | None, force: bool) -> Path:
    """The file to write.

    Raises:
        ConfigError: no YAML file's name, there already, no folder for it, or inside the data.
    """
    target = Path(f"{_name_of(source)}.yaml") if out is None else out.expanduser()
    if target.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--out must end with .yaml. Received: {str(target)!r}", f"Write --out {target}.yaml.")
    if target.is_dir() or (os.path.lexists(target) and not force):
        what = "which is a folder" if target.is_dir() else "which is there already"
        raise ConfigError(
            f"Expected a file to make. Received: {str(target)!r}, {what}.",
            "Name another one by --out FILE" + ("." if target.is_dir() else ", or write over it by --force."),
        )
    if not target.absolute().parent.is_dir():
        raise ConfigError(
            f"Expected a folder to write into. Received: {str(target)!r}, whose folder does not exist.",
            f"Make it: mkdir -p {target.parent}",
        )
    _require_outside(source, target)
    return target


def named_source(source: str, kind: str, target: Path) -> tuple[str, str]:
    """The source as the config names it, and what to say about that.

    A relative path is taken from the folder in which ftsuite is called, wherever the config lies: it stays as it is
    only in a config that is written into that folder.
    """
    reference = parse_source(source)
    if reference.kind == "path":
        reference = SourceReference(kind, reference.value)  # type: ignore[arg-type]
        if kind == "tfds":
            return f"tfds:{absolute(reference.value)}", ""
    if not reference.is_local or os.path.isabs(reference.value) or reference.value.startswith("~"):
        return str(reference), ""
    if target.absolute().parent.resolve() == Path.cwd().resolve():
        return str(reference), "taken from the folder in which ftsuite is called"
    return absolute_source(str(reference)), ""


def write_checked(
    text: str, target: Path, options_model: Callable[[str], type[pydantic.BaseModel] | None]
) -> LoadedConfig:
    """Write a config, unless it is wrong, and give it as it is loaded.

    Raises:
        ConfigError: what was given on the command line makes it wrong.
    """
    unfinished = target.with_name(f".{target.stem}-{secrets.token_hex(4)}.yaml")
    try:
        try:
            unfinished.write_text(text, encoding="utf-8")
        except UnicodeEncodeError as error:
            raise ConfigError(
                "Expected paths and columns with names in UTF-8, which a config is in. Received: one with other bytes.",
                "Rename the file or the column.",
            ) from error
        loaded = load_config(str(unfinished), options_model=options_model)
        os.replace(unfinished, target)
    except ConfigError as error:
        raise ConfigError(error.message.replace(str(unfinished), str(target)), error.advice) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return loaded


def _name_of(source: str) -> str:
    reference = parse_source(source)
    if reference.kind == "field-guide":
        return reference.kind
    value = reference.value
    if reference.is_local:
        path = Path(absolute(value))
        # The folder of a tfds data set is named by its version.
        value = path.parent.name if _VERSION.fullmatch(path.name) else path.name
    elif reference.kind == "tfds":
        value = value.partition(":")[0]
    return re.sub(r"[^\w.-]+", "-", _ENDINGS.sub("", value)).strip("-.") or "job"


def _require_outside(source: str, target: Path) -> None:
    """Nothing is written into a folder of data."""
    reference = parse_source(source)
    if not reference.is_local:
        return
    folder = Path(absolute(reference.value)).resolve()
    if folder.is_dir() and (folder / "x").parent in (target.absolute().parent.resolve() / "x").parents:
        raise ConfigError(
            f"Expected a place outside of the data. Received: {str(target)!r}, which would lie in {str(folder)!r}.",
            f"Name another one: --out {folder.parent / target.name}",
        )
