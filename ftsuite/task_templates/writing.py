"""Writes a new task: all of it or nothing, and never over what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ftsuite.errors import ConfigError, ResourceError


def write_package(target: Path, files: Mapping[str, str], write_data: Callable[[Path], None] | None) -> None:
    """Make the folder of a package.

    Args:
        target: that folder, which is not there yet.
        files: texts by their paths in it.
        write_data: fills its folder ``data``; None for no such folder.

    Raises:
        ConfigError: something is there already.
        ResourceError: nothing can be written there.
    """
    _refuse_existing([target], "Choose another name, or another place by --out; nothing is written over.")
    with _beside(target.parent) as work:
        made = work / target.name
        for path, text in files.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_text(text, encoding="utf-8")
        if write_data is not None:
            (made / "data").mkdir()
            write_data(made / "data")
        made.rename(target)


def write_single(folder: Path, files: Mapping[str, str], data: str, write_data: Callable[[Path], None] | None) -> None:
    """Write a few files and a folder of data into a folder that may hold others.

    Args:
        folder: to write into.
        files: texts by their names.
        data: the name of the folder of data.
        write_data: fills it; None for no such folder.

    Raises:
        ConfigError: one of them is there already.
        ResourceError: nothing can be written there.
    """
    names = [*files, *([data] if write_data is not None else [])]
    _refuse_existing(
        [folder / name for name in names], "Choose another name, or another folder by --out; nothing is written over."
    )
    with _beside(folder) as work:
        for name, text in files.items():
            (work / name).write_text(text, encoding="utf-8")
        if write_data is not None:
            (work / data).mkdir()
            write_data(work / data)
        for name in reversed(names):
            (work / name).rename(folder / name)


def git_author() -> str:
    """The name that git knows its user by; empty where there is no git, or it knows none."""
    try:
        command = ["git", "config", "--get", "user.name"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return " ".join(done.stdout.split()) if done.returncode == 0 else ""


def _refuse_existing(paths: Sequence[Path], advice: str) -> None:
    there = [str(path) for path in paths if os.path.lexists(path)]
    if there:
        raise ConfigError(f"A new task needs places where nothing is yet. Received: {', '.join(there)}.", advice)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A temporary folder in the folder that things are made in, so that a rename finishes them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".ftsuite-new-", dir=folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except FileExistsError as error:
        raise ConfigError(
            f"--out must be a folder. Received: {folder}, which is a file.", "Choose another place by --out."
        ) from error
    except OSError as error:
        raise ResourceError(
            f"Nothing can be written into {folder}. Received: {error.strerror or error}.",
            "Choose another place by --out, or change its permissions.",
        ) from error
