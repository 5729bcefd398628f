"""Fine-tuned folds of a table with planted label errors, made by `ftsuite run --folds` as a user would make them."""

from __future__ import annotations

import csv
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.config import load_config
from ftsuite.data.audit.held_out import HeldOut
from ftsuite.registry import Registry
from ftsuite.runs.audit_predictions import fold_predictions
from ftsuite.runs.folds_folder import FOLDS, read_folds


@dataclass(frozen=True)
class Tuning:
    """How folds are trained.

    Attributes:
        config: name or path.
        overrides: of the config, ``key=value``.
        folds: how many.
        trainings: cross-validations of seeds 0, 1, …, whose predictions are averaged.
        work: the folder that tables and runs are kept in; what is finished there is not run again.
    """

    config: str
    overrides: Sequence[str]
    folds: int
    trainings: int
    work: Path


@dataclass(frozen=True)
class Trained:
    """Examples as they are read from the table with planted errors, and what folds say of them.

    Attributes:
        examples: their labels partly wrong.
        planted: ``(n,)`` bool.
        held_out: of the folds.
    """

    examples: Examples
    planted: np.ndarray
    held_out: HeldOut


def trained_on_planted(tuning: Tuning, examples: Examples, labels: np.ndarray, seed: int) -> Trained:
    """Write a copy of the data with `labels`, run its folds, and read their predictions as an audit does.

    Args:
        tuning: how.
        examples: with their own labels.
        labels: ``(n,)`` int64, some of them planted.
        seed: that they were planted by; names the files.
    """
    tuning.work.mkdir(parents=True, exist_ok=True)
    table = write_table(tuning.work / f"planted-{seed}.csv", examples, labels)
    overrides = [*tuning.overrides, *table_overrides(table, examples)]
    folders = [_run(tuning, overrides, seed, training) for training in range(tuning.trainings)]
    read = _read(tuning.config, overrides)
    own = {content: (examples.class_names[label], int(given)) for content, label, given in zip(
        examples.content_hashes, examples.labels.tolist(), labels.tolist(), strict=True)}  # fmt: skip
    if set(own) != set(read.content_hashes):
        sys.exit("The table does not read as the data it was written from: see whether data.* of the config fits it.")
    names = [read.class_names[label] for label in read.labels.tolist()]
    planted = [own[content][0] != name for content, name in zip(read.content_hashes, names, strict=True)]
    return Trained(read, np.asarray(planted), fold_predictions([str(one) for one in folders], read, ()).held_out)


def write_table(path: Path, examples: Examples, labels: np.ndarray) -> Path:
    """A CSV file of inputs, labels and groups; an existing one of the same content is left as it is."""
    names = [examples.class_names[label] for label in labels.tolist()]
    groups = [[]] * len(names) if examples.groups is None else [[group] for group in examples.groups]
    with (draft := path.with_suffix(".partial")).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["input", "label", *([] if examples.groups is None else ["group"])])
        for one, name, group in zip(examples.inputs, names, groups, strict=True):
            writer.writerow([one if examples.kind == "text" else Path(one).resolve(), name, *group])
    draft.replace(path)
    return path


def table_overrides(table: Path, examples: Examples) -> list[str]:
    """What makes a config read the table."""
    column = "text_column" if examples.kind == "text" else "image_column"
    grouped = [] if examples.groups is None else ["data.group_column=group"]
    return [f"data.source=csv:{table.resolve()}", f"data.{column}=input", "data.label_column=label", *grouped]


def _run(tuning: Tuning, overrides: Sequence[str], seed: int, training: int) -> Path:
    """The folder of a finished cross-validation; one that was stopped goes on."""
    folder = tuning.work / f"folds-{seed}-{training}"
    begun = (folder / FOLDS).is_file()
    if begun and read_folds(folder).get("complete"):
        return folder
    given = [part for one in (*overrides, f"seed={training}") for part in ("--set", one)]
    command = ["run", tuning.config, *given, "--folds", str(tuning.folds), "--out", str(folder)]
    command += ["--resume"] if begun else []
    print(f"ftsuite {shlex.join(command)}", flush=True)
    subprocess.run([sys.executable, "-m", "ftsuite", *command], check=True)
    return folder


def _read(config: str, overrides: Sequence[str]) -> Examples:
    from ftsuite.runs.audit_inputs import options_of

    loaded = load_config(config, overrides, options_model=Registry.discover().options_model)
    spec = Registry.discover().spec(loaded.config.task)
    task: Any = spec.create(options_of(loaded, spec), loaded.config.seed)
    examples: Examples = task.load(loaded.config.data)
    return examples
