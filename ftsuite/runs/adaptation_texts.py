"""Which texts an encoder is adapted to, and which are kept out to measure what that changed.

Everything is decided by content and seed: equal texts are never on both sides, wherever they stand and however often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ftsuite import assets
from ftsuite.api import Progress
from ftsuite.config import DataConfig
from ftsuite.data.masking import Masking
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.table import require_file
from ftsuite.data.sources.unlabelled import read_texts
from ftsuite.errors import DataError
from ftsuite.models.text_backbones import LoadedTextBackbone

if TYPE_CHECKING:
    from ftsuite.data.text_options import Adaptation
    from ftsuite.runs.prepare import Prepared

# Of a source with few texts no more than this share is kept out.
_MOST_HELD_OUT_SHARE = 0.2

IntArray = np.ndarray[Any, np.dtype[Any]]


class Selection(NamedTuple):
    """Some of many texts.

    Attributes:
        texts: all of them; they may lie on the disk.
        positions: ``(n,)`` int64, those that are meant, in the order in which they are read.
    """

    texts: Sequence[str]
    positions: IntArray


class AdaptationTexts(NamedTuple):
    """The four sets of texts of an adaptation.

    Attributes:
        domain: to adapt the encoder to.
        held_out_domain: of the same kind, to measure on; none of the test split.
        general: to train the masked-language head on.
        held_out_general: of the same kind, to measure on.
        notes: what was left out and why, a sentence each.
        digest: sha256 (hexadecimal) of which texts are in which set, in their order.
    """

    domain: Selection
    held_out_domain: Selection
    general: Selection
    held_out_general: Selection
    notes: tuple[str, ...]
    digest: str


def require_adaptable(prepared: Prepared) -> None:
    """Refuse, before a run begins, what adapting could only find out after it: no mask token, or no such source.

    Raises:
        ConfigError: for a backbone without a mask token, or an unknown asset.
        DataError: for a file that does not exist.
    """
    wanted = prepared.task.adaptation()
    if wanted is None:
        return
    Masking.of(text_backbone_of(prepared).tokenizer, wanted.mask_share)
    for source in filter(None, (wanted.source, wanted.general)):
        kind, _, place = source.partition(":")
        if kind == "asset":
            assets.asset(place)
        else:
            require_file(Path(place).expanduser(), kind)


def text_backbone_of(prepared: Prepared) -> LoadedTextBackbone:
    """The encoder of a job that adapts."""
    assert isinstance(prepared.backbone, LoadedTextBackbone), "only tasks of the modality text adapt"
    return prepared.backbone


def adaptation_texts(prepared: Prepared, wanted: Adaptation, progress: Progress | None) -> AdaptationTexts:
    """Choose the texts of a job's adaptation.

    Raises:
        DataError: if too few texts are left.
        ConfigError: for a source that does not exist.
    """
    seed = prepared.config.seed
    notes: tuple[str, ...] = ()
    own = {name: fingerprints(part.inputs, seed) for name, part in prepared.parts.items()}
    if wanted.source is None:
        training, validation = prepared.parts["train"], prepared.parts["validation"]
        marks = own["train"]
        domain = Selection(training.inputs, np.flatnonzero(~np.isin(marks, own["test"])))
        # Official splits may share texts; ours never do.
        fresh = np.flatnonzero(~np.isin(own["validation"], np.concatenate([own["train"], own["test"]])))
        held_out = Selection(validation.inputs, fresh[_first(own["validation"][fresh], wanted.held_out)])
        domain_marks = marks[domain.positions], own["validation"][held_out.positions]
        known = np.concatenate(list(own.values()))
    else:
        texts = _read(wanted.source, wanted.text_column, seed, progress)
        marks = fingerprints(texts, seed)
        kept, held_out_positions = _parted(marks, own["test"], wanted.held_out)
        domain, held_out = Selection(texts, kept), Selection(texts, held_out_positions)
        domain_marks = marks[kept], marks[held_out_positions]
        known = np.concatenate([*own.values(), marks])
        notes = _left_out(wanted.source, int(np.isin(marks, own["test"]).sum()), "test texts of this job")
    general_texts = _read(wanted.general, None, seed, progress)
    marks = fingerprints(general_texts, seed)
    general, held_out_general = (Selection(general_texts, some) for some in _parted(marks, known, wanted.held_out))
    notes += _left_out(wanted.general, int(np.isin(marks, known).sum()), "texts of this job")
    digest = _digest(*domain_marks, marks[general.positions], marks[held_out_general.positions])
    chosen = AdaptationTexts(domain, held_out, general, held_out_general, notes, digest)
    _refuse_few(chosen, wanted)
    return chosen


def fingerprints(texts: Sequence[str], seed: int) -> IntArray:
    """A number ``(n,)`` uint64 for each text, equal for equal texts, and in random order under the seed."""
    start = hashlib.sha256(f"{seed}|adapt|".encode())

    def mark(text: str) -> int:
        digest = start.copy()
        digest.update(text.strip().encode("utf-8", "surrogatepass"))
        return int.from_bytes(digest.digest()[:8], "big")

    return np.fromiter((mark(text) for text in texts), dtype=np.uint64, count=len(texts))


def _digest(*marks: IntArray) -> str:
    whole = hashlib.sha256()
    for some in marks:
        whole.update(f"{len(some)}|".encode() + np.ascontiguousarray(some, dtype="<u8").tobytes())
    return whole.hexdigest()


def _first(marks: IntArray, count: int) -> IntArray:
    """Positions of the texts with the smallest marks, one of each."""
    _, positions = np.unique(marks, return_index=True)
    return positions[:count].astype(np.int64)


def _parted(marks: IntArray, forbidden: IntArray, held_out: int) -> tuple[IntArray, IntArray]:
    """Positions to learn from, in random order, and positions to hold out; no text is in both, or forbidden."""
    allowed = np.flatnonzero(~np.isin(marks, forbidden))
    chosen = allowed[_first(marks[allowed], min(held_out, int(_MOST_HELD_OUT_SHARE * len(allowed))))]
    rest = allowed[~np.isin(marks[allowed], marks[chosen])]
    return rest[np.argsort(marks[rest], kind="stable")], chosen


def _read(source: str, text_column: str | None, seed: int, progress: Progress | None) -> Sequence[str]:
    kind, _, place = source.partition(":")
    if kind == "asset":
        return load_examples(DataConfig(source=source), seed, progress).inputs
    return read_texts(Path(place).expanduser(), kind, text_column)


def _left_out(source: str, count: int, why: str) -> tuple[str, ...]:
    return (f"Left out {count:,} texts of {source} that are also {why}.",) if count else ()


def _refuse_few(chosen: AdaptationTexts, wanted: Adaptation) -> None:
    for name, selection in zip(AdaptationTexts._fields[:4], chosen[:4], strict=True):
        if len(selection.positions) == 0:
            raise too_few(name, wanted)


def too_few(name: str, wanted: Adaptation) -> DataError:
    """The error of a set of texts, a field of `AdaptationTexts`, with nothing in it."""
    general = "general" in name
    source = wanted.general if general else wanted.source or "the job's own splits"
    return DataError(
        f"Adapting needs texts to learn from and others to measure on. Received: none left of {source} for "
        f"{name.replace('_', ' ')}, once empty texts and those of the job's other splits are left out.",
        f"Name a source with more texts as options.adapt.{'general' if general else 'source'}.",
    )
