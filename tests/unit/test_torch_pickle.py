from __future__ import annotations

import collections
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.assets.torch_pickle import parse_state_dict, read_state_dict
from ftsuite.errors import ArtifactError

MAGIC = 0x1950A86A20F9469CFC6C


class _Named:
    """Stands for an object of PyTorch's that is not there: pickled as a bare global name."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *arguments: Any) -> None:
        raise AssertionError("only pickled, never called")


class _Call:
    def __init__(self, function: _Named, arguments: tuple[Any, ...]) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


class _Storage:
    def __init__(self, identifier: Any) -> None:
        self.identifier = identifier


class _Pickler(pickle._Pickler):  # type: ignore[name-defined]
    def persistent_id(self, value: Any) -> Any:
        return value.identifier if isinstance(value, _Storage) else None

    def save(self, value: Any, *rest: Any, **options: Any) -> None:
        if isinstance(value, _Named):
            self.write(b"c" + f"{value.module}\n{value.name}\n".encode())
        else:
            super().save(value, *rest, **options)


REBUILD = _Named("torch._utils", "_rebuild_tensor_v2")
FLOAT = _Named("torch", "FloatStorage")


def dumps(value: Any, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, protocol).dump(value)
    return stream.getvalue()


def tensor(key: str, count: int, shape: Any, strides: Any, offset: Any = 0, storage: _Named = FLOAT) -> _Call:
    reference = _Storage(("storage", storage, key, "cpu", count, None))
    return _Call(REBUILD, (reference, offset, shape, strides, False, collections.OrderedDict()))


def legacy_file(
    state: Any,
    storages: dict[str, np.ndarray],
    *,
    magic: int = MAGIC,
    version: int = 1001,
    little: bool = True,
) -> bytes:
    head = dumps(magic) + dumps(version) + dumps({"protocol_version": 1001, "little_endian": little})
    body = dumps(state) + dumps(sorted(storages))
    return (
        head
        + body
        + b"".join(struct.pack("<q", storages[key].size) + storages[key].tobytes() for key in sorted(storages))
    )


NUMBERS = np.arange(6, dtype="<f4")
PLAIN = {"a": tensor("7", 6, (2, 3), (3, 1))}


def refused(content: bytes, received: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        parse_state_dict(content, "some.pth")
    assert received in caught.value.message
    assert "some.pth" in caught.value.message
    assert caught.value.advice


def test_reads_shapes_strides_offsets_and_types(tmp_path: Path) -> None:
    state = collections.OrderedDict(
        turned=tensor("7", 6, (3, 2), (1, 3)),
        part=tensor("7", 6, (2,), (1,), offset=4),
        scalar=tensor("8", 1, (), (), storage=_Named("torch", "LongStorage")),
        empty=tensor("9", 0, (0, 3), (3, 1), storage=_Named("torch", "HalfStorage")),
    )
    state._metadata = collections.OrderedDict(x={"version": 1})  # type: ignore[attr-defined]
    storages = {"7": NUMBERS, "8": np.array([41], "<i8"), "9": np.zeros(0, "<f2")}
    path = tmp_path / "w.pth"
    path.write_bytes(legacy_file(state, storages))
    read = read_state_dict(path)
    assert list(read) == ["turned", "part", "scalar", "empty"]
    np.testing.assert_array_equal(read["turned"], NUMBERS.reshape(2, 3).T)
    np.testing.assert_array_equal(read["part"], [4, 5])
    assert read["scalar"].shape == () and read["scalar"] == 41 and read["scalar"].dtype == np.int64
    assert read["empty"].shape == (0, 3) and read["empty"].dtype == np.float16
    assert read["turned"].flags.c_contiguous and read["turned"].flags.owndata


def test_every_truncation_is_an_error() -> None:
    content = legacy_file(PLAIN, {"7": NUMBERS})
    assert parse_state_dict(content, "x")["a"].shape == (2, 3)
    for length in range(len(content)):
        with pytest.raises(ArtifactError):
            parse_state_dict(content[:length], "x")


def test_flipped_bytes_never_end_in_another_error() -> None:
    content = legacy_file(PLAIN, {"7": NUMBERS})
    generator = np.random.default_rng(0)
    for _ in range(3000):
        damaged = bytearray(content)
        for position in generator.integers(0, len(content), 2):
            damaged[position] = generator.integers(0, 256)
        try:
            parse_state_dict(bytes(damaged), "x")
        except ArtifactError:
            continue


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (_Named("os", "system"), ("touch {}",)),
        (_Named("posix", "system"), ("touch {}",)),
        (_Named("builtins", "eval"), ("__import__('os').system('touch {}')",)),
        (_Named("torch._utils", "_rebuild_parameter"), ()),
        (_Named("torch", "load"), ("{}",)),
        (_Named("torch.FloatStorage", "x.__class__"), ()),
        (_Named("collections", "OrderedDict.__init__"), ()),
    ],
)
def test_any_other_name_is_refused_by_its_name(tmp_path: Path, function: _Named, arguments: tuple[str, ...]) -> None:
    proof = tmp_path / "ran"
    call = _Call(function, tuple(argument.format(proof) for argument in arguments))
    refused(legacy_file({"a": call}, {}), f"{function.module}.{function.name}")
    refused(dumps(call) + legacy_file(PLAIN, {"7": NUMBERS}), f"{function.module}.{function.name}")
    assert not proof.exists()


def test_pickles_own_reduce_is_refused(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    for protocol in range(6):
        with pytest.raises(ArtifactError):
            parse_state_dict(pickle.dumps(Malicious(), protocol), "x")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("program", "received"),
    [
        (b"\x80\x02(i" + b"os\nsystem\n.", "INST"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "protocol 4"),
        (b"\x8c\x02os\x8c\x06system\x93.", "SHORT_BINUNICODE"),
        (b"\x80\x02}r\xff\xff\xff\xff.", "magic"),  # a memo index of 4 billion costs nothing
        (b"\x80\x02.", "one object"),
        (b"\x80\x02(.", "one object"),
        (b"\x80\x02h\x05.", "damaged or truncated"),
        (b"\x80\x02)R.", "takes more"),
        (b"\x80\x02}}R.", "calls something other"),
        (b"\x80\x02K\x01t.", "marks do not pair"),
        (b"\x80\x02]K\x01u.", "marks do not pair"),
        (b"\x80\x02})K\x01s.", "keys are not text"),
        (b"\x80\x02}X\x01\x00\x00\x00aK\x01sX\x01\x00\x00\x00aK\x01s.", "twice"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "damaged or truncated"),
        (b"", "damaged or truncated"),
        (b"PK\x03\x04", "zip file"),
        (b"\x93NUMPY", "damaged or truncated"),
    ],
)
def test_instructions_that_a_state_dict_does_not_need(program: bytes, received: str) -> None:
    if program[:3] == b"\x93NU":
        received = "STACK_GLOBAL"
    refused(program, received)


@pytest.mark.parametrize(
    ("bad", "received"),
    [
        (tensor("7", 6, (2, 3), (3, 2)), "past the end"),
        (tensor("7", 6, (2, 3), (3, 1), offset=1), "past the end"),
        (tensor("7", 6, (6,), (1,), offset=2**40), "past the end"),
        (tensor("7", 6, (2, 3), (3, -1)), "negative"),
        (tensor("7", 6, (2, 3), (3, 1), offset=-1), "negative"),
        (tensor("7", 6, (-2, 3), (3, 1)), "negative"),
        (tensor("7", 6, (2, 3), (3,)), "another form"),
        (tensor("7", 6, [2, 3], (3, 1)), "another form"),
        (tensor("7", 6, (1,) * 33, (1,) * 33), "another form"),
        (tensor("7", 6, (2**47,), (0,)), "elements in a storage of 6"),
        (tensor("7", 6, (0, 2**30, 2**30), (0, 0, 0)), "impossible size"),
        (tensor("7", 6, (True, 6), (6, 1)), "negative or impossible"),
        (tensor("7", 7, (6,), (1,)), "declared"),
        (tensor("7", 2**60, (6,), (1,)), "another form"),
        (tensor("8", 6, (6,), (1,)), "does not match"),
        (tensor("7", 6, (6,), (1,), storage=_Named("torch", "BFloat16Storage")), "BFloat16Storage"),
        (tensor("7", 6, (3,), (1,), storage=_Named("torch", "DoubleStorage")), "ends within its storages"),
        ({"nested": tensor("7", 6, (6,), (1,))}, "not a named tensor"),
        (5, "not a named tensor"),
    ],
)
def test_tensors_that_do_not_fit_their_storage(bad: Any, received: str) -> None:
    refused(legacy_file({"a": bad}, {"7": NUMBERS}), received)


def test_the_files_own_claims_are_checked() -> None:
    refused(legacy_file(PLAIN, {"7": NUMBERS}, magic=5), "magic")
    refused(legacy_file(PLAIN, {"7": NUMBERS}, version=1000), "protocol")
    refused(legacy_file(PLAIN, {"7": NUMBERS}, little=False), "little-endian")
    refused(legacy_file([], {}), "something other")
    refused(legacy_file(PLAIN, {"7": NUMBERS}) + b"x", "1 bytes after")
    refused(legacy_file(PLAIN, {"7": NUMBERS, "8": NUMBERS}), "does not match")
    refused(legacy_file(PLAIN, {"7": NUMBERS[:5]}), "declared")
    two = {"a": PLAIN["a"], "b": tensor("7", 6, (6,), (1,), storage=_Named("torch", "IntStorage"))}
    refused(legacy_file(two, {"7": NUMBERS}), "two ways")
    many = {str(i): tensor("7", 600, (600,), (1,)) for i in range(100)}
    refused(legacy_file(many, {"7": np.zeros(600, "<f4")}), "far more bytes")


def test_a_key_nested_in_itself_does_not_hang() -> None:
    # ((((),()),((),())),...): forty levels, whose hash would take 2**40 steps.
    program = b"\x80\x02})" + b"q\x00h\x00\x86" * 40 + b"K\x01s."
    refused(program, "keys are not text")
