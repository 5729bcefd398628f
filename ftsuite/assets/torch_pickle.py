"""Reads tensors out of a legacy PyTorch `.pth` file, without PyTorch and without unpickling anything.

A file that `torch.save` wrote before version 1.6 is five pickles (magic number, protocol, system
information, the saved object, the keys of the storages) and then the storages' bytes
(https://github.com/pytorch/pytorch/blob/main/torch/serialization.py, `_legacy_load`). A pickle is a
program: unpickling a file from a stranger runs it. Here `pickletools` splits the program into its
instructions and the two dozen that a state dict needs are carried out by the code below, which knows
three kinds of names (OrderedDict, _rebuild_tensor_v2 and storage types) and calls nothing. Any other
instruction or name is refused.
"""

from __future__ import annotations

import math
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ftsuite.assets.pickle_program import StorageReference, TensorReference, refuse, run_program

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_COUNT = struct.Struct("<q")
_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
# A file of a hundred bytes may name one storage a million times; tied tensors need no more than this.
_LARGEST_SHARING = 4


def read_state_dict(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a legacy PyTorch state dict.

    Args:
        path: a `.pth` file in the form that PyTorch used before 1.6 (not a zip file).

    Returns:
        Name -> array, in the file's order, each C-contiguous with its own memory.

    Raises:
        ArtifactError: the file is truncated, damaged, of another form, or asks for anything but tensors.
    """
    return parse_state_dict(path.read_bytes(), str(path))


def parse_state_dict(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    """Read a legacy PyTorch state dict from bytes; `where` names them in errors.

    Raises:
        ArtifactError: as `read_state_dict`.
    """
    if content[:2] == b"PK":
        raise refuse(where, "a zip file, the form that PyTorch has written since 1.6")
    stream = BytesIO(content)
    if run_program(stream, where) != _MAGIC_NUMBER:
        raise refuse(where, "another magic number")
    if run_program(stream, where) != _PROTOCOL_VERSION:
        raise refuse(where, f"another protocol than {_PROTOCOL_VERSION}")
    system = run_program(stream, where)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise refuse(where, "a file that is not little-endian")
    state = run_program(stream, where)
    keys = run_program(stream, where)
    if not isinstance(state, dict) or not isinstance(keys, list):
        raise refuse(where, "something other than a dict of tensors and a list of storages")
    storages = _read_storages(content[stream.tell() :], keys, _references(state, where), where)
    if sum(_num_bytes(tensor, where) for tensor in state.values()) > _LARGEST_SHARING * len(content):
        raise refuse(where, "tensors that together claim far more bytes than the file has")
    return {name: _view(name, tensor, storages, where).copy() for name, tensor in state.items()}


def _references(state: dict[Any, Any], where: str) -> dict[str, StorageReference]:
    references: dict[str, StorageReference] = {}
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, TensorReference):
            raise refuse(where, f"an entry that is not a named tensor: {str(name)[:80]!r}")
        known = references.setdefault(tensor.storage.key, tensor.storage)
        if known != tensor.storage:
            raise refuse(where, f"storage {known.key!r} declared in two ways")
        if tensor.storage.type_name not in _DTYPES:
            raise refuse(where, f"a tensor of type {tensor.storage.type_name}")
    return references


def _read_storages(
    content: bytes, keys: list[Any], references: dict[str, StorageReference], where: str
) -> dict[str, npt.NDArray[Any]]:
    if not all(isinstance(key, str) for key in keys) or sorted(keys) != sorted(references):
        raise refuse(where, "a list of storages that does not match the tensors")
    storages: dict[str, npt.NDArray[Any]] = {}
    position = 0
    for key in keys:
        if position + _COUNT.size > len(content):
            raise refuse(where, "a file that ends within its storages")
        (count,) = _COUNT.unpack_from(content, position)
        position += _COUNT.size
        reference = references[key]
        if count != reference.count:
            raise refuse(where, f"storage {key!r} of {count} elements where {reference.count} are declared")
        dtype = _DTYPES[reference.type_name]
        if count < 0 or position + count * dtype.itemsize > len(content):
            raise refuse(where, "a file that ends within its storages")
        storages[key] = np.frombuffer(content, dtype, count, position)
        position += count * dtype.itemsize
    if position != len(content):
        raise refuse(where, f"{len(content) - position} bytes after the last storage")
    return storages


def _num_bytes(tensor: TensorReference, where: str) -> int:
    count = math.prod(tensor.shape)
    # An expanded tensor (stride 0) can claim any size; no saved weights are so.
    if count > tensor.storage.count:
        raise refuse(where, f"a tensor of {count} elements in a storage of {tensor.storage.count}")
    return count * _DTYPES[tensor.storage.type_name].itemsize


def _view(name: str, tensor: TensorReference, storages: dict[str, npt.NDArray[Any]], where: str) -> npt.NDArray[Any]:
    storage = storages[tensor.storage.key]
    if math.prod(tensor.shape) == 0:
        return np.empty(tensor.shape, storage.dtype)
    axes = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in axes)
    if last >= storage.size:
        raise refuse(where, f"tensor {name!r} that reaches past the end of its storage")
    strides = tuple(stride * storage.itemsize for stride in tensor.strides)
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
