"""What adapting the encoder was worth: the same classifier trained from the encoder as it was before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.runs import folder as folders
from ftsuite.runs.judgement import compared, probabilities_of
from ftsuite.runs.prepare import Prepared
from ftsuite.runs.workload import make_trainer
from ftsuite.training.checkpoints import latest_checkpoint
from ftsuite.training.journal import Journal

_CHECKPOINTS = "unadapted"
_JOURNAL = "journal.unadapted.jsonl"


def weights_of(prepared: Prepared) -> list[np.ndarray]:
    """A copy of the training model's weights as they are now, to begin another training from."""
    return [np.array(value) for value in prepared.model.training.get_weights()]


def classify_unadapted(
    prepared: Prepared, start: list[np.ndarray], adapted: np.ndarray, folder: Path, resume: bool
) -> dict[str, Any] | None:
    """Train the classifier again without adapting, by the same plan, and compare on the same test examples.

    The model's weights are then those of this second classifier, so the first must have been saved.

    Args:
        prepared: the job.
        start: weights of the training model before anything was trained.
        adapted: answers ``(n, outputs)`` to the test split of the classifier over the adapted encoder.
        folder: of the run.
        resume: go on from this training's own checkpoints.

    Returns:
        Its figures, and the paired difference that adapting made (adapted less unadapted); None where the config wants
        no comparison.
    """
    if not prepared.task.adaptation().compare:
        return None
    prepared.model.training.set_weights(start)
    # A journal of its own, so that a resumed run never cuts one by the other's length.
    journal = Journal(folder / _JOURNAL)
    checkpoints = folder / folders.CHECKPOINTS / _CHECKPOINTS
    if not (resume and latest_checkpoint(checkpoints)):
        journal.cut(0)
    make_trainer(prepared, journal, checkpoints).run(resume)
    return compared(prepared, adapted, probabilities_of(prepared, "test")[0])


def metrics_of_adaptation(adaptation: dict[str, Any] | None) -> dict[str, Any]:
    """The metrics of a job that only adapts: its headline is the held-out perplexity of the domain."""
    assert adaptation is not None, "a job that does not classify adapts"
    after = adaptation["domain"]["after"]
    return {
        "format": 1,
        "headline": "pseudo_perplexity",
        "test": {"pseudo_perplexity": after},
        "validation": {"pseudo_perplexity": after},
        "stages": [],
        "adaptation": adaptation,
    }
