"""The calls of a functional Keras model in the order of its computation, inner functional models opened in place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras

# Functional models and functions of these modules run their graph and do nothing besides.
_PLAIN_CALLS = ("keras.src.models.functional", "keras.src.models.sequential", "keras.src.ops.function")


@dataclass(frozen=True)
class Step:
    """One call of a layer or of an operation of `keras.ops`.

    Attributes:
        operation: the layer or operation; the model's own object, shared.
        args: positional arguments, symbolic tensors within any structure.
        kwargs: keyword arguments likewise.
        inputs: the symbolic tensors among the arguments.
        outputs: the symbolic tensors that the call made.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def layers(self) -> tuple[Any, ...]:
        """The layer and every layer inside it; none for an operation of `keras.ops`."""
        return layers_within(self.operation)

    @property
    def is_pure(self) -> bool:
        """Whether the call depends on its tensors alone: on no weight, no chance, and not on whether it trains."""
        operation = self.operation
        if not isinstance(operation, keras.Layer):
            return not isinstance(operation, keras.Function)
        return not operation.variables and "training" not in inspect.signature(operation.call).parameters

    def again(self, replaced: dict[int, Any]) -> tuple[Any, ...]:
        """Call the operation on other tensors.

        Args:
            replaced: the other tensors, by the `id` of those in the arguments.

        Returns:
            What it made, in the order of `outputs`.
        """

        def exchanged(value: Any) -> Any:
            return replaced[id(value)] if is_symbolic(value) else value

        args, kwargs = keras.tree.map_structure(exchanged, (self.args, self.kwargs))
        return tuple(keras.tree.flatten(self.operation(*args, **kwargs)))


def functional_graph(model: Any) -> Any | None:
    """The functional model that a call of `model` runs and nothing besides, or None where there is no such thing.

    Args:
        model: a Keras layer, model or operation; a built `keras.Sequential` holds such a graph.
    """
    if isinstance(model, keras.Sequential):
        graph = getattr(model, "_functional", None)
        return graph if _calls_plainly(model) else None
    return model if isinstance(model, keras.Function) and _calls_plainly(model) else None


def inlined(graph: Any) -> tuple[tuple[Step, ...], tuple[Any, ...]]:
    """Run a functional model symbolically over its own inputs, layer by layer.

    An inner functional model is opened in place, because a cut may have to pass through it; one whose call does more
    than run its graph, or that is called with arguments that change what it does, stays one operation. Tensors that
    an inner model would cast to the type of its input are cast here.

    Args:
        graph: as `functional_graph` gives it. Its layers are called once more, which changes neither them nor what
            is saved of models that hold them.

    Returns:
        Its calls in an order in which they can run, and the tensors of its output, flat.
    """
    steps: list[Step] = []
    output = graph._run_through_graph(graph.inputs, operation_fn=lambda operation: _recorder(operation, steps))
    return tuple(steps), tuple(keras.tree.flatten(output))


def layers_within(operation: Any) -> tuple[Any, ...]:
    """A layer and every layer inside it; nothing for an operation that is no layer."""
    return tuple(operation._flatten_layers()) if isinstance(operation, keras.Layer) else ()


def is_symbolic(value: Any) -> bool:
    """Whether a value is a tensor of a graph under construction."""
    return isinstance(value, keras.KerasTensor)


@contextmanager
def distinct_names(operations: Iterable[Any]) -> Iterator[None]:
    """Give operations of one name each a name of their own for a while.

    Keras wants the names within one functional model to differ; those of a model and of a model inside it may well be
    the same. Names of variables were settled when their layers were built.
    """
    used: set[str] = set()
    renamed: list[tuple[Any, str]] = []
    try:
        for operation in {id(operation): operation for operation in operations}.values():
            name, number = operation.name, 1
            while operation.name in used:
                operation.name = f"{name}_{number}"
                number += 1
            used.add(operation.name)
            if operation.name != name:
                renamed.append((operation, name))
        yield
    finally:
        for operation, name in renamed:
            operation.name = name


def _recorder(operation: Any, steps: list[Step]) -> Callable[..., Any]:
    """A callable in place of the operation that notes its call, or those within it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        graph = functional_graph(operation)
        if graph is not None and _runs_as_it_is(graph, args, kwargs):
            pairs = zip(keras.tree.flatten(args[0]), graph.inputs, strict=True)
            given = [_as_declared(value, declared, steps) for value, declared in pairs]
            return graph._run_through_graph(given, operation_fn=lambda inner: _recorder(inner, steps))
        outputs = operation(*args, **kwargs)
        inputs = tuple(value for value in keras.tree.flatten((args, kwargs)) if is_symbolic(value))
        steps.append(Step(operation, args, kwargs, inputs, tuple(keras.tree.flatten(outputs))))
        return outputs

    return call


def _as_declared(value: Any, declared: Any, steps: list[Step]) -> Any:
    """A tensor in the type of the input that it is given to."""
    return value if value.dtype == declared.dtype else _recorder(_Cast(declared.dtype), steps)(value)


class _Cast(keras.Operation):
    """The cast with which an inner model takes a tensor of another type than its input's."""

    def __init__(self, dtype: str) -> None:
        super().__init__()
        self.dtype = dtype

    def call(self, value: Any) -> Any:
        return keras.ops.cast(value, self.dtype)

    def compute_output_spec(self, value: Any) -> Any:
        return keras.KerasTensor(value.shape, dtype=self.dtype)


def _calls_plainly(model: Any) -> bool:
    owner = next(family for family in type(model).__mro__ if "call" in vars(family))
    return owner.__module__ in _PLAIN_CALLS


def _runs_as_it_is(graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call of an inner model does what its graph does, on tensors that fit its inputs."""
    if len(args) != 1 or any(_changes_the_call(name, value) for name, value in kwargs.items()):
        return False
    given, declared = keras.tree.flatten(args[0]), graph._inputs_struct
    # Tensors without names are taken in order, and so is one alone.
    same_names = _names(args[0]) == _names(declared) or len(given) == 1
    return (
        same_names
        and len(given) == len(graph.inputs)
        and all(
            is_symbolic(value) and len(value.shape) == len(wanted.shape)
            for value, wanted in zip(given, graph.inputs, strict=True)
        )
    )


def _names(structure: Any) -> set[str] | None:
    return set(structure) if isinstance(structure, dict) else None


def _changes_the_call(name: str, value: Any) -> bool:
    """Whether an argument does more than Keras' own of no mask, and of inference where nobody asks for training."""
    if name == "training":
        return value not in (None, False)
    return any(part is not None for part in keras.tree.flatten(value))
