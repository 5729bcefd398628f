"""Features of examples, kept on the disk by content: an audit of nearly the same data computes nearly nothing."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.assets import home
from ftsuite.errors import ResourceError
from ftsuite.runs.memory import available_memory_bytes
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.keys import activation_key
from ftsuite.training.activations.layouts import RowLayout, row_bytes
from ftsuite.training.activations.store import Activations, ActivationWriter, memory_writer

# Examples of one part: what a stopped audit loses at most.
PART_EXAMPLES = 2048
_GATHERED_ROWS = 1024
_CONTENT_BYTES = 32
# Of the memory that is free; a larger array lies in a file of its own.
_MEMORY_SHARE = 0.3

# Gives the batches of some of the examples in any order: positions ``(b,)`` and features ``(b, d)`` float32.
Compute = Callable[[np.ndarray], Any]


class KeptFeatures:
    """Features of examples by their content, in parts that are filled one after the other.

    A part holds the examples that were missing when it was written. Whatever data set asks, with the same backbone and
    preprocessing, finds those that any of them computed; equal contents are computed once.

    Args:
        folder: of kept activations; None to keep nothing.
        identity: of all that features depend on besides the content, as JSON can hold it.
        width: d.
        tell: told in a sentence why nothing could be kept.
        part_examples: of one part at most.
    """

    def __init__(
        self,
        folder: ActivationFolder | None,
        identity: Mapping[str, Any],
        width: int,
        *,
        tell: Callable[[str], None],
        part_examples: int = PART_EXAMPLES,
    ) -> None:
        self._folder, self._identity, self._tell = folder, dict(identity), tell
        self._layouts = (RowLayout("content", "uint8", (_CONTENT_BYTES,)), RowLayout("features", "float32", (width,)))
        self._width, self._part_examples = width, part_examples

    def of(self, examples: Examples, compute: Compute, on_done: Callable[[int, int], None]) -> np.ndarray:
        """Features ``(n, d)`` float32, those that are kept and those that are computed now.

        Args:
            examples: n of them.
            compute: gives the features of some positions ``(k,)``, in batches and in any order.
            on_done: told how many of the different contents are there, and of how many.
        """
        contents = _contents(examples)
        first: dict[bytes, int] = {}
        same = np.fromiter((first.setdefault(content, at) for at, content in enumerate(contents)), np.int64)
        found = _empty(len(contents), self._width)
        missing = dict(first)
        number = 0
        on_done(0, len(first))
        while missing:
            wanted = np.fromiter(missing.values(), np.int64)[: self._part_examples]
            done = len(first) - len(missing)

            def write(writer: ActivationWriter, wanted: np.ndarray = wanted, done: int = done) -> np.ndarray:
                return self._write(writer, wanted, contents, compute, lambda more: on_done(done + more, len(first)))

            with self._part(number, len(wanted), write) as part:
                _take(part, missing, found)
            number += 1
            on_done(len(first) - len(missing), len(first))
        for start in range(0, len(same), _GATHERED_ROWS):
            rows = np.arange(start, min(start + _GATHERED_ROWS, len(same)))
            copies = rows[same[rows] != rows]
            found[copies] = found[same[copies]]
        return found

    def _part(
        self, number: int, count: int, write: Callable[[ActivationWriter], np.ndarray]
    ) -> AbstractContextManager[Activations]:
        if self._folder is not None:
            key = activation_key({**self._identity, "part": number})
            try:
                return self._folder.open_or_write(key, self._layouts, count * row_bytes(self._layouts), write)
            except ResourceError as error:
                self._folder = None
                self._tell(f"Features are not kept for the next audit. {error.message}")
        with memory_writer(self._layouts) as writer:
            return writer.finish(write(writer))

    def _write(
        self,
        writer: ActivationWriter,
        wanted: np.ndarray,
        contents: list[bytes],
        compute: Compute,
        on_rows: Callable[[int], None],
    ) -> np.ndarray:
        done = 0
        for positions, features in compute(wanted):
            digests = np.frombuffer(b"".join(contents[at] for at in positions), np.uint8)
            writer.append({"content": digests.reshape(len(positions), _CONTENT_BYTES), "features": features})
            done += len(positions)
            on_rows(done)
        return np.arange(done)


def _take(part: Activations, missing: dict[bytes, int], found: np.ndarray) -> None:
    """Copy what is wanted of a part, and strike it off what is missing."""
    for start in range(0, part.count, _GATHERED_ROWS):
        rows = part.gather(np.arange(start, min(start + _GATHERED_ROWS, part.count)))
        for content, features in zip(rows["content"], rows["features"], strict=True):
            at = missing.pop(content.tobytes(), None)
            if at is not None:
                found[at] = features


def _contents(examples: Examples) -> list[bytes]:
    """What each example's features are kept by: its content, and what decodes it."""
    decoders = examples.decoders if examples.decoders is not None else np.zeros(len(examples), np.uint8)
    return [
        hashlib.sha256(f"{decoder}|{content}".encode()).digest()
        for decoder, content in zip(decoders, examples.content_hashes, strict=True)
    ]


def _empty(count: int, width: int) -> np.ndarray:
    if count * width * 4 <= _MEMORY_SHARE * available_memory_bytes():
        return np.empty((count, width), dtype=np.float32)
    folder = Path(home())
    folder.mkdir(parents=True, exist_ok=True)
    # Without a name, so that it is gone with the process that maps it.
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=(count, width))
