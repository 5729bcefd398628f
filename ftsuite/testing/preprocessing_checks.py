"""Checks that an example is made into the same features, and answered the same, alone and in a batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.testing.subject import CheckFailed, Subject

_EXAMPLES = 8
# Kernels over whole batches round otherwise than those over single pictures, whose values are up to 255.
_FEATURE_DIFFERENCE = 1e-2
_ANSWER_DIFFERENCE = 1e-3


def single_is_batched(subject: Subject) -> None:
    """`preprocess_batch` against `preprocess`, and each example's logits alone against those in a batch."""
    prepared = subject.prepared
    some = prepared.parts["train"].take(range(min(_EXAMPLES, len(prepared.parts["train"]))))
    _batches_at_once(prepared, some)
    together = logits_of(prepared, some, len(some))
    alone = np.concatenate([logits_of(prepared, some.take([number]), 1) for number in range(len(some))])
    far = float(np.abs(together - alone).max())
    if not far <= _ANSWER_DIFFERENCE * max(1.0, float(np.abs(together).max())):
        raise CheckFailed(
            f"An example must get the same logits alone and among others. Received: logits that differ by {far:.3g}.",
            "Look for a mean, a maximum or a width over the batch in `preprocess` or in the model, and mask padding.",
        )


def _batches_at_once(prepared: Any, some: Examples) -> None:
    pipeline = prepared.pipeline
    if pipeline.preprocess_batch is None or pipeline.encode is not None:
        return
    import keras

    def features(made_by: Any) -> list[Any]:
        batches = made_by.fixed_batches(some, view=3).dataset.as_numpy_iterator()
        return [leaf for batch in batches for leaf in keras.tree.flatten(batch)]

    # A batch that is not full must do as well.
    sized = replace(pipeline, batch_size=max(len(some) - 2, 1))
    at_once, one_by_one = features(sized), features(replace(sized, preprocess_batch=None))
    same = len(at_once) == len(one_by_one) and all(
        left.shape == right.shape
        and np.allclose(left.astype("float32"), right.astype("float32"), rtol=1e-4, atol=_FEATURE_DIFFERENCE)
        for left, right in zip(at_once, one_by_one, strict=True)
    )
    if not same:
        raise CheckFailed(
            "preprocess_batch must make of each example what preprocess makes of it alone. Received: other features.",
            "Give each example its own row of the keys, take no figure over the batch, or leave preprocess_batch out.",
        )


def logits_of(prepared: Any, examples: Examples, batch_size: int) -> np.ndarray:
    """Logits ``(n, outputs)`` in the order of the examples."""
    import keras

    batches = replace(prepared.pipeline, batch_size=batch_size).evaluation(examples)
    found = np.concatenate(
        [
            keras.ops.convert_to_numpy(prepared.model.training(batch, training=False))
            for batch in batches.dataset.as_numpy_iterator()
        ]
    )
    logits = np.empty_like(found)
    logits[batches.order] = found
    return logits
