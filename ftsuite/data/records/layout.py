"""What lies in a folder of records, and records.json, which is written last and says that the folder is whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ftsuite.errors import ArtifactError, DataError

FORMAT = 1
HEAD = "records.json"
INDEX = "index.parquet"
# Every shard that is read from stays open, and systems let a process open 1,024 files.
MOST_SHARDS = 512
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the folder: its name, and what it must hold.

    Attributes:
        name: in the folder.
        size_bytes: of it.
        sha256: of it, hexadecimal.
        examples: how many records it holds.
    """

    name: str
    size_bytes: int
    sha256: str
    examples: int


@dataclass(frozen=True, slots=True)
class RecordsHead:
    """What records.json says.

    Attributes:
        kind: as `ftsuite.api.Examples.kind`.
        class_names: in the order of the labels.
        notes: of the source.
        source: the ``data.source`` that was prepared.
        pictures: what was done to pictures, a sentence; empty for texts.
        has_splits: whether the index gives official splits.
        has_groups: whether it gives groups.
        has_decoders: whether it says which decoder a picture needs.
        index: the index.
        shards: in the order of their numbers.
    """

    kind: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    pictures: str
    has_splits: bool
    has_groups: bool
    has_decoders: bool
    index: KeptFile
    shards: tuple[KeptFile, ...] = field(default=())

    @property
    def examples(self) -> int:
        """How many records there are."""
        return self.index.examples

    @property
    def size_bytes(self) -> int:
        """What shards and index take on the disk."""
        return self.index.size_bytes + sum(shard.size_bytes for shard in self.shards)


def shard_name(number: int, count: int) -> str:
    """The name of a shard, counted from 0."""
    return f"records-{number:05d}-of-{count:05d}.tfrecord"


def is_records_folder(path: Path) -> bool:
    """Whether a folder holds records rather than pictures."""
    return (path / HEAD).is_file() and (path / INDEX).is_file()


def head_text(head: RecordsHead) -> str:
    """The content of records.json."""
    return json.dumps({"format": FORMAT, "examples": head.examples, **asdict(head)}, indent=1, ensure_ascii=False)


def read_head(folder: Path) -> RecordsHead:
    """Read records.json.

    Raises:
        DataError: no such folder, or no records in it.
        ArtifactError: torn, or written in another format.
    """
    path = folder / HEAD
    if not path.is_file():
        what = "holds no records.json" if folder.is_dir() else "is a file" if folder.exists() else "does not exist"
        raise DataError(
            f"Expected a folder of records. Received: {str(folder)!r}, which {what}.",
            "Write one with `ftsuite data prepare CONFIG --out FOLDER`, or name the source as what it is.",
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ArtifactError(f"Expected records of format {FORMAT}. Received: {path}, format {told['format']!r}.")
        return _head_of(told)
    except OSError as error:
        raise ArtifactError(f"Expected records that can be read. Received: {path} ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"Expected a whole records.json. Received: {path}, which is torn or not one ({type(error).__name__}).",
            "Prepare the data again into another folder.",
        ) from error


def _head_of(told: dict[str, Any]) -> RecordsHead:
    return RecordsHead(
        kind=str(told["kind"]),
        class_names=tuple(map(str, told["class_names"])),
        notes=tuple(map(str, told["notes"])),
        source=str(told["source"]),
        pictures=str(told["pictures"]),
        has_splits=bool(told["has_splits"]),
        has_groups=bool(told["has_groups"]),
        has_decoders=bool(told["has_decoders"]),
        index=KeptFile(**told["index"]),
        shards=tuple(KeptFile(**shard) for shard in told["shards"]),
    )


def kept_file(path: Path, examples: int) -> KeptFile:
    """What a file that was written holds."""
    return KeptFile(path.name, path.stat().st_size, file_sha256(path), examples)


def file_sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
