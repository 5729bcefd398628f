"""Checkpoints: everything that training needs to go on to the same result.

A checkpoint is a folder with safetensors files (no code in them) and a ``state.json`` that holds their sha256. It is
written under a temporary name and renamed, so that a killed run never leaves a half one that looks whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ftsuite.errors import ArtifactError

FORMAT = 2
_PREFIX = "checkpoint-"


@dataclass(frozen=True)
class Checkpoint:
    """What was read back: tensors by file and the progress beside them."""

    tensors: Mapping[str, Sequence[np.ndarray]]
    progress: Mapping[str, Any]


def save_checkpoint(
    folder: Path, number: int, tensors: Mapping[str, Sequence[np.ndarray]], progress: Mapping[str, Any], keep: int = 2
) -> Path:
    """Write checkpoint `number` under `folder` and remove all but the newest `keep`."""
    final = folder / f"{_PREFIX}{number:06d}"
    partial = folder / f".partial-{final.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    hashes = {}
    for name, arrays in tensors.items():
        path = partial / f"{name}.safetensors"
        named = {f"{position:05d}": np.asarray(array, order="C") for position, array in enumerate(arrays)}
        # As bytes through Python's own file: its errors say whether the disk is full.
        content = safetensors.numpy.save(named)
        _write(path, content)
        hashes[path.name] = hashlib.sha256(content).hexdigest()
    state = {"format": FORMAT, "files": hashes, "progress": progress}
    _write(partial / "state.json", json.dumps(state).encode())
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    for old in sorted(folder.glob(f"{_PREFIX}*"))[:-keep]:
        shutil.rmtree(old)
    return final


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint, or None."""
    found = sorted(folder.glob(f"{_PREFIX}*"))
    return found[-1] if found else None


def has_progress(folder: Path) -> bool:
    """Whether there is a whole checkpoint of any phase under a run's folder of checkpoints."""
    return any(folder.rglob(f"{_PREFIX}*"))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and verify its hashes.

    Raises:
        ArtifactError: if a file is missing, torn or not what was written.
    """
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        if state["format"] != FORMAT:
            raise ValueError(f"its format is {state['format']}, this version reads {FORMAT}")
        tensors = {}
        for name, expected in state["files"].items():
            file = path / name
            received = _sha256(file)
            if received != expected:
                raise ValueError(f"{name} has sha256 {received[:12]}…, expected {expected[:12]}…")
            loaded = safetensors.numpy.load_file(file)
            tensors[file.stem] = [loaded[key] for key in sorted(loaded)]
        return Checkpoint(tensors, state["progress"])
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise ArtifactError(
            f"The checkpoint {path} cannot be used: {error}",
            "Delete that folder to go on from the checkpoint before it, or start the run anew with another --out.",
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Onto the disk itself: a rename that overtakes its content would make a torn checkpoint look whole."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
