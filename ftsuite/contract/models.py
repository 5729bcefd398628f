"""What a task builds: Keras models, named without importing Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class TaskModel(NamedTuple):
    """What `Task.build` gives back: two Keras models over the same variables.

    Attributes:
        training: preprocessed features to logits ``(batch, outputs)``; outputs are the classes, or the targets.
        serving: raw input to what `Task.decode` gives ``(batch, outputs)``, preprocessing and names inside.
        backbone: the part of `training` whose blocks the plan freezes and thaws.
        input_summary: what one input becomes, in words: ``224 pixels``, ``at most 128 tokens``.

    >>> TaskModel._fields
    ('training', 'serving', 'backbone', 'input_summary')
    """

    training: Any
    serving: Any
    backbone: Any
    input_summary: str = ""


class AcceleratedInput(NamedTuple):
    """Training features of which a part is made on the accelerator, inside the training step.

    Attributes:
        preprocess: in place of `Task.preprocess`, in training only.
        augment_batch: in place of `Task.augment_batch`.
        in_front: the training model, or its twin for another size, to a model of what these two give, over the same
            variables.
        preprocess_batch: elements and keys ``(batch, 2)`` of a training batch to its features at once, where that is
            faster; each example's must be what `preprocess` makes of it alone.
    """

    preprocess: Callable[[Mapping[str, Any], bool, Any], Any]
    augment_batch: Callable[[Any, Any, Any], tuple[Any, Any]]
    in_front: Callable[[Any], Any]
    preprocess_batch: Callable[[Mapping[str, Any], Any], Any] | None = None
