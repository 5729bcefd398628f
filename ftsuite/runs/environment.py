"""What a run ran on and with: the facts that someone needs to repeat it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

import keras

from ftsuite.api import Examples
from ftsuite.training.seeds import uses_xla

_DISTRIBUTIONS = (
    "ftsuite",
    "keras",
    "keras-hub",
    "tensorflow",
    "jax",
    "numpy",
    "tokenizers",
    "opencv-python-headless",
    "pillow",
    "simplejpeg",
)
RENDERED_HINT = (
    "These pictures are rendered by the suite, not photographs. To train on photographs: "
    "ftsuite run bird-species --data folder:PATH (a folder with a folder for each species)."
)


def describe_environment(
    seed: int, deterministic: bool, weights: dict[str, Any], data: dict[str, Any]
) -> dict[str, Any]:
    """Versions, devices, seed, and the hashes of weights and data."""
    return {
        "format": 1,
        "versions": {"python": platform.python_version(), **_versions()},
        "backend": keras.backend.backend(),
        "devices": _devices(),
        "xla": uses_xla(),
        "dtype_policy": keras.config.dtype_policy().name,
        "system": platform.platform(),
        "cpu_count": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "seed": seed,
        "deterministic": deterministic,
        "command": " ".join(["ftsuite", *sys.argv[1:]]) if Path(sys.argv[0]).stem in ("ftsuite", "__main__") else None,
        "weights": weights,
        "data": data,
    }


def describe_data(source: str, examples: Examples, counts: dict[str, int], digest: str) -> dict[str, Any]:
    """What was trained on, and whether it was rendered."""
    rendered = examples.kind == "field-guide"
    return {
        "source": source,
        "kind": examples.kind,
        "sha256": digest,
        "counts": counts,
        **_answered(examples),
        "rendered": rendered,
        "hint": RENDERED_HINT if rendered else None,
        "notes": list(examples.notes),
    }


def _answered(examples: Examples) -> dict[str, Any]:
    """The classes, or the outputs and what splits are stratified by."""
    if examples.targets is None:
        return {"num_classes": len(examples.class_names), "class_names": list(examples.class_names)}
    return {"outputs": list(examples.target_names), "strata": list(examples.class_names)}


def _versions() -> dict[str, str]:
    found = {}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _devices() -> list[str]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        return [device.name for device in tensorflow.config.list_physical_devices()]
    return [str(device) for device in keras.distribution.list_devices()]
