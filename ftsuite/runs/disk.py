"""How much disk a run takes, told before it begins."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from ftsuite.errors import ResourceError
from ftsuite.runs.prepare import Prepared, curve_counts

# Report, predictions, split, journal and logs.
_REST_BYTES = 20_000_000


def disk_bytes(prepared: Prepared) -> int:
    """The run folder at its largest: three checkpoints while one is written, and the model.

    A checkpoint holds the weights, two moments of each, and the best weights; with L2-SP where they began as well, and
    less with LoRA. Adapting and every further training keep two until the run ends, so that a stopped run goes on
    without repeating one; adapting also keeps its encoder.
    """
    weights = sum(int(np.prod(variable.shape)) * 4 for variable in prepared.model.training.weights)
    kept = 4 + (prepared.config.finetune.l2_sp is not None)
    adaptation = prepared.task.adaptation()
    others = len(curve_counts(prepared)) if prepared.task.classifies else 0
    if adaptation is not None:
        others += 1 + (adaptation.compare and prepared.task.classifies)
    return weights * (3 * kept + 1 + 2 * kept * others + (adaptation is not None)) + _REST_BYTES


def require_disk(folder: Path, prepared: Prepared) -> None:
    """Refuse to begin what cannot end.

    Raises:
        ResourceError: if the disk of `folder` has too little room, naming how much it takes.
    """
    needed, free = disk_bytes(prepared), shutil.disk_usage(folder).free
    if free < needed:
        raise ResourceError(
            f"The run may need {needed / 2**20:.0f} MiB in {folder}. Received: {free / 2**20:.0f} MiB free.",
            "Free some space, or choose a folder on another disk by --out.",
        )
