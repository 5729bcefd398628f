"""One record as TensorFlow's own `tf.train.Example` writes it, with its content at the end, where it can be found.

Written by hand because the index must know at which byte of the record the content begins; see "Encoding" in the
documentation of Protocol Buffers, https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Mapping

_LENGTH_DELIMITED = 2
# Fields of tf.train.Feature.
_BYTES_LIST, _INT64_LIST = 1, 3


def example_bytes(facts: Mapping[str, str | int], name: str, content: bytes) -> bytes:
    """A serialized `tf.train.Example`; its last ``len(content)`` bytes are the content.

    Args:
        facts: short features: texts, and numbers of at least 0.
        name: of the feature that holds the content.
        content: of any length.
    """
    features = b"".join(_entry(key, _feature(value)) for key, value in facts.items())
    return _field(1, features + _entry(name, _field(_BYTES_LIST, _field(1, content))))


def _feature(value: str | int) -> bytes:
    if isinstance(value, int):
        return _field(_INT64_LIST, _field(1, _varint(value)))
    return _field(_BYTES_LIST, _field(1, value.encode("utf-8")))


def _entry(key: str, feature: bytes) -> bytes:
    return _field(1, _field(1, key.encode("utf-8")) + _field(2, feature))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
