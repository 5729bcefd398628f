"""Carries out the few pickle instructions that a saved dict of tensors consists of; see `torch_pickle`."""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ftsuite.errors import ArtifactError

_ORDERED_DICT = "collections OrderedDict"
_REBUILD_TENSOR = "torch._utils _rebuild_tensor_v2"
_LARGEST_DIMENSIONS = 32
_LARGEST_COUNT = 2**48
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "NEWTRUE", "NEWFALSE", "NONE"}


@dataclass(frozen=True)
class StorageReference:
    """A block of numbers that the file holds further on: its key, type name and count of elements."""

    key: str
    type_name: str
    count: int


@dataclass(frozen=True)
class TensorReference:
    """A tensor's place in a storage: offset, shape and strides, all in elements and none negative."""

    storage: StorageReference
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    text: str


class _Mark:
    pass


_MARK = _Mark()


def refuse(where: str, received: str) -> ArtifactError:
    """Make the error for a file that is not a plain, whole, legacy PyTorch state dict."""
    return ArtifactError(
        f"A PyTorch weights file with tensors alone is expected. Received: {where}: {received}.",
        "Do not open this file with PyTorch; take the weights again from a source that you trust.",
    )


def run_program(stream: BytesIO, where: str) -> Any:
    """Read one pickle from the stream's position and give the object that it describes.

    Args:
        stream: stands behind the pickle's last byte afterwards.
        where: names the stream in errors.

    Returns:
        int, str, bool, None, list, tuple, dict, StorageReference or TensorReference, nested.

    Raises:
        ArtifactError: a truncated pickle, or an instruction or a name that a state dict does not need.
    """
    program = _Program(where)
    try:
        for instruction, argument, _ in pickletools.genops(stream):
            if instruction.name == "STOP":
                return program.result()
            program.step(instruction.name, argument)
    # DeprecationWarning: an odd escape in a name, where the interpreter makes errors of warnings.
    except (ValueError, LookupError, OverflowError, RecursionError, DeprecationWarning) as error:
        fault = f"{type(error).__name__}: {str(error)[:120]}"
        raise refuse(where, f"a damaged or truncated pickle ({fault})") from error
    raise refuse(where, "a pickle that does not end")


class _Program:
    """The stack, the memo and the instructions of one pickle."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._actions: dict[str, Callable[[], None]] = {
            "MARK": lambda: self._stack.append(_MARK),
            "EMPTY_DICT": lambda: self._stack.append({}),
            "EMPTY_LIST": lambda: self._stack.append([]),
            "EMPTY_TUPLE": lambda: self._stack.append(()),
            "TUPLE": lambda: self._stack.append(tuple(self._pop_mark())),
            "TUPLE1": lambda: self._stack.append(tuple(self._pop_count(1))),
            "TUPLE2": lambda: self._stack.append(tuple(self._pop_count(2))),
            "TUPLE3": lambda: self._stack.append(tuple(self._pop_count(3))),
            "SETITEM": lambda: self._set_items(self._pop_count(2)),
            "SETITEMS": lambda: self._set_items(self._pop_mark()),
            "APPEND": lambda: self._append(self._pop_count(1)),
            "APPENDS": lambda: self._append(self._pop_mark()),
            "BINPERSID": self._storage,
            "REDUCE": self._reduce,
            "BUILD": self._build,
        }

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._stack.append({"NEWTRUE": True, "NEWFALSE": False, "NONE": None}.get(name, argument))
        elif name == "GLOBAL":
            self._stack.append(self._named(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name == "PROTO":
            if argument != 2:
                raise self._refuse(f"pickle protocol {argument} where PyTorch wrote 2")
        elif name in self._actions:
            self._actions[name]()
        else:
            raise self._refuse(f"the pickle instruction {name}")

    def result(self) -> Any:
        if len(self._stack) != 1 or self._stack[0] is _MARK:
            raise self._refuse("a pickle that does not leave one object")
        return self._stack[0]

    def _refuse(self, received: str) -> ArtifactError:
        return refuse(self._where, received)

    def _named(self, text: str) -> _Name:
        module, _, name = text.partition(" ")
        storage = module == "torch" and name.endswith("Storage") and name.isidentifier()
        if not storage and text not in (_ORDERED_DICT, _REBUILD_TENSOR):
            raise self._refuse(f"a pickle that asks for {module[:80]}.{name[:80]}")
        return _Name(text)

    def _pop_count(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise self._refuse("a pickle that takes more than it has put down")
        values = self._stack[len(self._stack) - count :]
        if any(value is _MARK for value in values):
            raise self._refuse("a pickle whose marks do not pair")
        del self._stack[len(self._stack) - count :]
        return values

    def _pop_mark(self) -> list[Any]:
        values: list[Any] = []
        while self._stack:
            value = self._stack.pop()
            if value is _MARK:
                return values[::-1]
            values.append(value)
        raise self._refuse("a pickle whose marks do not pair")

    def _set_items(self, values: list[Any]) -> None:
        target = self._stack[-1]
        # Only text as a key: hashing a tuple nested in itself forty times would never end.
        text_keys = all(isinstance(key, str) for key in values[::2])
        if not isinstance(target, dict) or len(values) % 2 or not text_keys:
            raise self._refuse("a dict whose keys are not text")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if key in target:
                raise self._refuse(f"the entry {key[:80]!r} twice")
            target[key] = value

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise self._refuse("a list's elements without a list")
        self._stack[-1].extend(values)

    def _storage(self) -> None:
        (value,) = self._pop_count(1)
        if not (isinstance(value, tuple) and len(value) == 6 and value[0] == "storage"):
            raise self._refuse("a reference that is not to a storage")
        _, type_name, key, location, count, view = value
        fits = isinstance(type_name, _Name) and type_name.text.endswith("Storage") and isinstance(key, str)
        if not fits or not isinstance(location, str) or not _is_count(count) or view is not None:
            raise self._refuse("a storage of another form")
        self._stack.append(StorageReference(key, type_name.text.removeprefix("torch "), count))

    def _reduce(self) -> None:
        function, arguments = self._pop_count(2)
        if function == _Name(_ORDERED_DICT) and arguments == ():
            self._stack.append({})
        elif function == _Name(_REBUILD_TENSOR) and isinstance(arguments, tuple) and len(arguments) == 6:
            self._stack.append(self._tensor(*arguments[:4]))
        else:
            raise self._refuse("a pickle that calls something other than a tensor's or an empty dict's maker")

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any) -> TensorReference:
        axes = isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides)
        if not isinstance(storage, StorageReference) or not axes or len(shape) > _LARGEST_DIMENSIONS:
            raise self._refuse("a tensor of another form")
        if not all(_is_count(value) for value in (offset, *shape, *strides)):
            raise self._refuse("a tensor with a negative or impossible size, stride or offset")
        # An empty tensor may have any other sizes, as long as an array can have them.
        if math.prod(max(size, 1) for size in shape) >= _LARGEST_COUNT:
            raise self._refuse("a tensor of an impossible size")
        return TensorReference(storage, offset, shape, strides)

    def _build(self) -> None:
        # PyTorch hangs `_metadata` (versions of layers) on the dict this way; it says nothing about tensors.
        self._pop_count(1)
        if not isinstance(self._stack[-1], dict):
            raise self._refuse("state for something that is not a dict")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_COUNT
