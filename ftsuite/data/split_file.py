"""split.json: every example's id, content hash and split, one example a line so that two of them can be
compared.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as text
from pathlib import Path

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.text_stream import StreamColumn, disk_array
from ftsuite.errors import ArtifactError

FORMAT = 1
_COLUMNS = ',"columns":["id","content_hash","split"],"examples":[\n'
_END = "\n]}\n"
_WRITTEN_TOGETHER = 4096


@dataclass(frozen=True, slots=True)
class RecordedSplit:
    """What a split.json holds; parallel columns of length n.

    Attributes:
        ids: of the examples.
        content_hashes: sha256 hexadecimal.
        splits: ``(n,)`` of ``train``, ``validation`` and ``test``.
    """

    ids: tuple[str, ...]
    content_hashes: tuple[str, ...]
    splits: np.ndarray


def write_split(path: str | Path, examples: Examples, splits: np.ndarray) -> None:
    """Write split.json, to a temporary name first.

    Args:
        path: the file.
        examples: what was split.
        splits: ``(n,)`` as `ftsuite.data.splits.split_examples` gives them.
    """
    target = Path(path)
    values, counts = np.unique(splits, return_counts=True)
    head = {"format": FORMAT, "counts": dict(zip(values.tolist(), counts.tolist(), strict=True))}
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(head, separators=(",", ":"))[:-1] + _COLUMNS)
            between = ""
            for start in range(0, len(examples), _WRITTEN_TOGETHER):
                block = slice(start, start + _WRITTEN_TOGETHER)
                rows = zip(examples.ids[block], examples.content_hashes[block], splits[block].tolist(), strict=True)
                file.write(between + ",\n".join(f"[{text(a)},{text(b)},{text(c)}]" for a, b, c in rows))
                between = ",\n"
            file.write(_END)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def matching_splits(path: str | Path, examples: Examples) -> np.ndarray:
    """The splits of split.json, where it lists exactly these examples; both are read a row at a time.

    Args:
        path: a file that `write_split` wrote.
        examples: all of them, in memory or on the disk.

    Returns:
        ``(n,)`` str of ``train``, ``validation`` and ``test``.

    Raises:
        ArtifactError: missing, torn, of another format, or of other examples.
    """
    on_disk = isinstance(examples.content_hashes, StreamColumn)
    splits = disk_array(len(examples), "<U10") if on_disk else np.empty(len(examples), "<U10")
    count = 0
    rows = zip(_recorded_rows(Path(path)), examples.ids, examples.content_hashes, strict=False)
    for (identifier, content, split), own_id, own_content in rows:
        if identifier != own_id or content != own_content:
            break
        splits[count] = split
        count += 1
    recorded = sum(split_counts(path).values())
    if count < len(examples) or recorded != len(examples):
        raise ArtifactError(
            f"The data has changed since this run began: {path} lists {recorded:,} examples, and the source "
            f"now gives {len(examples):,}, or others.",
            "Bring the data back to what it was, or start a new run.",
        )
    return splits


def split_counts(path: str | Path) -> dict[str, int]:
    """How many examples each split of split.json has, by its own count at its beginning.

    Raises:
        ArtifactError: missing, torn, or written in another format.
    """
    try:
        with Path(path).open("rb") as file:
            head = json.loads(file.readline().rstrip(b"\n") + b"]}")
            file.seek(max(file.seek(0, os.SEEK_END) - len(_END), 0))
            if file.read().decode("ascii", "replace") != _END:
                raise ValueError("its end is missing")
        counts = {str(split): int(count) for split, count in head["counts"].items()}
        written = head["format"]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _torn(path, error) from error
    if written != FORMAT:
        raise ArtifactError(f"Expected a split.json of format {FORMAT}. Received: {path}, format {written!r}.")
    return counts


def _recorded_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            file.readline()
            for line in file:
                if line == _END.lstrip("\n"):
                    return
                identifier, content, split = json.loads(line.rstrip(",\n"))
                yield str(identifier), str(content), str(split)
        raise ValueError("its end is missing")
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, TypeError) as error:
        raise _torn(path, error) from error


def _unreadable(path: str | Path, error: OSError) -> ArtifactError:
    return ArtifactError(f"Expected a split.json that can be read. Received: {path} ({error.strerror}).")


def _torn(path: str | Path, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"Expected a whole split.json. Received: {path}, which is torn or not one ({type(error).__name__}).",
        "Take the run folder from its backup; the split cannot be told from what is left.",
    )


def read_split(path: str | Path) -> RecordedSplit:
    """Read split.json back.

    Raises:
        ArtifactError: missing, torn, or written in another format.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        written = content["format"]
        rows = [(str(row[0]), str(row[1]), str(row[2])) for row in content["examples"]]
        counts = Counter(row[2] for row in rows)
        whole = counts == Counter(content["counts"])
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise _torn(path, error) from error
    if written != FORMAT or not whole:
        raise ArtifactError(
            f"Expected a split.json of format {FORMAT} whose counts fit its rows. "
            f"Received: {path}, format {written!r}, {len(rows)} rows, counts {content['counts']!r}."
        )
    return RecordedSplit(
        ids=tuple(row[0] for row in rows),
        content_hashes=tuple(row[1] for row in rows),
        splits=np.asarray([row[2] for row in rows], dtype="<U10"),
    )
