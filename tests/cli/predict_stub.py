"""A run folder without a model, and a stand-in for its model: for the tests of `ftsuite predict`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import ftsuite.runs.load
from ftsuite.cli.main import cli

CLASS_NAMES = ("bad", "good")


class StubRun:
    """Says "good" of what holds that word, or of a picture that is bright; remembers how much it was given at once."""

    class_names = CLASS_NAMES
    classifies = True

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sizes: list[int] = []

    def predict(self, inputs: Sequence[Any]) -> np.ndarray:
        self.sizes.append(len(inputs))
        good = [0.875 if self._is_good(value) else 0.25 for value in inputs]
        return np.array([[1 - value, value] for value in good], np.float32).reshape(-1, 2)

    def _is_good(self, value: Any) -> bool:
        return "good" in value if self.kind == "text" else value.mean() > 128


class Predict:
    """Calls `ftsuite predict` on a run of one kind."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
        folder.mkdir()
        (folder / "config.resolved.yaml").write_text("task: t\n", encoding="utf-8")
        (folder / "environment.json").write_text(json.dumps({"data": {"kind": kind}}), encoding="utf-8")
        (folder / "model.keras").write_bytes(b"")
        self.folder = folder
        self.run = StubRun(kind)
        monkeypatch.setattr(ftsuite.runs.load, "load_run", lambda reference: self.run)

    def __call__(self, *arguments: str | Path, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(cli, ["predict", str(self.folder), *map(str, arguments)], input=stdin)

    def rows(self, *arguments: str | Path, stdin: bytes | None = None, code: int = 0) -> list[dict[str, Any]]:
        """What --json prints."""
        result = self(*arguments, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return [json.loads(line) for line in result.stdout.split("\n") if line]
