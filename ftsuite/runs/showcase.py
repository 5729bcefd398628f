"""A few inputs predicted before and after training: what fine-tuning changed, for people to read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ftsuite.api import Examples
from ftsuite.runs import folder as folders
from ftsuite.runs.prepare import Prepared
from ftsuite.training.validation import predict_logits


def show_before(prepared: Prepared, folder: Path) -> None:
    """Write what the untrained model says; a resumed run keeps what the first start wrote."""
    path = folder / folders.SHOWCASE
    # What is shown are classes; of other answers a run's notes say that there is no showcase.
    inputs = () if prepared.metrics else prepared.task.showcase()
    if inputs and not path.exists():
        rows = _rows(prepared, inputs)
        folders.write_json(path, [{"input": text, "before": row} for text, row in zip(inputs, rows, strict=True)])


def show_after(prepared: Prepared, folder: Path) -> None:
    """Add what the trained model says of the same inputs."""
    path = folder / folders.SHOWCASE
    if not path.exists():
        return
    shown = folders.read_json(path)
    rows = _rows(prepared, [entry["input"] for entry in shown])
    folders.write_json(path, [{**entry, "after": row} for entry, row in zip(shown, rows, strict=True)])


def _rows(prepared: Prepared, inputs: Sequence[str]) -> list[dict[str, Any]]:
    examples = Examples(
        ids=tuple(map(str, range(len(inputs)))),
        inputs=tuple(inputs),
        labels=np.zeros(len(inputs), np.int64),
        class_names=prepared.examples.class_names,
        content_hashes=tuple(hashlib.sha256(text.encode()).hexdigest() for text in inputs),
        kind=prepared.examples.kind,
    )
    evaluator = keras.Model(prepared.model.training.inputs, prepared.model.training.outputs)
    probabilities = prepared.task.decode(predict_logits(evaluator, prepared.pipeline, examples))
    return [
        {"prediction": examples.class_names[int(row.argmax())], "probability": round(float(row.max()), 4)}
        for row in probabilities
    ]
