"""Whether what follows a cut, on the activations at the cut, gives what the whole network gives.

Compiled models are compared with compiled ones: XLA rounds elsewhere than single operations do, which in 16 bits is
more (3 in a hundred were measured) than what a cut changes (3 in a thousand at most).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ftsuite.api import Examples
from ftsuite.data.cached_batches import CachedPart
from ftsuite.data.pipeline import Pipeline
from ftsuite.training.activations.build import FeatureBatch
from ftsuite.training.seeds import uses_xla

_TOLERANCE, _TOLERANCE_16_BITS = 2e-3, 2e-2


class CacheRefusedError(Exception):
    """Why activations are not used; what trains then is the whole network.

    Args:
        reason: to follow "because".
        lacks_room: whether there was no room for them, which may be otherwise another time.
    """

    def __init__(self, reason: str, *, lacks_room: bool = False) -> None:
        super().__init__(reason)
        self.lacks_room = lacks_room


@dataclass(frozen=True)
class Sample:
    """The first batch of examples, and what the whole network makes of it.

    Attributes:
        features: batches as the whole network takes them; of texts they may be several.
        order: ``(n,)`` which row of the batches, joined, is example i.
        logits: ``(n, classes)`` float32 by example.
        tolerance: by how much of their size logits may differ.
    """

    features: Sequence[Any]
    order: np.ndarray
    logits: np.ndarray
    tolerance: float

    @classmethod
    def take(cls, whole: Any, pipeline: Pipeline, examples: Examples, view: int | None) -> Sample:
        """Compute one.

        Args:
            whole: the network, compiled for prediction.
            pipeline: that makes features.
            examples: of one split.
            view: as `Pipeline.fixed_batches` takes it.
        """
        batches = pipeline.fixed_batches(examples.take(range(min(pipeline.batch_size, len(examples)))), view)
        features = [FeatureBatch.of(batch).features for batch in batches.dataset.as_numpy_iterator()]
        order = np.argsort(batches.order)
        logits = np.concatenate([_logits(whole, batch) for batch in features])[order]
        return cls(features, order, logits, _tolerance(whole))

    def require_same_through(self, trunks: Sequence[Any], tail: Any) -> None:
        """Compare with what trunks, one after the other, and the tail make of the features.

        Raises:
            CacheRefusedError: that differs.
        """
        received = []
        for batch in self.features:
            for trunk in trunks:
                batch = trunk.predict_on_batch(_inputs(trunk, batch))
            received.append(_logits(tail, batch))
        self._require_same(np.concatenate(received)[self.order])

    def require_same_from(self, part: CachedPart, tail: Any) -> None:
        """Compare with what the tail makes of kept rows, whose first are those of these examples.

        Raises:
            CacheRefusedError: that differs.
        """
        rows = np.arange(len(self.order))
        width = None
        if part.tokens is not None and part.padded_width is not None:
            width = part.padded_width(int(part.tokens[rows].max()))
        self._require_same(_logits(tail, part.rows.gather(rows, width=width)))

    def _require_same(self, received: np.ndarray) -> None:
        error = float(np.abs(received - self.logits).max() / max(np.abs(self.logits).max(), 1.0))
        if not error <= self.tolerance:
            raise CacheRefusedError(
                f"on {len(received)} examples they change the outputs by {error:.2g} of their size, and "
                f"{self.tolerance:.2g} is what rounding may change"
            )


def compiled_twin(model: Any) -> Any:
    """A model over the same layers, compiled as training is, to predict with."""
    twin = keras.Model(model.inputs, model.outputs)
    twin.compile(jit_compile=uses_xla())
    return twin


def _tolerance(model: Any) -> float:
    short = any(layer.compute_dtype in ("bfloat16", "float16") for layer in model._flatten_layers(include_self=False))
    return _TOLERANCE_16_BITS if short else _TOLERANCE


def _inputs(model: Any, batch: Any) -> Any:
    return {name: batch[name] for name in model.input} if isinstance(model.input, dict) else batch


def _logits(model: Any, batch: Any) -> np.ndarray:
    (logits,) = keras.tree.flatten(model.predict_on_batch(_inputs(model, batch)))
    return np.asarray(logits, dtype=np.float32)
