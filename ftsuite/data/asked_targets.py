"""What a model is to answer, beside each example on its way into a batch: one class of several, or targets as given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.api import Examples

TARGET = "target"


def target_columns(examples: Examples, positions: np.ndarray) -> dict[str, np.ndarray]:
    """Targets ``(n, outputs)`` float32 at some positions, as a column for a pipeline's elements; none for classes."""
    return {} if examples.targets is None else {TARGET: examples.targets[positions].astype(np.float32, copy=False)}


def targets_of(elements: Mapping[str, Any], num_classes: int) -> Any:
    """Targets ``(…, outputs)`` float32 of elements of a pipeline: as given, or their classes one-hot."""
    return elements[TARGET] if TARGET in elements else tf.one_hot(elements["label"], num_classes)
