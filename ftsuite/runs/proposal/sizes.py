"""What choices go by: the machine, how many examples each split will hold, and what a pass over them costs."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from ftsuite.data.looks import Look

# CPU milliseconds for one example, measured on 2 CPU cores with batches of 32: EfficientNet-Lite0 at 224 pixels and
# MiniLM-L6 at 128 tokens, forward, and forward and back through all blocks.
_FORWARD_MS = {"image": 24.0, "text": 54.0}
_TRAIN_MS = {"image": 76.0, "text": 166.0}
_REFERENCE_PIXELS, _REFERENCE_TOKENS = 224, 128
LARGE = 50_000


@dataclass(frozen=True)
class Machine:
    """What trains.

    Attributes:
        processors: that this process may use.
        has_accelerator: whether there is a GPU of NVIDIA.
    """

    processors: int
    has_accelerator: bool


def this_machine() -> Machine:
    """The machine that this runs on, as far as can be seen without importing a backend."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return Machine(processors, Path("/dev/nvidia0").exists() and not hidden)


@dataclass(frozen=True)
class Sizes:
    """Examples of each split, about.

    Attributes:
        train: to learn from.
        validation: to choose epochs by.
        test: to be judged on.
        per_class: of the median class, to learn from.
        test_fraction: share cut off for the test; None where the source has one.
        validation_fraction: likewise for validation.
    """

    train: int
    validation: int
    test: int
    per_class: int
    test_fraction: float | None
    validation_fraction: float | None


def sizes_of(look: Look) -> Sizes:
    """How large the splits will be."""
    test, validation = look.split_total("test"), look.split_total("validation")
    test_fraction = None if test else (0.1 if look.total >= LARGE else 0.2)
    validation_fraction = None if validation else (0.05 if look.total >= LARGE else 0.15)
    counts = list(look.trainable.values())
    kept = (1 - (test_fraction or 0)) * (1 - (validation_fraction or 0))
    free = sum(counts)
    test = test or round(free * (test_fraction or 0))
    validation = validation or round((free - test * (test_fraction is not None)) * (validation_fraction or 0))
    return Sizes(
        max(round(free * kept), 1),
        max(validation, 1),
        max(test, 1),
        max(round(statistics.median(counts) * kept), 1),
        test_fraction,
        validation_fraction,
    )


@dataclass(frozen=True)
class Cost:
    """CPU seconds of all processors together for one example.

    Attributes:
        forward: through a frozen backbone.
        train: forward and back through all of it.
        processors: that share the work.
    """

    forward: float
    train: float
    processors: int

    def train_seconds(self, examples: float) -> float:
        """Time to train all blocks on so many examples."""
        return self.train * examples / self.processors

    def forward_seconds(self, examples: float) -> float:
        """Time for so many examples through the frozen backbone."""
        return self.forward * examples / self.processors


def cost_of(modality: str, size: float, machine: Machine) -> Cost:
    """What one example costs.

    Args:
        modality: ``image`` or ``text``.
        size: pixels of a side, or tokens.
        machine: that trains.
    """
    share = (size / _REFERENCE_PIXELS) ** 2 if modality == "image" else size / _REFERENCE_TOKENS
    return Cost(_FORWARD_MS[modality] * share / 1000, _TRAIN_MS[modality] * share / 1000, machine.processors)
