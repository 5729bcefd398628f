"""The same inputs before and after training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.report.figures import plural
from ftsuite.report.files import read_json, torn

SHOWCASE_NAME = "showcase.json"


@dataclass(frozen=True)
class Said:
    """A prediction and its probability."""

    prediction: str
    probability: float


@dataclass(frozen=True)
class Shown:
    """One input with what the model said of it before and after training."""

    input: str
    before: Said
    after: Said

    @property
    def changed(self) -> bool:
        """Whether training changed the prediction."""
        return self.before.prediction != self.after.prediction


def read_showcase(folder: Path) -> list[Shown]:
    """What a run shows; empty where it shows nothing, or did not train a classifier.

    Raises:
        ArtifactError: the file is torn.
    """
    path = folder / SHOWCASE_NAME
    if not path.is_file():
        return []
    entries = read_json(path)
    try:
        return [
            Shown(str(entry["input"]), _said(entry["before"]), _said(entry["after"]))
            for entry in entries
            if "after" in entry
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise torn(path, "inputs with predictions before and after", f"{type(error).__name__} {error}") from error


def showcase_sentence(shown: list[Shown], noun: str) -> str | None:
    """How many predictions training changed; None where nothing is shown."""
    if not shown:
        return None
    changed = sum(entry.changed for entry in shown)
    return f"Training changed the prediction of {changed} of {plural(len(shown), noun)} shown."


def _said(value: Any) -> Said:
    return Said(str(value["prediction"]), float(value["probability"]))
