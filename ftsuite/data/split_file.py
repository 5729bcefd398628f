"""split.json: every example's id, content hash and split, one example a line so that two of them can be
compared.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftsuite.api import Examples
from ftsuite.errors import ArtifactError

FORMAT = 1


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
    names = splits.tolist()
    rows = [
        json.dumps([identifier, content, split], ensure_ascii=True, separators=(",", ":"))
        for identifier, content, split in zip(examples.ids, examples.content_hashes, names, strict=True)
    ]
    head = json.dumps({"format": FORMAT, "counts": dict(sorted(Counter(names).items()))}, separators=(",", ":"))
    body = head[:-1] + ',"columns":["id","content_hash","split"],"examples":[\n' + ",\n".join(rows) + "\n]}\n"
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(body, encoding="utf-8")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


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
        raise ArtifactError(f"Expected a split.json that can be read. Received: {path} ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ArtifactError(
            f"Expected a whole split.json. Received: {path}, which is torn or not one ({type(error).__name__}).",
            "Take the run folder from its backup; the split cannot be told from what is left.",
        ) from error
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
