"""split.json: every example's id, content hash and split, one example a line so that two of them can be
compared.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as text
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.split_hashes import RowsHash, split_hashes
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


def write_split(
    path: str | Path, examples: Examples, splits: np.ndarray, facts: Mapping[str, Any] | None = None
) -> None:
    """Write split.json, to a temporary name first.

    Its first line holds counts, the hashes of `ftsuite.data.split_hashes`, and what is known of how it was made.

    Args:
        path: the file.
        examples: what was split.
        splits: ``(n,)`` as `ftsuite.data.splits.split_examples` gives them.
        facts: how the split was made: the cuts of one by time, the fold of a cross-validation.
    """
    target = Path(path)
    values, counts = np.unique(splits, return_counts=True)
    head = {
        "format": FORMAT,
        "counts": dict(zip(values.tolist(), counts.tolist(), strict=True)),
        **split_hashes(examples, splits),
        **(facts or {}),
    }
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
    digest = RowsHash()
    rows = zip(_recorded_rows(Path(path)), examples.ids, examples.content_hashes, strict=False)
    for (identifier, content, split), own_id, own_content in rows:
        if identifier != own_id or content != own_content:
            break
        splits[count] = split
        digest.add(content, split)
        count += 1
    head = split_facts(path)
    recorded = sum(head["counts"].values())
    if count < len(examples) or recorded != len(examples):
        raise ArtifactError(
            f"The data has changed since this run began: {path} lists {recorded:,} examples, and the source "
            f"now gives {len(examples):,}, or others.",
            "Bring the data back to what it was, or start a new run.",
        )
    _require_hash(path, head, digest)
    return splits


def split_counts(path: str | Path) -> dict[str, int]:
    """How many examples each split of split.json has, by its own count at its beginning.

    Raises:
        ArtifactError: missing, torn, or written in another format.
    """
    counts: dict[str, int] = split_facts(path)["counts"]
    return counts


def split_facts(path: str | Path) -> dict[str, Any]:
    """What split.json says of itself, without its rows.

    Returns:
        ``counts`` by split; ``data_sha256`` and ``split_sha256``, which are equal for the same data and the same split
        of it; and how it was made: ``grouped``, ``time`` or ``folds``, where any of them was.

    Raises:
        ArtifactError: missing, torn, or written in another format.
    """
    try:
        with Path(path).open("rb") as file:
            head = json.loads(file.readline().rstrip(b"\n") + b"]}")
            file.seek(max(file.seek(0, os.SEEK_END) - len(_END), 0))
            if file.read().decode("ascii", "replace") != _END:
                raise ValueError("its end is missing")
        head["counts"] = {str(split): int(count) for split, count in head["counts"].items()}
        written = head["format"]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _torn(path, error) from error
    if written != FORMAT:
        raise ArtifactError(f"Expected a split.json of format {FORMAT}. Received: {path}, format {written!r}.")
    return {name: value for name, value in head.items() if name not in ("format", "columns", "examples")}


def _require_hash(path: str | Path, head: Mapping[str, Any], digest: RowsHash) -> None:
    """Refuse rows that are not those which were written; files of older versions have no hash."""
    if head.get("split_sha256", digest.hexdigest()) != digest.hexdigest():
        raise ArtifactError(
            f"Expected a split.json whose rows fit its split_sha256. Received: {path}, which was edited.",
            "Take the run folder from its backup, or start a new run.",
        )


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
    digest = RowsHash()
    for _, content_hash, split in rows:
        digest.add(content_hash, split)
    _require_hash(path, content, digest)
    return RecordedSplit(
        ids=tuple(row[0] for row in rows),
        content_hashes=tuple(row[1] for row in rows),
        splits=np.asarray([row[2] for row in rows], dtype="<U10"),
    )
