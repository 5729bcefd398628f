"""What a checkpoint holds besides the progress: every tensor that training goes on from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.errors import ArtifactError

Tensors = Mapping[str, Sequence[np.ndarray]]


def take_tensors(
    model: Any,
    optimizer: Any,
    sums: Sequence[np.ndarray],
    best: Sequence[np.ndarray] | None,
    start: Sequence[np.ndarray] | None = None,
) -> dict[str, Sequence[np.ndarray]]:
    """By the name of their file: weights, random states, moments, sums of the metrics, and more where there is more.

    Args:
        model: that trains.
        optimizer: built.
        sums: of the metrics.
        best: weights so far; None for none.
        start: weights that an interpolation starts from; None for none.
    """
    tensors: dict[str, Sequence[np.ndarray]] = {
        "model": model.get_weights(),
        "random": [np.asarray(variable) for variable in _random_states(model)],
        "optimizer": [np.asarray(variable) for variable in optimizer.variables],
        "metrics": sums,
    }
    kept = {"best": best, "start": start}
    return {**tensors, **{name: values for name, values in kept.items() if values is not None}}


def put_back(model: Any, optimizer: Any, tensors: Tensors, path: Path) -> None:
    """Give weights, random states and moments the values of a checkpoint.

    Raises:
        ArtifactError: if it is one of another model or optimizer.
    """
    for name, variables in (
        ("model", model.weights),
        ("random", _random_states(model)),
        ("optimizer", optimizer.variables),
    ):
        values = tensors.get(name, ())
        wanted, received = [tuple(v.shape) for v in variables], [tuple(v.shape) for v in values]
        if wanted != received:
            raise ArtifactError(
                f"The checkpoint {path} must hold the {len(wanted)} tensors of this run in {name}.safetensors. "
                f"Received: {len(received)}, or others.",
                "It belongs to another run. Bring back the run's own, or start anew with another --out.",
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def is_finite(tensors: Tensors) -> bool:
    """Whether no weight is lost: the loss of a step precedes its update, and says nothing of it."""
    return all(bool(np.isfinite(value).all()) for value in tensors["model"] if value.dtype.kind == "f")


@contextmanager
def values_kept(variables: Iterable[Any]) -> Iterator[None]:
    """Give variables the values back that they have now, whatever a trial makes of them."""
    unique = {id(variable): variable for variable in variables}
    # Copies: an array may share memory that a step then writes to.
    before = [(variable, np.array(np.asarray(variable))) for variable in unique.values()]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


def _random_states(model: Any) -> list[Any]:
    return [variable for variable in model.variables if "seed_generator" in variable.path]
