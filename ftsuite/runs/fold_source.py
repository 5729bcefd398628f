"""A finished cross-validation that predictions are taken from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftsuite.errors import ArtifactError
from ftsuite.runs.folds_folder import finished_folds, fold_folder, read_folds


@dataclass(frozen=True)
class FoldSource:
    """The folder of a cross-validation.

    Attributes:
        folder: as it was named.
        config: that it is of.
        count: how many folds it has.
        seed: of its runs; None in a folder that does not say.
    """

    folder: Path
    config: str
    count: int
    seed: int | None

    def folds(self) -> Iterator[tuple[int, Path]]:
        """Number, from 1, and run folder of each fold."""
        return ((number, fold_folder(self.folder, number)) for number in range(1, self.count + 1))

    def again(self) -> str:
        """The command that makes another one."""
        return shlex.join(["ftsuite", "run", self.config, "--folds", str(self.count)])

    def facts(self) -> dict[str, object]:
        """What a record says of it."""
        return {"folder": str(self.folder.resolve()), "config": self.config, "folds": self.count, "seed": self.seed}


def fold_source(reference: str) -> FoldSource:
    """The finished cross-validation that `reference` names.

    Args:
        reference: its folder, or ``last`` for the newest one.

    Raises:
        ArtifactError: there is none, or it is not finished.
    """
    folder = finished_folds(reference)
    if folder is None:
        raise ArtifactError(
            f"Expected the folder of a cross-validation, one that holds folds.json. Received: {reference}.",
            "Make one by `ftsuite run CONFIG --folds 5`, and name the folder that it prints.",
        )
    summary = read_folds(folder)
    runs, seed = summary.get("runs"), summary.get("seed")
    if not isinstance(runs, list) or not runs:
        raise ArtifactError(
            f"Expected a folds.json that lists its runs. Received: {folder}, whose lists none.",
            "Take the folder from its backup, or run the folds again.",
        )
    return FoldSource(folder, str(summary["config"]), len(runs), seed if isinstance(seed, int) else None)
