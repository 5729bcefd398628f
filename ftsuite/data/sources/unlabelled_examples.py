"""Examples of a source without labels, for a job that only adapts an encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.sources.load import load_examples
from ftsuite.data.sources.parsing import resolve_source
from ftsuite.data.sources.unlabelled import read_texts
from ftsuite.data.text_stream import StreamHashes, StreamIds, StreamTexts

if TYPE_CHECKING:
    from ftsuite.api import Progress
    from ftsuite.config import DataConfig

# What all texts belong to, where nothing is told apart.
ONE_CLASS = "text"


def load_unlabelled(data: DataConfig, seed: int, progress: Progress | None = None) -> Examples:
    """All texts of ``data.source``, in one class whatever labels stand beside them.

    Args:
        data: the config's ``data`` section; of tables ``text_column`` counts.
        seed: the run's seed.
        progress: see `ftsuite.data.sources.load_examples`.

    Returns:
        Examples without official splits or groups; of large JSON lines the texts stay in the file.

    Raises:
        ConfigError: a source that cannot be understood, or a column that cannot be chosen.
        DataError: a file that is missing, malformed, or holds no text.
    """
    source = resolve_source(data.source) if isinstance(data.source, str) else None
    if source is None or source.kind not in ("csv", "jsonl", "parquet", "huggingface"):
        labelled = load_examples(data, seed, progress)
        return _examples(labelled.inputs, labelled.ids, labelled.content_hashes, labelled.kind)
    texts = read_texts(source.path, source.kind, data.text_column)
    if isinstance(texts, StreamTexts):
        return _examples(texts, StreamIds(texts.file), StreamHashes(texts.file), "text")
    # Equal texts are one text here: nothing but the text tells them apart.
    distinct = tuple(dict.fromkeys(texts))
    hashes = tuple(hashlib.sha256(text.encode("utf-8")).hexdigest() for text in distinct)
    return _examples(distinct, tuple(content[:16] for content in hashes), hashes, "text")


def _examples(inputs: Sequence[str], ids: Sequence[str], hashes: Sequence[str], kind: str) -> Examples:
    return Examples(ids, inputs, np.zeros(len(ids), np.int64), (ONE_CLASS,), hashes, kind)
