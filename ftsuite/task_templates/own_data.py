"""The config of a new task for data that the user has already."""

from __future__ import annotations

from pathlib import Path

from ftsuite.api import Options, TaskSpec
from ftsuite.config import parse_source
from ftsuite.config.paths import absolute, absolute_source
from ftsuite.data.looks import Look, look_at
from ftsuite.errors import ConfigError, DataError
from ftsuite.families import ImageOptions, TextOptions
from ftsuite.runs.proposal import propose, this_machine
from ftsuite.runs.proposal.propose import Source
from ftsuite.task_templates.kinds import Kind


class _BareOptions(Options):
    image_size: int | None = None


def own_source(text: str) -> str:
    """A ``data.source`` as the user gives it, its path absolute.

    Raises:
        ConfigError: no such kind of source, or nothing at its path.
    """
    reference = parse_source(text)
    if reference.is_local and not Path(absolute(reference.value)).exists():
        raise ConfigError(
            f"--from must name data that exist. Received: {text!r}.", "Leave it out to begin with generated data."
        )
    return absolute_source(text)


def kind_of(source: str) -> str:
    """The kind of task that data with classes are for.

    Args:
        source: as of `own_source`.

    Raises:
        ConfigError: no pictures or texts with classes are found there; names what can be said instead.
        DataError: likewise.
    """
    try:
        return f"{look_at(source).modality}-classification"
    except (ConfigError, DataError) as error:
        advice = f"{error.advice} Data with something else than classes need --kind; --help lists them.".strip()
        raise type(error)(error.message, advice) from error


def proposed_config(kind: Kind, task: str, source: str, command: str, file: str) -> str | None:
    """A config after a look at data, as `ftsuite config new` writes it; None for a kind that it knows nothing of.

    Args:
        kind: of the task.
        task: the config's ``task:``.
        source: as of `own_source`.
        command: that asked for it.
        file: that it is written to.

    Raises:
        ConfigError: data for a task of the other modality.
        DataError: no data there, or none with labels.
    """
    if not kind.classifies:
        return None
    options = _BareOptions if kind.name == "bare" else TextOptions if kind.modality == "text" else ImageOptions
    spec = TaskSpec(task, "", options, factory="", modality=kind.modality)
    look = _looked_at(source)
    if look.modality != kind.modality:
        words = {"image": "pictures", "text": "texts"}
        raise ConfigError(
            f"--kind {kind.name} is for {words[kind.modality]}. Received: {source!r}, which holds "
            f"{words.get(look.modality, look.modality)}.",
            "Choose another kind; `ftsuite task new --help` lists them.",
        )
    return propose(look, Source(source, "", command, file), spec, "your own", this_machine()).text


def _looked_at(source: str) -> Look:
    try:
        return look_at(source)
    except DataError as error:
        # Such data are what many write a task for.
        raise DataError(
            error.message,
            f"{error.advice} If it is of a form that only your task will read, leave --from out, let the task's `load` "
            "read it, and name it as `data.source` in the config then.".strip(),
        ) from error
