"""The forms of ``data.source``: which kind of data it names and which keys belong to which kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ftsuite.config.words import nearest, shorten
from ftsuite.errors import ConfigError

SourceKind = Literal[
    "folder", "archive", "csv", "jsonl", "parquet", "huggingface", "records", "tfds", "asset", "field-guide", "path"
]

_PREFIXES: Mapping[str, SourceKind] = {
    "folder": "folder",
    "archive": "archive",
    "csv": "csv",
    "jsonl": "jsonl",
    "parquet": "parquet",
    "records": "records",
    "huggingface": "huggingface",
    "tfds": "tfds",
    "asset": "asset",
}
_TABLES = frozenset[SourceKind]({"csv", "jsonl", "parquet", "huggingface", "path", "asset"})

_LOCAL = frozenset[SourceKind]({"folder", "archive", "csv", "jsonl", "parquet", "huggingface", "records", "path"})

# Keys of `data` that mean something for some kinds of sources only.
KEYS_OF_KINDS: Mapping[str, frozenset[SourceKind]] = {
    "examples_per_class": frozenset({"field-guide"}),
    "data_dir": frozenset({"tfds"}),
    "manual_dir": frozenset({"tfds"}),
    "image_column": _TABLES,
    "text_column": _TABLES,
    "label_column": _TABLES,
    "group_column": _TABLES,
    "time_column": _TABLES - {"asset", "huggingface"},
}


@dataclass(frozen=True, slots=True)
class SourceReference:
    """What a ``data.source`` names.

    Attributes:
        kind: one of the prefixes, ``field-guide``, or ``path`` for a bare path.
        value: what stands behind the prefix; the path itself for ``path``; empty for ``field-guide``.
    """

    kind: SourceKind
    value: str

    @property
    def is_local(self) -> bool:
        """Whether `value` is a path on this machine."""
        return self.kind in _LOCAL or (self.kind == "tfds" and is_tfds_folder(self.value))

    def __str__(self) -> str:
        if self.kind == "field-guide":
            return "field-guide"
        return self.value if self.kind == "path" else f"{self.kind}:{self.value}"


def is_tfds_folder(value: str) -> bool:
    """Whether what stands behind ``tfds:`` is the path of a prepared folder, and no name: paths begin as paths do."""
    return value.lstrip().startswith(("/", "./", "../", "~")) or value.strip() in (".", "..")


def parse_source(text: str) -> SourceReference:
    """Read a ``data.source``. Whether the data exists is not looked at.

    Raises:
        ConfigError: no such kind of source, or nothing behind the prefix.
    """
    if text.strip() == "field-guide":
        return SourceReference("field-guide", "")
    prefix, colon, value = text.strip().partition(":")
    # One letter before the colon is a drive of Windows, not a kind of source.
    if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]+", prefix):
        kind = _PREFIXES.get(prefix)
        if kind is None:
            raise ConfigError(_expected(text), _meant(prefix))
        if not value.strip():
            raise ConfigError(_expected(text), f"Write a {'name' if kind in ('tfds', 'asset') else 'path'} behind it.")
        return SourceReference(kind, value.strip())
    if not text.strip():
        raise ConfigError(_expected(text), "Write what to train on, for instance `folder:photos`.")
    return SourceReference("path", text.strip())


def _expected(text: str) -> str:
    prefixes = ", ".join(f"`{prefix}:`" for prefix in _PREFIXES)
    return f"A source begins with {prefixes}, or is `field-guide` or a path. Received: {shorten(text)}"


def _meant(prefix: str) -> str:
    near = nearest(prefix, _PREFIXES)
    hint = f"Did you mean `{near}:`? " if near else ""
    return f"{hint}A path that holds a colon is written with its kind, as in `folder:./a:b`."
