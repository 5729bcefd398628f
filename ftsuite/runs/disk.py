"""How much disk a run takes, told before it begins."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from ftsuite.config import FinetuneConfig
from ftsuite.errors import ResourceError
from ftsuite.runs.prepare import Prepared, curve_counts

# Report, predictions, split, journal and logs.
_REST_BYTES = 20_000_000
# Running means that an optimizer keeps of each weight, at the most.
_MOMENTS = {"adamw": 2, "sgd": 1, "lion": 1, "muon": 2}


def disk_bytes(prepared: Prepared) -> int:
    """The run folder at its largest: the checkpoints that are kept and one being written, and the model.

    Adapting and every further training keep theirs until the run ends, so that a stopped run goes on without repeating
    one; adapting also keeps its encoder. With LoRA it is less. Kept activations lie elsewhere, within their own limit.
    """
    weights = sum(int(np.prod(variable.shape)) * 4 for variable in prepared.model.training.weights)
    adaptation = prepared.task.adaptation()
    others = len(curve_counts(prepared)) if prepared.task.classifies else 0
    if adaptation is not None:
        others += 1 + (adaptation.compare and prepared.task.classifies)
    finetune = prepared.config.finetune
    keep, checkpoint = finetune.checkpoints.keep, _copies(finetune)
    return weights * ((keep + 1) * checkpoint + 1 + keep * checkpoint * others + (adaptation is not None)) + _REST_BYTES


def _copies(finetune: FinetuneConfig) -> int:
    """How many times the weights a checkpoint holds: themselves, the best and the first ones, and the optimizer's."""
    optimizer = finetune.optimizer
    kept = _MOMENTS[optimizer.name] + (optimizer.accumulate_steps > 1) + (finetune.ema is not None)
    held = finetune.early_stopping, finetune.wise_ft, finetune.l2_sp
    return 1 + kept + sum(part is not None for part in held)


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
